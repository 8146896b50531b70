"""Run the sub-simulations and set what they yield beside what was published."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from paget.calibration.rows import Anchor, Published, Role, Simulation, published, table
from paget.errors import PagetError, unknown
from paget.parameters import ParameterSet
from paget.progress import Progress, silent

if TYPE_CHECKING:
    from paget.calibration.cohorts import Cohort, Setting
    from paget.calibration.readouts import Estimate

DEFAULT_N = 60_000


@dataclass(frozen=True)
class Record:
    """One row of the table: simulated beside published.

    Attributes
    ----------
    simulated, mc_se : float or None
        None where nothing came out (no peak, nobody of the kind) or where another command runs it.
    published, ci_low, ci_high, ci_level : float or None
        As printed, or derived from it (``derived``).
    ratio : float or None
        Simulated over published.
    verdict : str
        "inside CI", "inside range", "within 25 %", "off" (up to a factor of 1.6), "far", "does not come out", "context" (not
        comparable), or where to look.
    """

    id: str
    phenomenon: str
    what: str
    role: Role
    evidence: str
    published: float
    ci_low: float | None
    ci_high: float | None
    ci_level: float | None
    derived: bool
    simulated: float | None
    mc_se: float | None
    n: int
    ratio: float | None
    verdict: str
    unit: str
    note: str | None

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


def anchors(
    parameters: ParameterSet | None = None,
    *,
    n: int = DEFAULT_N,
    seed: int = 1,
    threads: int = 1,
    only: str | Iterable[str] | None = None,
    progress: Progress = silent,
) -> list[Record]:
    """Simulate every phenomenon of the table and set it beside what was published.

    Parameters
    ----------
    parameters : ParameterSet, optional
        The shipped point values by default.
    n : int
        Natural histories; the default takes half a minute on two idle processors once the kernels are compiled.
    seed : int
    threads : int
    only : str or iterable of str, optional
        Ids of rows, or parts of ids or of names of phenomena.
    progress : callable, optional
        Called with (stage, rows done, rows in all).

    Returns
    -------
    list of Record
        In the order of the file. Trials of primary surgery are listed without a simulated value: `paget run` runs them.
    """
    from paget.calibration.cohorts import Setting

    if n < 100:
        raise PagetError("too few natural histories", key="n", got=n, expected="100 or more")
    simulations, rows = table()
    chosen = _chosen(rows, only)
    setting = Setting(parameters or ParameterSet.point(), n, seed, threads)
    records = []
    for done, row in enumerate(chosen, 1):
        records.append(_record(row, simulations, setting))
        progress("anchors", done, len(chosen))
    return records


def _chosen(rows: tuple[Anchor, ...], only: str | Iterable[str] | None) -> list[Anchor]:
    if only is None:
        return list(rows)
    wanted = [only] if isinstance(only, str) else list(only)
    found = []
    for text in wanted:
        mine = [row for row in rows if text in row.id or text.lower() in row.phenomenon.lower()]
        if not mine:
            raise unknown("row of the table of anchors", text, [row.id for row in rows])
        found += mine
    return [row for row in rows if row in found]


def cohort_of(simulation: Simulation, setting: Setting) -> Cohort:
    """The patients that a declared simulation yields."""
    from paget.calibration.cohorts import KINDS

    if simulation.kind not in KINDS:
        raise unknown("kind of simulation", simulation.kind, KINDS)
    options = {key: tuple(x) if isinstance(x, list) else x for key, x in simulation.options.items()}
    return KINDS[simulation.kind](setting.with_values(simulation.parameters, simulation.histories), **options)


def estimate(row: Anchor, simulations: Mapping[str, Simulation], setting: Setting) -> Estimate:
    """What the model says of a published figure, with its Monte-Carlo error.

    Raises
    ------
    PagetError
        For a readout, a condition or a simulation that does not exist.
    """
    from paget.calibration.conditions import matching
    from paget.calibration.readouts import READOUTS

    if row.readout not in READOUTS:
        raise unknown("readout", str(row.readout), READOUTS)
    readout = READOUTS[row.readout]
    cohort = cohort_of(simulations[str(row.simulation)], setting)
    options = dict(row.options)
    if "control" in options:
        control = cohort_of(simulations[options["control"]], setting)
        options["control"] = control.only(matching(control, row.where))
    if "seed" in inspect.signature(readout).parameters:
        options["seed"] = setting.seed
    return readout(cohort.only(matching(cohort, row.where)), **options)


def _record(row: Anchor, simulations: Mapping[str, Simulation], setting: Setting) -> Record:
    figure = published(row)
    if row.see is not None or row.simulation is None or row.readout is None:
        return _made(row, figure, None, None, 0, f"see {row.see}")
    found = estimate(row, simulations, setting)
    value = found.value if math.isfinite(found.value) else None
    se = found.se if math.isfinite(found.se) else None
    return _made(row, figure, value, se, found.n, _verdict(row, figure, value, se))


def _verdict(row: Anchor, figure: Published, value: float | None, se: float | None) -> str:
    if value is None:
        return "does not come out"
    if row.context:
        return "context"
    if figure.low is not None or figure.high is not None:
        slack = 2.0 * (se or 0.0)
        low = -math.inf if figure.low is None else figure.low - slack
        high = math.inf if figure.high is None else figure.high + slack
        if low <= value <= high:
            return "inside CI" if figure.level is not None else "inside range"
    if figure.value <= 0.0 or value <= 0.0:
        return "far"
    distance = abs(math.log(value / figure.value))
    return "within 25 %" if distance <= math.log(1.25) else "off" if distance <= math.log(1.6) else "far"


def _made(row: Anchor, figure: Published, value: float | None, se: float | None, n: int, verdict: str) -> Record:
    ratio = value / figure.value if value is not None and figure.value else None
    note = "; ".join(part for part in (row.arithmetic, row.note) if part) or None
    return Record(
        row.id, row.phenomenon, row.what, row.role, row.evidence, figure.value, figure.low, figure.high, figure.level,
        row.derived, value, se, n, ratio, verdict, row.unit, note,
    )  # fmt: skip
