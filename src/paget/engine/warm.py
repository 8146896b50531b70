"""The first run on a machine compiles the kernels: two of them at once, on two processors."""

from __future__ import annotations

import subprocess
import sys

from paget._jit import cache_root, kernel_hash
from paget.parameters import ParameterSet

COMPILE_LIVES = """
from paget.life.simulate import LifePlan, simulate
from paget.parameters import ParameterSet
simulate(LifePlan("2012"), [0], 0, ParameterSet.point(), seed=0)
"""


def compile_kernels() -> None:
    """Compile what is not in the cache: lives in a process of their own, the quick look at natural histories meanwhile here."""
    if (cache_root() / "kernels" / kernel_hash()).exists():
        return
    from paget.population.diagnose import perhaps_metastatic

    other = subprocess.Popen([sys.executable, "-c", COMPILE_LIVES], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        perhaps_metastatic(0, 1, ParameterSet.point(), seed=0)
    finally:
        other.wait()  # whatever became of it: this process compiles what is still missing
