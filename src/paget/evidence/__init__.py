"""Published facts, each with its source: look-up, citation, pooling. Knows nothing of the model.

>>> from paget import evidence
>>> base = evidence.load()
>>> base.one("e2108", measure="hazard_ratio", subgroup=None).value
1.11
"""

from paget.evidence.added import using
from paget.evidence.cite import bibtex, reference
from paget.evidence.figures import forest
from paget.evidence.meta import Pooled, log_ratio, pool, pool_studies
from paget.evidence.models import Arm, Population, Result, Study
from paget.evidence.reading import read_file, studies_from, study_from
from paget.evidence.store import ANY, EvidenceBase, load
from paget.evidence.usage import Usage, Use
from paget.evidence.wording import describe

__all__ = [
    "ANY",
    "Arm",
    "EvidenceBase",
    "Pooled",
    "Population",
    "Result",
    "Study",
    "Usage",
    "Use",
    "bibtex",
    "describe",
    "forest",
    "load",
    "log_ratio",
    "pool",
    "pool_studies",
    "read_file",
    "reference",
    "studies_from",
    "study_from",
    "using",
]
