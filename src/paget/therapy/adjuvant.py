"""Adjuvant therapy of early disease as data: what a therapy does to colonies that nobody sees, and who is given which.

A therapy file says what it does (`AdjuvantTreatment`), a practice who gets it (`Practice`). Numbers that were fitted stay declared
parameters, so that they move with a posterior; the files name them. `Adjuvant` is a practice with its therapies, ready for kernels.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from paget.biology.layout import SUBTYPES
from paget.forms import Fault, Faults, Key
from paget.forms.quantities import Block, Name, Number, Quantity, Text
from paget.parameters import ParameterSet, declared
from paget.therapy.eligible import Subtype
from paget.therapy.finding import Finding
from paget.therapy.layout import ADJUVANT_SLOTS

if TYPE_CHECKING:
    from paget.therapy.form import Therapy

Kind = Literal["chemotherapy", "endocrine", "HER2", "CDK4/6", "conjugate", "EGFR", "PARP", "immune", "other"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""Kinds of adjuvant therapy, each with draws of its own; the place of a kind is the index of its draws and never changes."""
STAGES = ("I", "II", "III")
MENOPAUSE = ("pre", "post")
USUAL = "usual"
NO_ADJUVANT = "none"
Table = NDArray[np.float64]
Cells = NDArray[np.bool_]


class Effect(Block):
    """A number of an adjuvant therapy: a declared parameter, which a posterior may move, or a number of the file's own.

    ``spared`` is for a chance of eradication: of the colonies that the parameter leaves, the share that this therapy leaves too.
    """

    parameter: Text | None = None
    number: Quantity | None = None
    spared: Quantity | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Effect:
        if (self.parameter is None) == (self.number is None):
            expected = "parameter (a declared one), or number with what stands behind it"
            raise Faults([Fault((), "has two numbers or none", expected=expected)])
        if self.parameter is not None and self.parameter not in declared():
            from paget.errors import nearest

            guess = nearest(self.parameter, list(declared()))
            fix = f"did you mean {guess!r}?" if guess else "`paget parameters` lists them"
            raise Faults([Fault(("parameter",), "there is no such parameter", self.parameter, fix=fix)])
        if self.spared is not None and (self.parameter is None or self.spared.value > 1):
            raise Faults([Fault(("spared",), "is a share of what a parameter leaves", self.spared.value, "0 to 1, beside parameter")])
        return self

    def value(self, parameters: ParameterSet) -> float | tuple[float, ...]:
        """The number, or the numbers of an indexed parameter."""
        found = parameters[self.parameter] if self.parameter is not None else self.number.value  # type: ignore[union-attr]
        if self.spared is None:
            return found
        assert isinstance(found, float)
        return 1.0 - self.spared.value * (1.0 - found)

    def scalar(self, parameters: ParameterSet) -> float:
        """The number of a parameter without index."""
        found = self.value(parameters)
        assert isinstance(found, float)
        return found

    def told(self, parameters: ParameterSet) -> str:
        """The number with the parameter that it comes from, for readers."""
        found = self.value(parameters)
        text = ", ".join(f"{one:.2g}" for one in found) if isinstance(found, tuple) else f"{found:.2g}"
        spared = f", of what it leaves {self.spared.value:g}" if self.spared is not None else ""
        return text + (f" (parameter {self.parameter}{spared})" if self.parameter is not None else "")


class Eradicates(Block):
    """Chance that a colony is eradicated, once, when the therapy is given: awake (growing or waiting for vessels), or asleep."""

    awake: Effect | None = None
    dormant: Effect | None = None


class AdjuvantReadout(Block):
    """What shows that it does what its evidence says: distant relapse of the same women under some therapies, and under others.

    Everybody of these subtypes gets all of ``given``, or all of ``against``; the ratio of annual rates is read in these years.
    """

    given: tuple[Name, ...]
    against: tuple[Name, ...]
    subtypes: tuple[Subtype, ...] = ()
    years: tuple[Number, Number]
    expect: Literal["fewer", "same"]
    finding: Finding | None = None
    role: Literal["input", "anchor", "prediction"]
    reason: Text

    @model_validator(mode="after")
    def _some_years(self) -> AdjuvantReadout:
        if not 0 <= self.years[0] < self.years[1] <= 25:
            raise Faults([Fault(("years",), "are no period", list(self.years), "[from, to], within 0 to 25 after the operation")])
        return self


