"""What a design is asked for, checked and resolved before anything is simulated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from paget._version import __version__
from paget.design.assurance import NOT_COMPUTED, checked_draws
from paget.design.boundaries import check_power
from paget.design.options import EVERYBODY, TESTS, DesignOptions
from paget.design.search import LEAST
from paget.design.vary import Scenario, scenarios
from paget.endpoints import FIRST
from paget.engine.compile import compile_plan
from paget.engine.draws import Draw, Posterior, Source, resolve_source
from paget.engine.work import default_folder, seed_of, whole
from paget.errors import PagetError, unknown
from paget.parameters import ParameterSet
from paget.study import Protocol, load_protocol, plain, protocol_hash
from paget.study.streams import lineage

TRIALS, POOL, MOST_PATIENTS = 1000, 10_000, 10_000
MOST_TRIALS = 100_000


@dataclass(frozen=True)
class DesignRequest:
    """A checked request.

    Attributes
    ----------
    protocol : Protocol
    scenarios : list of Scenario
    trials : int
        Of each scenario, and as many under no effect.
    null : bool
    pool : int
        Patients of the prepared population, at least.
    seed : int
    endpoint : str
    tests : tuple of str
    power : float
        Aimed at by the search; drawn in figures.
    search : tuple of str
        Populations: ``all`` and ids of subgroups.
    most_patients : int
        Largest trial that the search looks at.
    switching : int
        Trials in which analyses of crossover are compared; 0: none.
    source : Source
        Where the parameters come from: one set for the scenarios (`parameters`), and draws for assurance (none: not computed).
    fixed : dict
        Parameters that the protocol and the user set, under every draw.
    draw_trials, draw_pool : int
        Trials and patients of each draw.
    own_draws : bool
        Draws were given as sets, not taken from the posterior.
    """

    protocol: Protocol
    scenarios: list[Scenario]
    vary: dict[str, list[Any]]
    options: DesignOptions
    source: Source
    fixed: dict[str, Any]
    trials: int
    null: bool
    pool: int
    seed: int
    endpoint: str
    tests: tuple[str, ...]
    power: float
    search: tuple[str, ...]
    most_patients: int
    switching: int
    draw_trials: int
    draw_pool: int
    own_draws: bool
    where: str

    @property
    def parameters(self) -> ParameterSet:
        """The one set under which scenarios are simulated."""
        return self.source.central

    @property
    def draws(self) -> tuple[Draw, ...]:
        """For assurance."""
        return self.source.draws

    @property
    def words(self) -> str:
        """Where the one set comes from."""
        return replace(self.source, draws=()).words

    @property
    def draw_words(self) -> str:
        """Where the draws come from."""
        return f"{len(self.draws)} draws given by the user" if self.own_draws else self.source.words

    @property
    def assurance_note(self) -> str:
        """What to say where assurance was not computed."""
        if self.source.central_draw is None:
            return f"point parameters: {NOT_COMPUTED}" if self.source.name == "point" else f"one set of parameters: {NOT_COMPUTED}"
        return f"{self.words}: {NOT_COMPUTED} (--draws N does)"

    def as_dict(self) -> dict[str, Any]:
        """Plain data, written to ``request.json``; its hash names the folder."""
        return {
            "paget": __version__,
            "protocol": plain(self.protocol),
            "protocol_hash": protocol_hash(self.protocol),
            "parameters": self.source.name,
            "parameters_hash": self.source.hash,
            "parameters_changed": {name: self.fixed[name] for name in sorted(self.fixed)},
            "vary": self.vary,
            "options": {name: _plain(getattr(self.options, name)) for name in DesignOptions.names()},
            "trials": self.trials, "null": self.null, "pool": self.pool, "seed": self.seed, "endpoint": self.endpoint,
            "tests": list(self.tests), "power": self.power, "search": list(self.search), "most_patients": self.most_patients,
            "switching": self.switching, "draws": [draw.number for draw in self.draws], "draw_trials": self.draw_trials,
            "draw_pool": self.draw_pool,
        }  # fmt: skip

    @property
    def default_folder(self) -> Path:
        """``runs/design-<protocol>-s<seed>-<hash8>``."""
        return default_folder("runs", f"design-{self.protocol.id}", self.seed, self.as_dict())

    def scenarios_under(self, draw: ParameterSet) -> list[Scenario]:
        """The same scenarios under a draw (which holds what the user and the protocol set)."""
        return scenarios(self.protocol, self.vary, self.options, draw)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _source(parameters: ParameterSet | Posterior | str | Path | None, draws: int | Iterable[ParameterSet], seed: int) -> Source:
    """The one set and the draws; sets of one's own get populations of their own, as draws of a posterior do."""
    if isinstance(draws, int):
        whole("draws", draws, 0, MOST_TRIALS)
        return resolve_source(parameters, draws=draws or None, replicates=draws, seed=seed)
    given = checked_draws(draws)
    own = tuple(Draw(k, one, lineage("population of a draw", seed, k)) for k, one in enumerate(given))
    return replace(resolve_source(parameters, draws=None, replicates=0, seed=seed), draws=own, available=len(own))


