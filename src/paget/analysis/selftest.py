"""The statistics layer against R, number by number: what ``paget selftest`` prints.

Expected values: R 4.2.2 with survival 3.5-3, cmprsk 2.2-11 and mvtnorm, on the data sets in ``reference/``.
A tolerance is relative unless the expected value is a count or 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..units import DAYS_PER_MONTH
from ._reference import complete, reference
from .competing import cumulative_incidence, gray_test
from .cox import cox
from .finegray import fine_gray
from .km import IntervalKind, kaplan_meier
from .logrank import logrank, maxcombo
from .proportional import proportional_hazards
from .rmst import rmst_difference

SURVIVAL, CMPRSK, MVTNORM = "R survival 3.5-3", "R cmprsk 2.2-11", "R mvtnorm"
Row = tuple[str, float, float, float, str]


@dataclass(frozen=True)
class Check:
    """One number of the reference table.

    Attributes
    ----------
    name : str
    expected, got : float
    tolerance : float
        Largest difference that passes, absolute.
    ok : bool
    source : str
        What produced the expected value.
    """

    name: str
    expected: float
    got: float
    tolerance: float
    ok: bool
    source: str


def selftest() -> list[Check]:
    """Compute every number of the reference table and compare (under a second).

    Examples
    --------
    >>> all(check.ok for check in selftest())
    True
    """
    checks: list[Check] = []
    for part in _PARTS:
        for name, expected, got, relative, source in part():
            tolerance = relative * max(abs(expected), 1e-12)
            checks.append(Check(name, expected, got, tolerance, bool(abs(got - expected) <= tolerance), source))
    return checks


def _rows(name: str, expected: Any, got: Any, relative: float = 1e-7, source: str = SURVIVAL) -> Iterator[Row]:
    """One row per entry of a vector."""
    want, have = np.atleast_1d(np.asarray(expected, float)), np.atleast_1d(np.asarray(got, float))
    for i, (a, b) in enumerate(zip(want, have, strict=True)):
        yield (f"{name} [{i + 1}]" if len(want) > 1 else name, float(a), float(b), relative, source)


def _survival_curves() -> Iterator[Row]:
    lung = reference("lung")
    t, e, sex = lung["time"], lung["status"] == 2, lung["sex"]
    curve = kaplan_meier(t, e)
    yield from _rows("KM lung S(365)", 0.40924162446, curve.at(365), 1e-10)
    yield from _rows("KM lung Greenwood SE(365)", 0.035823638172, curve.std_error(365), 1e-10)
    kinds: tuple[tuple[IntervalKind, tuple[float, float]], ...] = (
        ("log", (0.344721581796, 0.485837603547)),
        ("log-log", (0.338714269088, 0.478380767647)),
        ("plain", (0.339028583848, 0.479454665072)),
        ("logit", (0.341296390629, 0.480839314614)),
    )
    for kind, want in kinds:
        curve = kaplan_meier(t, e, ci=kind)
        yield from _rows(f"KM lung {kind} interval at 365", want, np.ravel(curve.at_with_ci(365)[1:]), 1e-10)
    yield from _rows("KM lung median, log interval", (310, 285, 363), kaplan_meier(t, e, ci="log").median())
    yield from _rows("KM lung median, log-log interval", (310, 284, 361), kaplan_meier(t, e).median())
    for s, median, risk in (
        (1, (270, 212, 310), (114, 78, 35, 20, 7)),
        (2, (426, 348, 550), (82, 66, 30, 21, 6)),
    ):
        curve = kaplan_meier(t[sex == s], e[sex == s], ci="log")
        yield from _rows(f"KM lung sex {s} median, log interval", median, curve.median())
        yield from _rows(f"KM lung sex {s} at risk", risk, curve.counts([100, 200, 365, 500, 730])["at_risk"])
    bank = reference("rotterdam")
    curve = kaplan_meier(bank["dtime"] / 365.25, bank["death"], ci="log")
    yield from _rows("KM rotterdam S at 5 and 10 y", (0.743535115952, 0.552158397561), curve.at([5, 10]), 1e-10)
    yield from _rows("KM rotterdam median (days), log", (4033, 3888, 4309), np.multiply(curve.median(), 365.25), 1e-9)
    aml = reference("aml")
    mine = aml["x"] == "Maintained"
    curve = kaplan_meier(aml["time"][mine], aml["status"][mine])
    steps = (0.9091, 0.8182, 0.7159, 0.6136, 0.4909, 0.3682, 0.1841)
    yield from _rows("KM aml maintained", steps, curve.survival[curve.events > 0], 2e-4)
    heart = reference("heart")
    mine = heart["transplant"] == 1
    curve = kaplan_meier(heart["stop"][mine], heart["event"][mine], entry=heart["start"][mine])
    late = (0.73542144, 0.46787542, 0.32109522)
    yield from _rows("KM heart, left truncation", late, curve.at([30, 100, 400]), 1e-7)


def _log_rank() -> Iterator[Row]:
    lung = reference("lung")
    t, e, sex = lung["time"], lung["status"] == 2, lung["sex"]
    test = logrank(t, e, sex)
    yield from _rows("log-rank lung by sex chi2", 10.326742, test.statistic)
    yield from _rows("log-rank lung O-E of sex 2", -20.418261, test.observed[1] - test.expected[1])
    yield from _rows("log-rank lung V", 40.371434, test.variance[1, 1])
    yield from _rows("log-rank lung p", 0.0013111645, test.p_value)
    for column, want in (("inst", 8.5244674), ("ph.ecog", 10.79506)):
        part = complete(lung, [column])
        got = logrank(part["time"], part["status"] == 2, part["sex"], strata=part[column]).statistic
        yield from _rows(f"log-rank lung by sex, strata {column}", want, got)
    part = complete(lung, ["ph.ecog"])
    event = part["status"] == 2
    yield from _rows("log-rank lung, 4 groups", 21.9621316825, logrank(part["time"], event, part["ph.ecog"]).statistic)
    got = logrank(part["time"], event, part["ph.ecog"], strata=part["sex"]).statistic
    yield from _rows("log-rank lung, 4 groups, strata sex", 21.5962383705, got)
    got = logrank(part["time"], event, part["sex"], strata=part["ph.ecog"], rho=1).statistic
    yield from _rows("FH(1,0) lung, strata ph.ecog", 13.8577727534, got)
    gbsg = reference("gbsg")
    args = gbsg["rfstime"], gbsg["status"], gbsg["hormon"]
    yield from _rows("log-rank gbsg by hormon", 8.5647809, logrank(*args).statistic)
    got = logrank(*args, strata=[gbsg["meno"], gbsg["grade"]]).statistic
    yield from _rows("log-rank gbsg, strata meno and grade", 8.4846087, got)
    aml = reference("aml")
    yield from _rows("log-rank aml", 3.3963887, logrank(aml["time"], aml["status"], aml["x"]).statistic)
    combo = maxcombo(t, e, sex)
    scores = (-3.2135248, -3.5656909, -1.8601033, -2.7685344)
    yield from _rows("FH lung (0,0) (1,0) (0,1) (1,1) Z", scores, combo.z)
    upper = combo.correlation[np.triu_indices(4, 1)]
    want6 = (0.91934894, 0.84068022, 0.92674918, 0.55981646, 0.78485917, 0.87151986)
    yield from _rows("FH lung correlations", want6, upper, 1e-7, MVTNORM)
    # mvtnorm's quasi-Monte-Carlo on this singular matrix is itself good to about 1e-6.
    yield from _rows("MaxCombo lung p", 0.00098314, combo.p_value, 1.5e-3, MVTNORM)


def _cox_models() -> Iterator[Row]:
    lung = reference("lung")
    t, e = lung["time"], lung["status"] == 2
    x = {"age": lung["age"], "sex": lung["sex"]}
    fit = cox(t, e, x, robust=True)
    yield from _rows("Cox lung age, sex", (0.017045332, -0.51321852), fit.coef)
    yield from _rows("Cox lung SE", (0.0092232735, 0.16745796), fit.se)
    yield from _rows("Cox lung robust SE", (0.0095046381, 0.1601741678), fit.robust_se)
    yield from _rows("Cox lung log-likelihood, null and fitted", (-749.9098, -742.84825), (fit.loglik_null, fit.loglik))
    yield from _rows("Cox lung LR, score", (14.123111, 13.722321), (fit.lr_statistic, fit.score_statistic))
    yield from _rows("Cox lung Wald", 13.47, fit.wald_statistic, 1e-3)
    yield from _rows("Cox lung concordance", 0.602853003, fit.concordance())
    yield from _rows("Cox lung Breslow", (0.017012889, -0.51256479), cox(t, e, x, ties="breslow").coef)
    part = complete(lung, ["inst"])
    event = part["status"] == 2
    fit = cox(part["time"], event, {"age": part["age"], "sex": part["sex"]}, cluster=part["inst"])
    yield from _rows("Cox lung cluster(inst)", (0.017033496, -0.511668296), fit.coef)
    yield from _rows("Cox lung cluster(inst) robust SE", (0.0073273931, 0.1282306017), fit.robust_se)
    part = complete(lung, ["ph.ecog"])
    fit = cox(part["time"], part["status"] == 2, {"a": part["age"], "ecog": part["ph.ecog"]}, strata=part["sex"])
    yield from _rows("Cox lung strata(sex)", (0.010566255, 0.462424434), fit.coef)
    yield from _rows("Cox lung strata(sex) SE", (0.0092413739, 0.1147610979), fit.se)
    fit = cox(t, e, x, weights=np.tile([1, 2, 0.5], 76), robust=True)
    yield from _rows("Cox lung weights", (0.020753082, -0.725319752), fit.coef)
    yield from _rows("Cox lung weights robust SE", (0.0097150541, 0.1919968019), fit.robust_se)
    part = complete(lung, ["ph.karno"])
    fit = cox(part["time"], part["status"] == 2, {k: part[k] for k in ("age", "sex", "ph.karno")})
    zph = proportional_hazards(fit)
    want = (0.478235900501, 3.08529723267, 8.0172085941, 10.35898454084)
    yield from _rows("PH test lung age, sex, karno, global", want, [*zph.statistic, zph.global_statistic])
    g = reference("gbsg")
    args = g["rfstime"], g["status"]
    fit = cox(*args, {"hormon": g["hormon"]})
    yield from _rows("Cox gbsg hormon", (-0.36400988, 0.12504457), (fit.coef[0], fit.se[0]))
    yield from _rows("Cox gbsg hormon HR interval", (0.543844, 0.887873), fit.ci()[0], 1e-6)
    fit = cox(*args, {"hormon": g["hormon"]}, strata=[g["meno"], g["grade"]])
    yield from _rows("Cox gbsg hormon, strata", (-0.37453348, 0.129187), (fit.coef[0], fit.se[0]))
    fit = cox(*args, {k: g[k] for k in ("hormon", "age", "meno", "size", "grade", "nodes", "pgr", "er")})
    want3 = (-0.33720291, 0.04989391, -0.00223781)
    yield from _rows("Cox gbsg 8 covariates: hormon, nodes, pgr", want3, fit.coef[[0, 5, 6]], 1e-6)
    yield from _rows("Cox gbsg 8 covariates concordance", 0.68792834, fit.concordance())
    colon = reference("colon")
    x = {"lev": colon["rx"] == "Lev", "lev5fu": colon["rx"] == "Lev+5FU"}
    fit = cox(colon["time"], colon["status"], x)
    yield from _rows("Cox colon Lev+5FU", (-0.371710276, 0.118754), (fit.coef[1], fit.se[1]))
    cgd = reference("cgd")
    x = {"treat": cgd["treat"] == "rIFN-g", "age": cgd["age"]}
    fit = cox(cgd["tstop"], cgd["status"], x, entry=cgd["tstart"], cluster=cgd["id"])
    got = (fit.coef[0], (fit.robust_se if fit.robust_se is not None else fit.se)[0])
    yield from _rows("Cox cgd treat (age), cluster(id)", (-1.120082418, 0.309930938), got)


def _restricted_means() -> Iterator[Row]:
    g, lung = reference("gbsg"), reference("lung")
    d = rmst_difference(g["rfstime"], g["status"], g["hormon"], 1825)
    want = (149.30399, 48.762867, 53.730522, 244.87745, 0.0021998)
    yield from _rows(
        "RMST gbsg 1825 d: difference, SE, interval, p",
        want,
        (d.value, d.se, d.ci_low, d.ci_high, d.p_value),
        2e-5,
    )
    d = rmst_difference(lung["time"], lung["status"] == 2, lung["sex"] == 2, 730)
    yield from _rows("RMST lung 730 d", (123.58744, 58.141435, 189.03345), (d.value, d.ci_low, d.ci_high), 1e-6)


def _competing_risks() -> Iterator[Row]:
    m = reference("mgus2")
    time = np.where(m["pstat"] == 1, m["ptime"], m["futime"])
    cause = np.where(m["pstat"] == 1, 1, 2 * m["death"]).astype(int)
    female = m["sex"] == "F"
    for label, mask, of, want in (
        ("pcm F", female, 1, (0.039789622, 0.073885664, 0.104940674)),
        ("pcm M", ~female, 1, (0.029346284, 0.055310241, 0.095650755)),
        ("death F", female, 2, (0.263965145, 0.480490046, 0.695307803)),
    ):
        curve = cumulative_incidence(time[mask], cause[mask], of=of)
        yield from _rows(f"incidence mgus2 {label} 60/120/240", want, curve.at([60, 120, 240]))
        if label == "pcm F":
            error = curve.std_error[np.searchsorted(curve.time, [60, 120, 240], side="right") - 1]
            yield from _rows("incidence mgus2 pcm F SE", (0.00779833408809, 0.01076979737649, 0.0142629574345), error)
    for of, want2 in ((1, (1.1945078250755, 0.274422156788)), (2, (11.6512590121277, 0.000641590976408))):
        test = gray_test(time, cause, m["sex"], of=of)
        yield from _rows(f"Gray mgus2 cause {of}: chi2, p", want2, (test.statistic, test.p_value), 1e-9, CMPRSK)
    part = complete({**m, "t": time, "c": cause}, ["mspike"])
    x = {"age": part["age"], "male": part["sex"] == "M", "mspike": part["mspike"]}
    fit = fine_gray(part["t"], part["c"], x)
    want3 = (-0.016942528, -0.213616037, 0.888464126)
    yield from _rows("Fine-Gray mgus2 age, male, mspike", want3, fit.coef, 1e-7, CMPRSK)
    yield from _rows("Fine-Gray mgus2 SE", (0.0058297904, 0.185201472, 0.1552312973), fit.se, 5e-4, CMPRSK)
    specific = cox(part["t"], part["c"] == 1, x)
    want3 = (0.0163521876, -0.0050300241, 0.8840780702)
    yield from _rows("cause-specific Cox mgus2 age, male, mspike", want3, specific.coef, 1e-6)


def _immortal_time() -> Iterator[Row]:
    """Stanford heart: the same transplants seen with and without immortal time."""
    from .causal import ever_never, example, landmark, time_varying

    heart, names = example("heart"), ("age", "surgery")
    timed = time_varying(heart, adjust_for=names)
    yield from _rows("heart, time-dependent transplant", (0.016095605, 0.308585804), (timed.log_hazard_ratio, timed.se_model))
    naive = ever_never(heart, adjust_for=names)
    yield from _rows("heart, ever transplanted (wrong on purpose)", -1.717112914, naive.log_hazard_ratio)
    for day, n, want in ((30, 78, -0.24809039), (60, 63, -0.5616556), (90, 51, -0.7669996)):
        # This table counts the day of acceptance as day 1.
        one = landmark(heart, (day + 1) / DAYS_PER_MONTH, adjust_for=names)
        yield from _rows(f"heart, landmark {day} d: n, log HR", (n, want), (one.n, one.log_hazard_ratio), 1e-6)


def _confounding() -> Iterator[Row]:
    """Rotterdam: hormonal therapy looks harmful until its indication is weighted away."""
    from .causal import ever_never, example, iptw

    rotterdam = example("rotterdam")
    yield from _rows("rotterdam hormon, crude", 0.412471, ever_never(rotterdam).log_hazard_ratio, 1e-6)
    weighted = iptw(rotterdam, adjust_for=tuple(rotterdam.covariates))
    weights = weighted.diagnostics["weights"]
    yield from _rows("rotterdam weights: mean, largest", (1.0007611, 8.8281881), (weights["mean"], weights["max"]), 1e-6)
    got = (weighted.log_hazard_ratio, weighted.se_known_weights)
    yield from _rows("rotterdam hormon, weighted: log HR, robust SE", (-0.20919437, 0.14638034), got, 1e-6)


_PARTS: tuple[Callable[[], Iterator[Row]], ...] = (
    _survival_curves,
    _log_rank,
    _cox_models,
    _restricted_means,
    _competing_risks,
    _immortal_time,
    _confounding,
)
