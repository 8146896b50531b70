"""Small simulations that yield what registries and series saw: each a pure function of parameters, size and seed.

No arm of any of them removes the primary of stage IV disease: trials of primary surgery are run by `paget run` and never here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paget.biology.layout import SUBTYPES
from paget.biology.natural_history import FIRST_COLONY
from paget.life.simulate import LifePlan, Surveillance, simulate
from paget.parameters import ParameterSet
from paget.population.diagnose import diagnose
from paget.therapy import library
from paget.units import DAYS_PER_MONTH

Array = NDArray[Any]
YEAR = 365.25
NEVER = np.inf


@dataclass
class Ledger:
    """What settings of one evaluation share.

    Attributes
    ----------
    diagnoses : dict
        Cohorts at diagnosis, by the parameters they depend on.
    followed : dict
        Numbers of women whose early disease was lived, once for each adjuvant therapy.
    others : int
        Natural histories and lives of metastatic patients so far.
    """

    diagnoses: dict[str, Cohort] = field(default_factory=dict)
    followed: dict[str, list[int]] = field(default_factory=dict)
    others: int = 0

    @property
    def lives(self) -> int:
        """Lives so far: early disease under one adjuvant therapy is the same life going on, under a further one another life."""
        return self.others + sum(sum(counts) - max(counts) for counts in self.followed.values())


@dataclass(frozen=True)
class Setting:
    """Parameters, size and seed of one set of simulations; results already computed are kept in ``memo``.

    Attributes
    ----------
    parameters : ParameterSet
    n : int
        Natural histories; about 6 % of them are stage IV at diagnosis.
    seed : int
    threads : int
    ledger : Ledger
        Diagnoses that several settings share, and the count of lives.
    """

    parameters: ParameterSet
    n: int
    seed: int
    threads: int = 1
    memo: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)
    ledger: Ledger = field(default_factory=lambda: Ledger(), repr=False, compare=False)

    def once(self, key: Any, make: Callable[[], Any]) -> Any:
        """Compute something once for this setting."""
        if key not in self.memo:
            self.memo[key] = make()
        return self.memo[key]

    def with_values(self, changes: Mapping[str, Any], n: int | None = None) -> Setting:
        """The same with some parameters changed, or with another number of natural histories."""
        size = self.n if n is None else n
        if not changes and size == self.n:
            return self
        changed = self.parameters.with_values(changes)

        def make() -> Setting:
            return Setting(changed, size, self.seed, self.threads, {}, self.ledger)

        return self.once(("setting", changed.hash, size), make)  # type: ignore[no-any-return]

    @property
    def before_surgery(self) -> str:
        """Names the parameters on which the diagnosis depends: what happens after surgery cannot change it."""
        return ";".join(f"{k}={v!r}" for k, v in self.parameters.items() if not k.startswith("adjuvant_"))


@dataclass(frozen=True)
class Cohort:
    """Patients as columns of equal length.

    Every cohort has ``id, class_, subtype, age, postmenopausal, cm, nodes, stage, found_by, metastatic`` (1: de novo).
    Early disease adds ``years, event`` (1 relapse, 2 death first, 0 neither within 25 years, -1 de novo stage IV).
    Metastatic disease adds ``death, progression`` (months from its diagnosis; infinite if it did not happen), ``progressed,
    cause, response, organs, sites, lesions, ctc, ecog, lines``. Relapses under planned visits add ``found_at_visit`` (1, or 0: felt).
    """

    columns: dict[str, Array]
    visit_months: float = 0.0

    def __getitem__(self, name: str) -> Array:
        return self.columns[name]

    def __len__(self) -> int:
        return len(self.columns["id"])

    def only(self, mask: Array) -> Cohort:
        """The patients for whom ``mask`` holds."""
        return Cohort({name: column[mask] for name, column in self.columns.items()}, self.visit_months)


def _stage(cm: Array, nodes: Array) -> Array:
    # the same coarse TNM as `paget.biology.natural_history.stage_group`
    three = (nodes >= 4) | ((cm > 5.0) & (nodes > 0))
    one = (cm <= 2.0) & (nodes == 0)
    return np.where(three, 3, np.where(one, 1, 2))


def diagnosis(setting: Setting) -> Cohort:
    """All new breast cancers on the day of diagnosis.

    Adds ``colonies`` (whether there is any distant colony, seen or not) and ``doubling`` (volume doubling time then, days).
    """

    def make() -> Cohort:
        key = setting.before_surgery
        shared = setting.ledger.diagnoses.get(key)
        if shared is not None and len(shared) >= setting.n:
            return shared.only(np.arange(len(shared)) < setting.n)
        setting.ledger.diagnoses[key] = grown = grow()
        setting.ledger.others += setting.n
        return grown

    def grow() -> Cohort:
        found = diagnose(0, setting.n, setting.parameters, seed=setting.seed, threads=setting.threads)
        p = setting.parameters
        log_cells = np.log(np.pi / 6.0 * found["primary_cm"] ** 3 * p["cells_per_cm3"])
        room = np.log(p["carrying_capacity_cells"]) - log_cells
        return Cohort(
            {
                "id": found["id"], "class_": found["class_"], "subtype": found["subtype"], "age": found["age"],
                "postmenopausal": found["menopause"], "cm": found["primary_cm"], "nodes": found["node_count"],
                "stage": _stage(found["primary_cm"], found["node_count"]), "found_by": found["found_by"],
                "metastatic": found["metastatic"], "colonies": (found["n"] > FIRST_COLONY).astype(np.int64),
                "doubling": np.log(2.0) / (found["rate_primary"] * np.maximum(room, 1e-3)),
            }
        )  # fmt: skip

    return setting.once("diagnosis", make)  # type: ignore[no-any-return]


def early(setting: Setting, *, where: Mapping[str, Any] | None = None, at_most: int | None = None) -> Cohort:
    """Everybody; those without visible metastases are followed for 25 years after surgery and adjuvant therapy.

    With ``where`` or ``at_most``: the first so many women without visible metastases who meet these conditions at diagnosis, and no
    others.
    """

    def make() -> Cohort:
        at_diagnosis = diagnosis(setting)
        if where is not None or at_most is not None:
            from paget.calibration.conditions import matching

            asked = matching(at_diagnosis, where) & (at_diagnosis["metastatic"] == 0)
            at_diagnosis = at_diagnosis.only(asked & (np.cumsum(asked) <= (len(asked) if at_most is None else at_most)))
        free = at_diagnosis["metastatic"] == 0
        setting.ledger.followed.setdefault(setting.before_surgery, []).append(int(np.sum(free)))
        plan = LifePlan("2012", source="relapse", horizon_days=0.0)
        lived = simulate(plan, at_diagnosis["id"][free], 0, setting.parameters, seed=setting.seed, threads=setting.threads, chunk=2048)
        relapsed = lived["eligible_disease"] == 1
        years, event = np.zeros(len(at_diagnosis)), np.zeros(len(at_diagnosis), np.int64)
        years[free] = np.where(relapsed, lived["disease_free_days"], lived["last_day"]) / YEAR
        # a death of cancer that nobody saw coming was a relapse
        event[free] = np.where(relapsed | (lived["death_cause"] == 1), 1, np.where(lived["death_cause"] > 0, 2, 0))
        event[at_diagnosis["metastatic"] == 1] = -1
        return Cohort(at_diagnosis.columns | {"years": years, "event": event})

    return setting.once(("early", repr(where), at_most), make)  # type: ignore[no-any-return]


def _months(days: Array) -> Array:
    return np.where(np.isnan(days), NEVER, days / DAYS_PER_MONTH)


def _lived(setting: Setting, plan: LifePlan, ids: Array) -> Cohort:
    setting.ledger.others += len(ids)
    lived = simulate(plan, ids, 0, setting.parameters, seed=setting.seed, threads=setting.threads)
    lived = lived[lived["eligible_disease"] == 1]
    death = _months(lived["death_day"])
    return Cohort(
        {
            "id": lived["patient_id"], "class_": lived["class_"], "subtype": lived["subtype"], "age": lived["age_years"],
            "postmenopausal": lived["menopause"], "cm": lived["primary_cm"], "nodes": lived["node_count"],
            "stage": _stage(lived["primary_cm"], lived["node_count"]), "found_by": lived["found_by"],
            "metastatic": np.isnan(lived["disease_free_days"]).astype(np.int64), "death": death, "cause": lived["death_cause"],
            "progression": np.minimum(_months(lived["first_progression_day"]), death),
            "progressed": ~np.isnan(lived["first_progression_day"]), "response": lived["first_line_response"],
            "organs": lived["site"], "sites": lived["n_sites"], "lesions": lived["n_metastases"], "ctc": lived["ctc_mean"],
            "ecog": lived["ecog"], "lines": lived["n_lines"],
        },
        visit_months=plan.visits[0][0] / DAYS_PER_MONTH,
    )  # fmt: skip


def de_novo(setting: Setting, *, era: str = "2012", untreated: bool = False, at_most: int | None = None) -> Cohort:
    """Stage IV disease from its diagnosis to death, under an era's standard of care or without any therapy."""

    def make() -> Cohort:
        found = diagnosis(setting)
        plan = LifePlan(era, arms=({"untreated": 1.0} if untreated else {},))
        return _lived(setting, plan, found["id"][found["metastatic"] == 1][:at_most])

    return setting.once(("de novo", era, untreated, at_most), make)  # type: ignore[no-any-return]


