"""What a registry holds: follow-up, loss and linkage applied to what practice made of its patients; and beside it, the truth.

Two views of the same patients: the *release*, which is what the registry writes down, and the *truth*, which nobody sees.
Times count from diagnosis.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from paget.analysis.causal import ObservationalData, Varying
from paget.engine.registry.practice import Biases, Practised, practise
from paget.study.attributes import ATTRIBUTES, expression
from paget.study.registry import LocalOperation, Registry
from paget.study.streams import uniforms
from paget.units import DAYS_PER_MONTH, DAYS_PER_YEAR

if TYPE_CHECKING:
    import polars as pl

Floats = NDArray[np.float64]
BASELINE = (
    "age_years", "ecog", "comorbidity", "subtype", "log_primary_cm", "nodes", "log_n_metastases", "n_sites", "bone_only", "brain",
    "metastases_felt", "pet_ct", "period",
)  # fmt: skip
"""What decides on an operation and is known at diagnosis: the true confounders."""
LOCAL_BASELINE = (
    "age_years", "ecog", "comorbidity", "subtype", "disease_free_months", "log_n_{place}", "log_largest_{place}_cm", "n_sites", "brain",
    "pet_ct", "period",
)  # fmt: skip
"""The same for local treatment of the metastases of a place."""
CHANGING = ("progressed", "responded", "ecog_change")
"""What decides after induction: each as in the life without the operation, so that the operation cannot change it, and 0 at diagnosis."""


@dataclass(frozen=True)
class Cohort:
    """Patients of a registry as practised, followed and recorded.

    Attributes
    ----------
    registry : Registry
    people : polars.DataFrame
        Potential lives, one row a patient.
    practised : Practised
    entry_year : array of float
        Calendar time of diagnosis, in years.
    censor_day : array of float
        Day from diagnosis on which follow-up would end: data cut or loss.
    """

    registry: Registry
    people: pl.DataFrame
    practised: Practised
    entry_year: Floats
    censor_day: Floats

    @property
    def confounders(self) -> tuple[str, ...]:
        """What decides on the treatment and is known at diagnosis."""
        operation = self.registry.operation
        if isinstance(operation, LocalOperation):
            return tuple(name.format(place=operation.place) for name in LOCAL_BASELINE)
        return BASELINE

    def among(self, who: NDArray[np.bool_]) -> Cohort:
        """The cohort of some of the patients."""
        fields = {name: getattr(self.practised, name)[who] for name in Practised.__dataclass_fields__}
        return Cohort(self.registry, self.people.filter(who), Practised(**fields), self.entry_year[who], self.censor_day[who])

    @cached_property
    def horizon_days(self) -> float:
        """Follow-up that analyses use."""
        return self.registry.analyses.horizon_months * DAYS_PER_MONTH

    @cached_property
    def death_day(self) -> Floats:
        """Day of death in the life that was lived."""
        made = self.practised
        return np.where(made.chosen, made.death_operated, made.death_none)

    @cached_property
    def last_day(self) -> Floats:
        """Day of death or of the end of follow-up."""
        return np.fmin(self.death_day, self.censor_day)

    @cached_property
    def dead(self) -> NDArray[np.bool_]:
        """Whether death was seen."""
        return np.asarray(self.death_day <= self.censor_day)

    @cached_property
    def operation_day(self) -> Floats:
        """Day of the operation if it was done while she was followed, else NaN."""
        day = self.practised.operation_day
        return np.where(day <= self.last_day, day, np.nan)

    def release(self) -> pl.DataFrame:
        """The table that the registry would give to a researcher."""
        import polars as pl

        words = self.registry.operation.words
        operated = np.isfinite(self.operation_day)
        columns: dict[str, Any] = {"patient": np.arange(1, self.people.height + 1), "year": np.floor(self.entry_year).astype(np.int64)}
        for name in self.registry.records.covariates:
            if name != "year":
                columns[name] = self._covariate(name)
        columns[words.done] = operated.astype(np.int64)
        if "therapy" in self.people.columns:
            columns["therapy"] = self.people.select(pl.when(operated).then("therapy")).to_series()
        if self.registry.records.operation_day:
            columns[f"{words.act}_months"] = pl.Series(self.operation_day / DAYS_PER_MONTH).fill_nan(None)
        columns["months"] = self.last_day / DAYS_PER_MONTH
        columns["dead"] = self.dead.astype(np.int64)
        return pl.DataFrame(columns)

    def truth(self) -> pl.DataFrame:
        """Everything: what clinicians saw, what was decided, and both lives of each patient, in months from diagnosis."""
        import polars as pl

        made, act = self.practised, self.registry.operation.words.act
        seen = [
            name
            for name in self.people.columns
            if not name.startswith(("found_", "first_", "induction_")) and name not in ("drawn", "decision_day", "period")
        ]

        def months(days: Floats) -> pl.Series:
            return pl.Series(days / DAYS_PER_MONTH).fill_nan(None)

        return self.people.select(seen).with_columns(
            pl.Series("patient", np.arange(1, self.people.height + 1)),
            pl.Series("period", self._covariate("period")),
            pl.Series("way", made.way),
            pl.Series("probability", made.probability),
            pl.Series("chosen", made.chosen),
            months(made.decision_day).alias("decision_months"),
            months(made.possible_day).alias(f"possible_{act}_months"),
            months(self.operation_day).alias(f"{act}_months"),
            months(made.death_none).alias("death_without_months"),
            months(made.death_operated).alias("death_with_months"),
            months(made.progression_none).alias("progression_without_months"),
            months(made.progression_operated).alias("progression_with_months"),
            months(self.censor_day).alias("censored_months"),
        )  # fmt: skip

    def _covariate(self, name: str) -> Any:
        import polars as pl

        if name == "year":
            return np.floor(self.entry_year)
        if name == "period":
            labels = np.asarray([f"{one.first_year}-{one.last_year}" for one in self.registry.periods], dtype=object)
            return labels[self.people["period"].to_numpy()]
        if name.startswith("log_"):
            return np.log(np.maximum(self.people[name.removeprefix("log_")].cast(float).to_numpy(), 0.01))
        if name == "pet_ct":
            return (self.people["staging"] == "pet-ct").to_numpy().astype(np.float64)
        if name == "disease_free_months":  # none in de novo disease
            return self.people[name].fill_null(0.0).to_numpy()
        column = self.people.select(expression(name)).to_series() if name in ATTRIBUTES else self.people[name]
        if column.dtype.is_numeric() or column.dtype == pl.Boolean:
            return column.cast(float).to_numpy()
        return np.asarray(column.to_list(), dtype=object)

    def data(self, covariates: tuple[str, ...], *, day_known: bool = True, changing: bool = False) -> ObservationalData:
        """The cohort for an analysis, followed to the horizon.

        Parameters
        ----------
        covariates : tuple of str
        day_known : bool
            Without the day of the operation everybody operated counts from time zero, as researchers then have to.
        changing : bool
            Bring what changes over time.
        """
        last = np.minimum(self.last_day, self.horizon_days)
        operation = np.where(self.operation_day <= last, self.operation_day, np.nan)
        if not day_known:
            operation = np.where(np.isfinite(self.operation_day), 0.0, np.nan)
        return ObservationalData(
            id=self.people["patient_id"].to_numpy(),
            months=last / DAYS_PER_MONTH,
            event=self.dead & (self.last_day <= self.horizon_days),
            treated_months=operation / DAYS_PER_MONTH,
            covariates={name: self._covariate(name) for name in covariates},
            varying=self._changing() if changing else None,
            treatment=self.registry.operation.words.treatment,
            where=self.registry.id,
        )

    def _changing(self) -> Varying:
        made, n = self.practised, self.people.height
        decision = self.people["decision_day"].to_numpy()
        progression = made.progression_none
        alive = self.people["alive_at_decision"].to_numpy() & np.isfinite(decision)
        now, then = self.people["ecog"].to_numpy().astype(float), self.people["ecog_decision"].to_numpy().astype(float)
        responded = self.people["responded"].to_numpy()
        rows = [
            (np.arange(n), np.zeros(n)),
            (np.flatnonzero(np.isfinite(progression)), progression[np.isfinite(progression)]),
            (np.flatnonzero(alive), decision[alive]),
        ]
        patient = np.concatenate([who for who, _ in rows])
        day = np.concatenate([when for _, when in rows])
        reached = alive[patient] & (day >= decision[patient])
        with np.errstate(invalid="ignore"):
            progressed = day >= progression[patient]
        return Varying(
            patient.astype(np.int64),
            day / DAYS_PER_MONTH,
            {
                "progressed": progressed.astype(np.float64),
                "responded": (reached & responded[patient]).astype(np.float64),
                "ecog_change": np.where(reached, then[patient] - now[patient], 0.0),
            },
        )


def follow(registry: Registry, people: pl.DataFrame, seed: int, biases: Biases | None = None) -> Cohort:
    """Let practice choose and the registry follow."""
    ids = people["patient_id"].to_numpy()
    period = people["period"].to_numpy()
    first = np.asarray([one.first_year for one in registry.periods])[period]
    last = np.asarray([one.last_year for one in registry.periods])[period]
    entry = first + (last + 1 - first) * uniforms(seed, ("registry", "day of diagnosis"), ids)
    cut = (registry.follow_up.until_year + 1 - entry) * DAYS_PER_YEAR
    if registry.follow_up.lost_per_year > 0:
        lost = -np.log(uniforms(seed, ("registry", "loss"), ids)) / registry.follow_up.lost_per_year * DAYS_PER_YEAR
        linked = uniforms(seed, ("registry", "linkage"), ids) < registry.follow_up.linked_fraction
        cut = np.where(linked, cut, np.minimum(cut, lost))
    return Cohort(registry, people, practise(people, registry, seed, biases), entry, cut)
