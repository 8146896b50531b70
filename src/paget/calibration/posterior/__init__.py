"""The shipped posteriors, and what reads and writes them (`paget.parameters.posterior`).

>>> from paget.calibration.posterior import load
>>> load("prior").fitted
False
"""

from paget.parameters.posterior import Posterior, load, save, shipped

__all__ = ["Posterior", "load", "save", "shipped"]