def _check_kind(protocol: Protocol, where: str) -> None:
    """Refuse studies that a design cannot be of: it lives two arms from randomisation, each arm one strategy for everybody."""
    kinds = {
        "a design compares two arms, and this study has one": protocol.single_arm,
        "a design is of metastatic disease, and this study's patients enter with early disease": protocol.early,
        "a design gives everybody of an arm the same first regimen, and this study chooses it": any(a.systemic_if for a in protocol.arms),
    }
    for message, so in kinds.items():
        if so:
            raise PagetError(message, where=where, key="arms", fix="design another protocol; `paget run` simulates this one")


def resolve(
    protocol: str | Path | Protocol,
    *,
    vary: Mapping[str, Sequence[Any]] | None = None,
    options: DesignOptions | None = None,
    trials: int = TRIALS,
    null: bool = True,
    pool: int = POOL,
    seed: int = 1,
    endpoint: str | None = None,
    tests: Sequence[str] = TESTS,
    power: float = 0.8,
    search: Sequence[str] = (),
    most_patients: int = MOST_PATIENTS,
    switching: int = 0,
    draws: int | Iterable[ParameterSet] = 0,
    draw_trials: int = 200,
    draw_pool: int = 2000,
    parameters: ParameterSet | Posterior | str | Path | None = None,
    changes: Mapping[str, Any] | None = None,
    switches: Mapping[str, float] | None = None,
) -> DesignRequest:
    """Check everything that can be checked before simulating.

    Parameters
    ----------
    parameters : ParameterSet, Posterior, str, Path or None
        As for a run: one set, ``point``, or a posterior (``blind`` by default), whose draw nearest to the middle is the one set.
    draws : int or iterable of ParameterSet
        For assurance: so many draws of the posterior, or sets of one's own.

    Other parameters are those of `DesignRequest`.

    Raises
    ------
    PagetError
        Whatever is wrong with the protocol, the keys varied, the boundaries or the numbers.
    """
    loaded = protocol if isinstance(protocol, Protocol) else load_protocol(protocol)
    where = loaded.id if isinstance(protocol, Protocol) else str(protocol)
    whole("trials", trials, 2, MOST_TRIALS)
    whole("pool", pool, 100)
    seed_of(seed)
    whole("switching", switching, 0, MOST_TRIALS)
    whole("most_patients", most_patients, LEAST)
    base = options or DesignOptions()
    check_power(power, base.alpha)
    chosen_tests = tuple(dict.fromkeys(["logrank", *tests]))
    for test in chosen_tests:
        if test not in TESTS:
            raise unknown("test", test, TESTS)
    _check_kind(loaded, where)
    wanted = endpoint or str(loaded.estimand.endpoint)
    if wanted not in FIRST:
        raise unknown("endpoint of a design", wanted, FIRST, where=where)
    source = _source(parameters, draws, seed).changed({}, loaded.switches, where=where).changed(changes or {}, switches or {})
    fixed = {f"switch_{name}": value for name, value in {**loaded.switches, **(switches or {})}.items()} | dict(changes or {})
    listed = {key: list(values) for key, values in (vary or {}).items()}
    made = scenarios(loaded, listed, base, source.central)
    for one in made:
        compile_plan(one.protocol, one.parameters)
        check_power(power, one.options.alpha)
    groups = [EVERYBODY, *(group.id for group in loaded.analyses.subgroups)]
    for name in search:
        if name not in groups:
            raise unknown("subgroup", name, groups, where=where)
    crossover = made[0].protocol.control.crossover
    if switching and (crossover is None or crossover.fraction == 0 or not crossover.surgical):
        raise PagetError(
            "nobody of the control arm crosses over, so there is no switching to adjust for", where=where, key="arms.crossover",
            fix="leave --switching out, or give the control arm a crossover",
        )  # fmt: skip
    if source.draws:
        whole("draw_trials", draw_trials, 2, MOST_TRIALS)
        whole("draw_pool", draw_pool, 100)
    return DesignRequest(
        loaded, made, listed, base, source, fixed, trials, null, pool, seed, wanted, chosen_tests, float(power),
        tuple(dict.fromkeys(search)), most_patients, switching, draw_trials, draw_pool,
        not isinstance(draws, int), where,
    )  # fmt: skip
