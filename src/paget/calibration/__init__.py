"""Is the model right where it was placed, and what does it say where it was not: `paget anchors`.

``anchors.yaml`` lists published figures, each with its role. Figures of role *anchor* may be used when values are placed;
those of role *prediction* never. Published values come from the evidence base by look-up.

>>> from paget.calibration import rows
>>> sorted({row.role for row in rows()})
['anchor', 'prediction']
"""

from paget.calibration.rows import Anchor, published, rows
from paget.calibration.run import Record, anchors
from paget.calibration.show import frame, render, tally

__all__ = ["Anchor", "Record", "anchors", "frame", "published", "render", "rows", "tally"]
