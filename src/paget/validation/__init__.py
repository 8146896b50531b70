"""How well the model predicts what it was not fitted to: `paget validate`.

What is held out is declared in one file before any fit (`paget.evidence.heldout`). Here it is predicted at the size of the real study,
scored, and written down, good or bad.
"""

from paget.validation.run import Validation, validate
from paget.validation.scores import Prediction, Score, Summary, score, summarise

__all__ = ["Prediction", "Score", "Summary", "Validation", "score", "summarise", "validate"]