class AdjuvantTreatment(Block):
    """What a therapy does after the operation of early disease (key ``adjuvant`` of its file).

    Eradication falls on the day of the operation, whatever the length of the course. ``waking`` is the factor on the rate at which
    colonies wake during ``years``. Colonies that outlive it carry more resistance to its axis: those that are awake on the first day or,
    where it acts on waking, on any day of the course.
    """

    kind: Kind
    eradicates: Eradicates | None = None
    waking: Effect | None = None
    years: Quantity
    usual_use: Effect | None = None
    readouts: tuple[AdjuvantReadout, ...] = ()

    @model_validator(mode="after")
    def _does_something(self) -> AdjuvantTreatment:
        faults = []
        if self.waking is None and (self.eradicates is None or (self.eradicates.awake is None and self.eradicates.dormant is None)):
            faults.append(Fault((), "does nothing", expected="eradicates (awake, dormant), or waking"))
        if not 0 < self.years.value <= 25:
            faults.append(Fault(("years", "value"), "is out of range", self.years.value, "more than 0, at most 25"))
        for at, effect in self._chances():
            if effect.number is not None and effect.number.value > 1:
                faults.append(Fault((*at, "number", "value"), "is more than 1", effect.number.value, "a probability"))
            elif effect.parameter is not None and at[0] != "usual_use" and declared()[effect.parameter].index is not None:
                faults.append(Fault((*at, "parameter"), "has several values", effect.parameter, "a parameter with one value"))
        if self.waking is not None and self.waking.parameter is not None and declared()[self.waking.parameter].index is not None:
            faults.append(Fault(("waking", "parameter"), "has several values", self.waking.parameter, "a parameter with one value"))
        if faults:
            raise Faults(faults)
        return self

    def _chances(self) -> list[tuple[Key, Effect]]:
        found: list[tuple[Key, Effect | None]] = [(("usual_use",), self.usual_use)]
        if self.eradicates is not None:
            found += [(("eradicates", "awake"), self.eradicates.awake), (("eradicates", "dormant"), self.eradicates.dormant)]
        return [(key, effect) for key, effect in found if effect is not None]


class Given(Block):
    """One row of a practice: a therapy, the share of women who take it, and which women; what is left out does not matter."""

    therapy: Name
    use: Literal["usual"] | Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=1)] = "usual"
    stages: tuple[Literal["I", "II", "III"], ...] = ()
    subtypes: tuple[Subtype, ...] = ()
    menopause: Literal["pre", "post"] | None = None

    def cells(self) -> Cells:
        """Whom it is for: stage, subtype, menopause."""
        found = np.zeros((len(STAGES), len(SUBTYPES), len(MENOPAUSE)), bool)
        stages = [STAGES.index(one) for one in self.stages or STAGES]
        subtypes = [SUBTYPES.index(one) for one in self.subtypes or SUBTYPES]
        states = [MENOPAUSE.index(self.menopause)] if self.menopause is not None else [0, 1]
        found[np.ix_(stages, subtypes, states)] = True
        return found


class Practice(Block):
    """Who is given which adjuvant therapy, under a name that protocols can use."""

    id: Name
    title: Text
    what: Text
    basis: Literal["sourced", "assumed"]
    sources: tuple[str, ...] = ()
    reason: Text
    gives: tuple[Given, ...] = ()


def allowed(therapy: Therapy) -> Cells:
    """Who may get a therapy by its file: stage, subtype, menopause."""
    return Given(therapy=therapy.id, subtypes=therapy.eligible.subtypes, menopause=therapy.eligible.menopause).cells()


def practice_faults(rows: Sequence[Given], therapies: Mapping[str, Therapy]) -> list[Fault]:
    """What is wrong with the rows of a practice; every row names a therapy that exists."""
    faults: list[Fault] = []
    slots = list(dict.fromkeys(row.therapy for row in rows))
    if len(slots) > ADJUVANT_SLOTS:
        faults.append(Fault((), "names too many therapies", len(slots), f"at most {ADJUVANT_SLOTS}"))
    for k, row in enumerate(rows):
        therapy, mine = therapies[row.therapy], row.cells()
        part = therapy.adjuvant
        assert part is not None
        may = allowed(therapy)
        if not (mine & may).any() or not set(row.subtypes) <= set(therapy.eligible.subtypes or SUBTYPES):
            asked = ", ".join((*row.subtypes, *((f"{row.menopause}menopausal",) if row.menopause else ())))
            words = " and ".join(therapy.eligible.conditions)
            faults.append(Fault((k, "therapy"), "is given to women whom its file forbids it", row.therapy, f"only {words} (not {asked})"))
        if row.use == USUAL and part.usual_use is None:
            faults.append(Fault((k, "use"), f"{row.therapy} has no usual use", row.use, "a share from 0 to 1"))
        for before in rows[:k]:
            other = therapies[before.therapy]
            assert other.adjuvant is not None
            if other.adjuvant.kind != part.kind or not (mine & may & before.cells() & allowed(other)).any():
                continue
            if before.therapy == row.therapy:
                message = f"overlaps with an earlier row of {row.therapy}"
                faults.append(Fault((k,), message, row.therapy, "stages, subtypes, menopause without overlap"))
            elif USUAL in (row.use, before.use):
                message = f"is a second {part.kind} therapy of women who take {before.therapy}, and one of the shares is the usual one"
                faults.append(Fault((k, "use"), message, row.use, "shares in numbers, which add up to at most 1"))
            elif float(row.use) + float(before.use) > 1 + 1e-9:
                faults.append(Fault((k, "use"), f"adds up to more than 1 with {before.therapy}", row.use, "at most 1 in all of one kind"))
    return faults