def relapsed(setting: Setting, *, era: str = "2012", share: float = 0.2, at_most: int | None = None) -> Cohort:
    """Relapse after early disease, from the diagnosis of relapse to death; a share of all natural histories is enough.

    With ``at_most`` the first so many relapses, whatever the share.
    """

    def make() -> Cohort:
        before = early(setting)
        within = share * setting.n if at_most is None else setting.n
        who = (before["event"] == 1) & (before["id"] < within)
        return _lived(setting, LifePlan(era, source="relapse"), before["id"][who][:at_most])

    return setting.once(("relapsed", era, share, at_most), make)  # type: ignore[no-any-return]


def metastatic(
    setting: Setting, *, era: str = "2012", share: float = 0.2, at_most: int | None = None, de_novo_at_most: int | None = None
) -> Cohort:
    """De novo and relapsed disease together, in the shares in which one population yields them.

    ``at_most`` relapses and ``de_novo_at_most`` de novo patients are lived; both kinds are then taken up to the same patient number.
    """
    one = de_novo(setting, era=era, at_most=de_novo_at_most)
    two = relapsed(setting, era=era, share=share, at_most=at_most)
    if at_most is None:
        one = one.only(one["id"] < share * setting.n)
    else:
        # by the women who were asked for: of these a relapse that nobody saw before death is left out, so fewer may have been lived
        found, before = diagnosis(setting), early(setting)
        asked = ((found["id"][found["metastatic"] == 1], de_novo_at_most), (before["id"][before["event"] == 1], at_most))
        last = min(int(ids[most - 1]) if most is not None and len(ids) >= most else setting.n for ids, most in asked)
        one, two = one.only(one["id"] <= last), two.only(two["id"] <= last)
    return Cohort({name: np.concatenate([column, two[name]]) for name, column in one.columns.items()}, one.visit_months)


