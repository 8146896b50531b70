"""The statistics of a trial import no heavy library and nothing of the simulation."""

import subprocess
import sys

PROBE = """
import sys
sys.path.insert(0, sys.argv[1])
from made_up_trial import adam_trial
from paget.analysis import ENDPOINTS, maxcombo, summarise
adsl, adtte = adam_trial()
summarise(adsl, adtte, endpoints=list(ENDPOINTS)[:4], experimental="LRT", control="SYS", subgroups=["SUBTYPE"],
          maxcombo_when="always")
heavy = {"scipy", "numba", "pandas", "lifelines", "statsmodels", "matplotlib", "sksurv"}
rooms = {"biology", "clinic", "therapy", "life", "population", "study", "engine", "parameters", "randomness"}
print(sorted(m for m in sys.modules if m.split(".")[0] in heavy or m.startswith("paget.") and
m.split(".")[1] in rooms))
"""


def test_a_whole_summary_needs_numpy_and_polars_only():
    """A full summary, MaxCombo included, loads neither a statistics library nor a room of the simulation."""
    here = str(__import__("pathlib").Path(__file__).parent)
    done = subprocess.run([sys.executable, "-c", PROBE, here], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
