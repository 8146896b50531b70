"""The clinic's books on one patient, and the codes of response."""

from __future__ import annotations

import numpy as np

CLINIC = np.dtype(
    [
        ("visits", np.int64),
        ("next_visit", np.float64),
        ("baseline", np.float64, (2,)),  # target sums: [with the primary and regional nodes, distant only]
        ("nadir", np.float64, (2,)),
        ("sum", np.float64, (2,)),
        ("targets", np.int64, (2,)),
        ("non_targets", np.int64, (2,)),
        ("other_baseline", np.float64, (2,)),  # non-target sums
        ("other_nadir", np.float64, (2,)),
        ("other_sum", np.float64, (2,)),
        ("local_nadir", np.float64),  # primary, bed and regional nodes on their own
        ("local_sum", np.float64),
        ("response", np.int64),  # of the last assessment
        ("true_nadir", np.float64),  # cm3
        ("ecog", np.int64),
    ],
    align=True,
)

# responses, best first; codes are written to tables by name
NE, CR, PR, SD, NON_CR_NON_PD, PD, NOT_APPLICABLE = range(7)
RESPONSES = ("NE", "CR", "PR", "SD", "NON-CR/NON-PD", "PD", "NA")