def followed(setting: Setting, *, every_months: float, at_most: int | None = None) -> Cohort:
    """Women who relapse, lived again under planned visits without imaging of distant places; adds ``found_at_visit``.

    Those whose relapse only symptoms find in `early` are taken: who would have died of something else before she felt hers is left out.
    """

    def make() -> Cohort:
        before = early(setting)
        ids = before["id"][before["event"] == 1][:at_most]
        setting.ledger.others += len(ids)
        plan = LifePlan("2012", source="relapse", horizon_days=0.0, surveillance=Surveillance(every_months * DAYS_PER_MONTH))
        lived = simulate(plan, ids, 0, setting.parameters, seed=setting.seed, threads=setting.threads)
        lived = lived[lived["eligible_disease"] == 1]
        found = before.only(np.isin(before["id"], lived["patient_id"]))
        return Cohort(found.columns | {"found_at_visit": lived["found_early"]})

    return setting.once(("followed", every_months, at_most), make)  # type: ignore[no-any-return]


def everybody(setting: Setting, *, share: float = 0.1, at_most: int | None = None) -> Cohort:
    """All stages, never treated, from diagnosis to death."""

    def make() -> Cohort:
        plan = LifePlan("2012", arms=({"untreated": 1.0},), source="all")
        return _lived(setting, plan, np.arange(max(50, int(share * setting.n)) if at_most is None else at_most))

    return setting.once(("everybody", share, at_most), make)  # type: ignore[no-any-return]


def trial(
    setting: Setting,
    *,
    regimen: str,
    era: str,
    visit_days: float = 84.0,
    subtypes: tuple[str, ...] = SUBTYPES,
    postmenopausal: bool = False,
    at_most: int = 2500,
) -> Cohort:
    """First line with a given regimen, later lines by the era's standard, in treated patients of ECOG 0 to 2.

    The patients are de novo stage IV (real trials also enter relapses; response does not depend on it in this model).
    """

    def make() -> Cohort:
        found = diagnosis(setting)
        who = (found["metastatic"] == 1) & np.isin(found["subtype"], [SUBTYPES.index(name) for name in subtypes])
        if postmenopausal:
            who &= found["postmenopausal"] == 1
        plan = LifePlan(
            era,
            arms=({"first_regimen": float(library().regimen_index(regimen))},),
            visits=((visit_days, NEVER),),
            horizon_days=15 * YEAR,
        )
        lived = _lived(setting, plan, found["id"][who][:at_most])
        return lived.only((lived["ecog"] <= 2) & (lived["lines"] > 0))

    return setting.once(("trial", regimen, era, visit_days, subtypes, postmenopausal, at_most), make)  # type: ignore[no-any-return]


def local_series(setting: Setting, *, therapy: str) -> Cohort:
    """Lesions under a local treatment, by its file's curve (`paget.calibration.local`)."""
    from paget.calibration.local import local_series as make

    return make(setting, therapy=therapy)


KINDS: dict[str, Callable[..., Cohort]] = {
    "diagnosis": diagnosis, "early": early, "de-novo": de_novo, "relapsed": relapsed, "metastatic": metastatic,
    "everybody": everybody, "followed": followed, "trial": trial, "local-series": local_series,
}  # fmt: skip
"""Sub-simulations by the name that a row of ``anchors.yaml`` gives."""
