"""How many of the model's numbers are sourced, placed, fitted or assumed: told by every page and command from one count."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from paget.parameters.registry import Parameter, declared

if TYPE_CHECKING:
    from paget.parameters.posterior import Posterior

BASES = ("sourced", "fitted", "placed", "assumed")
MEANING = {
    "sourced": "read from the studies named",
    "fitted": "moved by the fit of the posterior; the draws carry what is left open (numbers only varied keep their basis)",
    "placed": "set by hand on anchors, within a prior",
    "assumed": "neither; the reason is given, and the prior says how far it may be off",
}


@dataclass(frozen=True)
class Share:
    """How many of the parameters, and of their single numbers, stand on one basis."""

    basis: str
    parameters: int
    numbers: int
    with_source: int
    share: float


def basis_of(parameter: Parameter, fitted: Collection[str] = ()) -> str:
    """Basis of a parameter; ``fitted`` where a posterior moved it, whatever it was declared as."""
    return "fitted" if parameter.name in fitted else parameter.basis


def shares(posterior: Posterior | None = None) -> list[Share]:
    """Counts by basis, switches left out; with a posterior, what it moved counts as fitted.

    Examples
    --------
    >>> round(sum(one.share for one in shares()), 10)
    1.0
    """
    moved = fitted_names(posterior)
    everything = [p for p in declared().values() if p.basis != "switch"]
    out = []
    for basis in BASES:
        mine = [p for p in everything if basis_of(p, moved) == basis]
        numbers = sum(len(p.values) for p in mine)
        out.append(Share(basis, len(mine), numbers, sum(bool(p.sources) for p in mine), len(mine) / len(everything)))
    return out


def fitted_names(posterior: Posterior | None) -> frozenset[str]:
    """Parameters that a fit moved: none where draws are of the prior, and none of those that a fit only varies.

    A posterior holds draws of varied numbers too, from their priors: data say nothing of them. The manifest tells which are free;
    without that word of it every column counts as moved.
    """
    if posterior is None or not posterior.fitted:
        return frozenset()
    columns = posterior.manifest.get("free", posterior.frame.columns)
    return frozenset(column.partition("[")[0] for column in columns)


def choose(
    parameters: Iterable[Parameter], *, basis: str | None = None, words: str | None = None, source: str | None = None,
    fitted: Collection[str] = (),
) -> list[Parameter]:
    """Those that pass all filters: basis, words in name, meaning or reason, evidence id among the sources."""
    sought = (words or "").casefold().split()

    def holds(p: Parameter) -> bool:
        text = f"{p.name} {p.name.replace('_', ' ')} {p.what} {p.reason} {p.unit}".casefold()
        return (
            (basis is None or basis_of(p, fitted) == basis)
            and all(word in text for word in sought)
            and (source is None or source in p.sources)
        )

    return [p for p in parameters if holds(p)]
