"""The form of a local treatment: which lesions it may treat, how many it eradicates by diameter, what it leaves, what it costs.

The part `local` of a therapy file. It is compiled to the record that the kernel reads (`paget.therapy.layout.LOCAL`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, model_validator

from paget.biology.layout import PLACES
from paget.forms import Fault, Faults
from paget.forms.quantities import Block, Name, Quantity, Rate, Text
from paget.therapy import by_lesion
from paget.therapy.correlation import by_patient, median_logit, patient_sd
from paget.therapy.curves import Curve, Margins, Sizes
from paget.therapy.dose import DoseResponse
from paget.therapy.layout import CURVE_POINTS, LOCAL, MAX_MODIFIERS
from paget.therapy.local import REFUSALS
from paget.therapy.modifiers import Modifier, combinations, component, effective
from paget.therapy.survivors import Survivors

Array = np.ndarray[Any, np.dtype[np.float64]]
Place = Literal["bone", "liver", "lung", "brain", "skin", "distant-nodes", "regional-nodes", "breast"]
MAX_SESSIONS = 12
WIDEST_CM = 30.0


class Limits(Block):
    """Which patients and lesions it may treat, by what the clinic sees; what is left out sets no limit.

    Attributes
    ----------
    max_lesions, max_cm : Quantity
        More or larger lesions in its places forbid it.
    min_cm : Quantity
        Smaller lesions are left alone.
    max_ecog : Quantity
    elsewhere : bool
        Whether visible distant disease in other places is allowed.
    """

    max_lesions: Quantity | None = None
    min_cm: Quantity | None = None
    max_cm: Quantity | None = None
    max_ecog: Quantity
    elsewhere: bool
    why: Text

    @model_validator(mode="after")
    def _possible(self) -> Limits:
        if self.min_cm and self.max_cm and self.min_cm.value >= self.max_cm.value:
            raise Faults([Fault(("min_cm", "value"), "leaves no lesion", self.min_cm.value, f"below max_cm ({self.max_cm.value:g})")])
        if self.max_ecog.value not in (0, 1, 2, 3, 4):
            raise Faults([Fault(("max_ecog", "value"), "is no performance status", self.max_ecog.value, "0, 1, 2, 3 or 4")])
        return self


class CorrelationGiven(Block):
    """Between-patient standard deviation of the logit of control, given."""

    kind: Literal["given"]
    patient_sd: Quantity

    def sd(self) -> float:
        """The standard deviation."""
        return self.patient_sd.value

    def arithmetic(self) -> list[str]:
        """What is given."""
        return [f"between patients, the logit of control has sd {self.patient_sd.value:g} (given)"]


class CorrelationFromRates(Block):
    """From a rate by lesion and the rate by patient (controlled only if all her lesions are) of one and the same kind of series."""

    kind: Literal["rates"]
    per_lesion: Rate
    per_patient: Rate
    mean_lesions: Quantity

    def sd(self) -> float:
        """The standard deviation that joins the two rates; see `paget.therapy.correlation`."""
        return patient_sd(self.per_lesion.value, self.per_patient.value, self.mean_lesions.value)

    def arithmetic(self) -> list[str]:
        """The rates, what independent lesions would give, and the result."""
        one, mean = self.per_lesion.value, self.mean_lesions.value
        alone, sd = by_patient(one, 0.0, mean), self.sd()
        return [
            f"{one:.3g} of lesions, {self.per_patient.value:.3g} of patients with {mean:.3g} lesions on average; independent lesions would "
            f"give {alone:.3g} of patients; a between-patient sd of the logit of {sd:.2f} gives {by_patient(one, sd, mean):.3g}"
        ]


Correlation = Annotated[CorrelationGiven | CorrelationFromRates, Field(discriminator="kind")]


class Complication(Block):
    """One harm of a session: its grade, how often, and what is counted."""

    name: Name
    grade: Literal["any", "1-2", "2", "3", "3-4", "4", "5", "major", "minor"]
    rate: Rate
    of: Literal["patients", "sessions", "lesions"] = "patients"


class Published(Block):
    """One published result set beside the curve.

    Attributes
    ----------
    study : str
    what : str
        The number in words.
    value : float
    n : int, optional
        Lesions or patients it was read on.
    measure : {"control", "complete", "objective"}
        Lasting local control, complete response, or objective response.
    of : {"lesions", "patients"}
        Of patients: all lesions of a patient, of which she has ``mean_lesions``.
    from_cm, to_cm, sizes
        Which lesions: a class of size, and their diameters where they are not those of the treatment's own ``sizes``.
    role : {"input", "prediction"}
        Whether it set the curve.
    """

    study: Text
    what: Text
    value: Annotated[float, Field(ge=0, le=1)]
    n: Annotated[int, Field(ge=1)] | None = None
    measure: Literal["control", "complete", "objective"]
    of: Literal["lesions", "patients"] = "lesions"
    mean_lesions: Annotated[float, Field(ge=1)] = 1.0
    from_cm: Annotated[float, Field(ge=0)] = 0.0
    to_cm: Annotated[float, Field(gt=0)] = math.inf
    median_cm: Annotated[float, Field(gt=0)] | None = None
    sd_log: Annotated[float, Field(gt=0)] | None = None
    role: Literal["input", "prediction"]
    note: Text | None = None


class LocalTreatment(Block):
    """A local treatment of lesions.

    Attributes
    ----------
    places : tuple of str
    scope : {"lesions", "place"}
        Lesion by lesion what is seen, or everything in the place, seen or not (a radiation field, a whole-liver embolisation).
    control : Curve
        Probability by diameter: of lasting control, or of complete response where ``lasting`` says how many of those last.
    lasting : Rate, optional
        Share of complete responses that never come back.
    sizes : Sizes
        Diameters of the lesions that are usually treated; used to average, not by the kernel.
    """

    places: tuple[Place, ...] = Field(min_length=1)
    scope: Literal["lesions", "place"]
    limits: Limits
    control: Curve
    lasting: Rate | None = None
    sizes: Sizes
    modifiers: tuple[Modifier, ...] = Field(default=(), max_length=MAX_MODIFIERS)
    dose: DoseResponse | None = None
    correlation: Correlation
    survivors: Survivors
    sessions: Annotated[int, Field(strict=True, ge=1, le=MAX_SESSIONS)] = 1
    interval_days: Quantity | None = None
    mortality_30_days: Rate
    mortality_ecog2: Quantity
    pause_days: Quantity
    wound: bool
    complications: tuple[Complication, ...] = ()
    published: tuple[Published, ...] = ()

    @model_validator(mode="after")
    def _hangs_together(self) -> LocalTreatment:
        faults = []
        if (self.sessions > 1) != (self.interval_days is not None):
            faults.append(Fault(("interval_days",), "goes with several sessions", None, "sessions above 1 and their interval, or neither"))
        if len(set(self.places)) != len(self.places):
            faults.append(Fault(("places",), "name a place twice", list(self.places)))
        if faults:
            raise Faults(faults)
        return self

    def contradictions(self) -> list[Fault]:
        """Numbers that no curve, correlation or surviving share can satisfy together; worked out, so not on every reading."""
        faults = []
        for key, derive in (("control", self.grid), ("survivors", self.survivors_log), ("correlation", self.correlation.sd)):
            try:
                derive()
            except ValueError as error:
                faults.append(Fault((key,), str(error)))
        return faults

    # -- by diameter -----------------------------------------------------------------------------
    def complete_at(self, diameter_cm: Array | Sequence[float]) -> Array:
        """Probability of complete response at these diameters (cm), one session."""
        return np.clip(effective(self.control.at(np.asarray(diameter_cm, np.float64)), self.modifiers), 0.0, 1.0)

    def control_at(self, diameter_cm: Array | Sequence[float]) -> Array:
        """Probability that a lesion is eradicated, on average over patients, at these diameters (cm), one session."""
        return self.complete_at(diameter_cm) * (self.lasting.value if self.lasting else 1.0)

    def components_at(self, diameter_cm: Array | Sequence[float]) -> dict[str, Array]:
        """Probability of eradication by combination of modifiers; one entry, "all lesions", where there are none."""
        d = np.asarray(diameter_cm, np.float64)
        lasts = self.lasting.value if self.lasting else 1.0
        found = {"all lesions": self.control_at(d)}
        for present, _, _ in combinations(self.modifiers) if self.modifiers else ():
            name = ", ".join(m.name if here else f"no {m.name}" for here, m in zip(present, self.modifiers, strict=True))
            found[name] = lasts * component(self.control.at(d), self.modifiers, present)
        return found

    def objective_at(self, diameter_cm: Array | Sequence[float]) -> Array:
        """Probability of objective response at these diameters (cm), one session."""
        from scipy.special import ndtr

        from paget.therapy.survivors import PARTIAL_LOG

        control = self.control_at(diameter_cm)
        mean, sd = self.survivors_log()
        partial = float(ndtr((PARTIAL_LOG - mean) / sd)) if sd > 0.0 else float(mean <= PARTIAL_LOG)
        return np.maximum(control + (1.0 - control) * partial, self.complete_at(diameter_cm))

    def survivors_log(self) -> tuple[float, float]:
        """Mean and sd of the log share of cells that survive in a lesion that is not eradicated."""
        d = [self._typical_cm]
        complete, eradicated = float(self.complete_at(d)[0]), float(self.control_at(d)[0])
        mean, sd = self.survivors.log_normal(complete, eradicated)
        return mean + self._dose_shift(mean, sd, eradicated), sd

    @property
    def _typical_cm(self) -> float:
        typical = getattr(self.survivors, "typical_cm", None)
        return float(typical.value if typical is not None else self.sizes.median_cm.value)

    def _dose_shift(self, mean: float, sd: float, eradicated: float) -> float:
        # another dose than the cohort's moves objective response as the cohort's dose-response curve says
        if self.dose is None or self.dose.given == 1.0 or sd == 0.0:
            return 0.0
        from scipy.special import ndtr, ndtri

        from paget.therapy.survivors import PARTIAL_LOG

        partial = float(ndtr((PARTIAL_LOG - mean) / sd))
        now = float(np.clip(partial * self.dose.expected() / self.dose.expected(1.0), 1e-6, 1.0 - 1e-6))
        return PARTIAL_LOG - sd * float(ndtri(now)) - mean

    # -- beside what was published ---------------------------------------------------------------
    def expected(self, result: Published) -> float:
        """What the treatment gives where a published result stands: averaged over sizes, and over patients where it is of patients."""
        median = result.median_cm if result.median_cm is not None else self.sizes.median_cm.value
        sd = result.sd_log if result.sd_log is not None else self.sizes.sd_log.value
        d, w = _sizes_between(median, sd, result.from_cm, result.to_cm)
        curve = {"control": self.control_at, "complete": self.complete_at, "objective": self.objective_at}[result.measure]
        rate = float(w @ curve(d))
        return by_patient(rate, self.correlation.sd(), result.mean_lesions) if result.of == "patients" else rate

    # -- for the kernel --------------------------------------------------------------------------
    def record(self) -> np.ndarray[Any, Any]:
        """The treatment as the kernel reads it: one row of `LOCAL`.

        The kernel moves control on the logit scale by the patient's luck. So that the average over patients is the file's curve, the
        record holds the probability of the median patient.
        """
        out = np.zeros(1, LOCAL)
        row = out[0]
        row["places"] = [place in self.places for place in PLACES]
        row["field"] = self.scope == "place"
        limits = self.limits
        row["max_lesions"] = limits.max_lesions.value if limits.max_lesions else math.inf
        row["min_cm"] = limits.min_cm.value if limits.min_cm else 0.0
        row["max_cm"] = limits.max_cm.value if limits.max_cm else math.inf
        row["max_ecog"] = int(limits.max_ecog.value)
        row["other_sites"] = limits.elsewhere
        sd = self.correlation.sd()
        grid, control = self.grid()
        row["grid_cm"] = grid
        row["control"] = [_median_patient(float(c), sd) for c in control]
        row["patient_sd"] = sd
        if self.modifiers or isinstance(self.control, Margins):
            by_lesion.fill(row, self.control, self.modifiers, self.lasting.value if self.lasting else 1.0, control)
        row["survivors_log_mean"], row["survivors_log_sd"] = self.survivors_log()
        row["sessions"] = self.sessions
        row["interval_days"] = self.interval_days.value if self.interval_days else 0.0
        row["mortality"] = self.mortality_30_days.value
        row["mortality_ecog2"] = self.mortality_ecog2.value
        row["pause_days"] = self.pause_days.value
        row["wound"] = self.wound
        return out

    def grid(self) -> tuple[Array, Array]:
        """Eight diameters (cm) between which the curve is nearly straight, and control there."""
        top = min(self.limits.max_cm.value if self.limits.max_cm else WIDEST_CM / 2.0, WIDEST_CM)
        dense = np.geomspace(0.1, max(top, 1.0), 400)
        curve = self.control_at(dense)
        chosen = [0, dense.size - 1]
        while len(chosen) < CURVE_POINTS:
            gap = np.abs(np.interp(dense, dense[chosen], curve[chosen]) - curve)
            gap[chosen] = -1.0
            chosen = sorted([*chosen, int(np.argmax(gap))])
        return dense[chosen], curve[chosen]

    def refusal(self, *, ecog: int, here_cm: Sequence[float], elsewhere: bool) -> str | None:
        """Why a patient may not have it, from what the clinic sees; ``None`` if she may.

        Parameters
        ----------
        ecog : int
        here_cm : sequence of float
            Diameters of the visible lesions in its places.
        elsewhere : bool
            Whether distant disease is visible in other places.
        """
        limits = self.limits
        if ecog > limits.max_ecog.value:
            return REFUSALS[1]
        if limits.max_lesions is not None and len(here_cm) > limits.max_lesions.value:
            return REFUSALS[2]
        if limits.max_cm is not None and max(here_cm, default=0.0) > limits.max_cm.value:
            return REFUSALS[3]
        if elsewhere and not limits.elsewhere:
            return REFUSALS[4]
        smallest = limits.min_cm.value if limits.min_cm else 0.0
        if self.scope == "lesions" and not any(cm >= smallest for cm in here_cm):
            return REFUSALS[5]
        return None

    def arithmetic(self) -> list[str]:
        """How curve, correlation and survivors were worked out, one line a step."""
        d = [self._typical_cm]
        complete, eradicated = float(self.complete_at(d)[0]), float(self.control_at(d)[0])
        lines = list(self.control.arithmetic())
        if self.lasting is not None:
            lines.append(f"eradicated = complete response x {self.lasting.value:g} (share of complete responses that last)")
        for modifier in self.modifiers:
            acts = "this treatment is not subject to it" if modifier.avoided else "averaged over"
            lines.append(
                f"{modifier.name}: {modifier.share.value:.3g} of lesions, hazard ratio of failure {modifier.hazard_ratio.value:g}; {acts}"
            )
        if self.dose is not None:
            lines.append(
                f"response by dose: half respond at {self.dose.half_gy:.3g} Gy, steepness {self.dose.steepness:.2f}; "
                f"{self.dose.expected():.3g} respond at {self.dose.given:g} times the cohort's doses"
            )
        return [*lines, *self.correlation.arithmetic(), *self.survivors.arithmetic(complete, eradicated)]


def _sizes_between(median_cm: float, sd_log: float, low_cm: float, high_cm: float) -> tuple[Array, Array]:
    reason = "of the published series"
    sizes = Sizes(
        median_cm=Quantity(value=median_cm, basis="assumed", reason=reason), sd_log=Quantity(value=sd_log, basis="assumed", reason=reason)
    )
    return sizes.between(low_cm, high_cm)


def _median_patient(rate: float, sd: float) -> float:
    if sd == 0.0 or not 0.0 < rate < 1.0:
        return rate
    return 1.0 / (1.0 + math.exp(-median_logit(rate, sd)))


__all__ = ["Complication", "Limits", "LocalTreatment", "Published"]