@dataclass(frozen=True)
class Adjuvant:
    """A practice with the therapies that it names.

    Attributes
    ----------
    name : str
        Of the practice; empty for rows of a protocol's own.
    rows : tuple of (Therapy, Given)
    """

    name: str
    rows: tuple[tuple[Therapy, Given], ...] = ()

    @property
    def therapies(self) -> list[Therapy]:
        """The therapies, each once, in the order of their rows."""
        return list({therapy.id: therapy for therapy, _ in self.rows}.values())

    @property
    def hash(self) -> str:
        """Name of all that it holds, for caches."""
        held = "".join(one.model_dump_json(by_alias=True) for row in self.rows for one in row)
        return hashlib.sha256(held.encode()).hexdigest()

    @property
    def words(self) -> str:
        """Who gets what, for readers."""
        told = []
        for therapy, row in self.rows:
            who = [f"stage {' or '.join(row.stages)}"] if row.stages else []
            who += [" or ".join(row.subtypes)] if row.subtypes else []
            who += [f"{row.menopause}menopausal"] if row.menopause else []
            share = "as usual" if row.use == USUAL else f"in {float(row.use):.0%}"
            told.append(f"{therapy.label} {share}" + (f" ({', '.join(who)})" if who else ""))
        return "; ".join(told) or "none"

    def use(self, parameters: ParameterSet) -> dict[str, Table]:
        """Share of women who take each therapy: stage, subtype, menopause."""
        found: dict[str, Table] = {}
        for therapy, row in self.rows:
            part = therapy.adjuvant
            assert part is not None
            table = found.setdefault(therapy.id, np.zeros((len(STAGES), len(SUBTYPES), len(MENOPAUSE))))
            here = row.cells() & allowed(therapy)
            if row.use == USUAL:
                assert part.usual_use is not None
                table[here] = _by_stage(part.usual_use.value(parameters))[here]
            else:
                table[here] = row.use
        return found

    def fill(self, out: NDArray[Any], parameters: ParameterSet) -> None:
        """Write it into a plan record."""
        from paget.therapy.form import AXES

        below: dict[str, Table] = {}
        uses = self.use(parameters)
        out["adjuvant_n"] = len(uses)
        for k, therapy in enumerate(self.therapies):
            part = therapy.adjuvant
            assert part is not None
            low = below.get(part.kind, np.zeros_like(uses[therapy.id]))
            out["adjuvant_low"][0, k], out["adjuvant_high"][0, k] = low, low + uses[therapy.id]
            below[part.kind] = low + uses[therapy.id]
            eradicates = part.eradicates or Eradicates()
            for name, effect in (("adjuvant_awake", eradicates.awake), ("adjuvant_dormant", eradicates.dormant)):
                out[name][0, k] = effect.scalar(parameters) if effect is not None else 0.0
            out["adjuvant_kind"][0, k] = KINDS.index(part.kind)
            out["adjuvant_axis"][0, k] = AXES.index(part.kind) if part.kind in AXES else -1
            out["adjuvant_waking"][0, k] = part.waking.scalar(parameters) if part.waking is not None else 1.0
            out["adjuvant_days"][0, k] = 365.25 * part.years.value if part.waking is not None else 0.0


def _by_stage(use: float | tuple[float, ...]) -> Table:
    """A usual use as a table: one number for all; three by stage; or six, HR+ by stage and then HR- by stage."""
    table = np.zeros((len(STAGES), len(SUBTYPES), len(MENOPAUSE)))
    if isinstance(use, float):
        table[:] = use
        return table
    for s in range(len(STAGES)):
        for t in range(len(SUBTYPES)):
            table[s, t] = use[s if len(use) == len(STAGES) or t <= 1 else s + len(STAGES)]
    return table
