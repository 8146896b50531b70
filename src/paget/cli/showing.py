"""What ``show``, ``patient``, ``check`` and ``anchors`` print."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from paget.cli.options import console, processors
from paget.errors import PagetError, nearest

if TYPE_CHECKING:
    import polars as pl

    from paget.study import Protocol


THERAPY_KEYS = {"class", "route", "tier", "what", "kills", "steps", "local", "costs", "eligible", "growth_factor", "adjuvant"}
REGISTRY_KEYS = {"periods", "operation", "records"}
PROTOCOL_KEYS = {"question", "estimand", "population", "time_zero", "randomisation", "arms", "accrual", "follow_up", "assessments"}


def show_thing(name: str) -> None:
    """Print what a name stands for: a protocol, parameter, therapy, instrument, regimen or standard of care; or a file."""
    from paget.cli.adjuvant_card import show_practice
    from paget.cli.instrument_card import show_instrument
    from paget.cli.therapy_card import show_therapy
    from paget.clinic.instruments import instruments, read_instrument
    from paget.parameters import declared
    from paget.study import load_protocol, resolve, shipped, to_yaml
    from paget.study.registry import load_registry, registry_to_yaml, shipped_registries
    from paget.therapy import library

    out, known, devices = console(), library(), instruments()
    file = name.endswith((".yaml", ".yml"))
    kind = _kind_of(Path(name)) if file and Path(name).is_file() else None
    if kind == "evidence":
        _studies(Path(name))
    elif kind == "therapy":
        known = library((name,))
        show_therapy(out, known.therapies[known.own[0]], known)
    elif kind == "instrument":
        show_instrument(out, read_instrument(name))
    elif name in shipped_registries() or kind == "registry":
        _yaml(out, registry_to_yaml(load_registry(name)))
    elif name in shipped() or file:
        _yaml(out, to_yaml(resolve(load_protocol(name))))
    elif name in declared():
        _parameter(out, name)
    elif name in known.therapies:
        show_therapy(out, known.therapies[name], known)
    elif name in devices:
        show_instrument(out, devices[name])
    elif name in known.regimens:
        _model(out, known.regimens[name])
    elif name in known.standards:
        _model(out, known.standards[name])
    elif name in known.practices:
        show_practice(out, known.practices[name], known)
    else:
        everything = [
            *shipped(), *shipped_registries(), *declared(), *known.therapies, *devices, *known.regimens, *known.standards, *known.practices,
        ]  # fmt: skip
        guess = nearest(name, everything)
        raise PagetError(
            f"nothing is named {name!r}",
            expected="a protocol, registry, parameter, therapy, instrument, regimen, standard of care or adjuvant practice",
            fix=f"did you mean {guess!r}?" if guess else "`paget protocols` lists the protocols",
        )


def _yaml(out: Any, text: str) -> None:
    """Print YAML: in colours on a terminal; into a file with its lines as they are, so that it can be read again."""
    if out.is_terminal:
        from rich.syntax import Syntax

        out.print(Syntax(text, "yaml", background_color="default", word_wrap=True))
    else:
        typer.echo(text)


def _studies(file: Path) -> int:
    """Print the studies of a user's file of evidence; returns their number."""
    from paget.evidence import load
    from paget.evidence.show import render_list

    mine = [study for study in load((file,)) if study.id not in load()]
    console().print(render_list(mine))
    return len(mine)


def _model(out: Any, thing: Any) -> None:
    import yaml

    _yaml(out, yaml.safe_dump(thing.model_dump(mode="json", exclude_none=True), sort_keys=False, allow_unicode=True, width=110))


def _parameter(out: Any, name: str) -> None:
    from paget.evidence import load, reference
    from paget.parameters import INDEX_LABELS, declared

    p = declared()[name]
    out.print(f"{p.name}  ({p.unit})", style="bold", markup=False)
    out.print(p.what, markup=False)
    labels = INDEX_LABELS[p.index] if p.index else ("value",)
    for label, value in zip(labels, p.values, strict=True):
        out.print(f"  {label:<22} {value:g}")
    prior = {key: value for key, value in p.prior.model_dump().items() if value is not None}
    out.print(f"basis: {p.basis}. {p.reason}\nprior: {prior}", markup=False)
    for source in p.sources:
        out.print(f"  {source}: {reference(load()[source])}", soft_wrap=True, markup=False)


def show_patient(
    protocol: str, place: int, arm: str | None, seed: int, out: Path | None, threads: int | None, parameters: str | None, draw: int | None
) -> None:
    """Print the timeline of one patient of a trial and draw her course."""
    from paget.engine.folder import disk_errors
    from paget.engine.one import course_of
    from paget.report.figures import patient_course
    from paget.report.save import save
    from paget.report.style import stamp

    told = course_of(
        protocol, place, arm=arm, seed=seed, parameters=parameters, draw=draw, threads=processors(threads)
    )
    console().print(f"[bold]{told.title}[/bold]")
    for line in told.lines:
        console().print(line, soft_wrap=True)
    folder = out or Path("runs") / "patients"
    drawing = patient_course.draw(told.course)
    with disk_errors(folder):
        files = save(drawing if told.stamp is None else stamp(drawing, told.stamp), folder, told.file_name)
    console().print(f"Figure: {files['png']}", soft_wrap=True)


def check_file(file: Path, dry_run: bool) -> None:
    """Validate a file of whatever kind a user may write and print what it means; a shipped one by its name too."""
    if not file.exists():
        if _check_shipped(str(file), dry_run):
            return
        raise PagetError(
            "there is no such file", where=file, expected="a file, or the name of a shipped protocol, registry or therapy",
            fix="`paget protocols` lists the protocols, `paget therapies` the therapies",
        )  # fmt: skip
    if file.is_dir():
        raise PagetError("this is a folder", where=file, expected="a YAML file")
    kind = _kind_of(file)
    if kind == "evidence":
        count = _studies(file)
        typer.echo(f"{file}: {count} {'study' if count == 1 else 'studies, all'} well formed")
        return
    if kind == "targets":
        from paget.cli.calibrating import list_targets

        list_targets(file)
        typer.echo(f"{file}: a valid list of targets")
        return
    if kind == "instrument":
        from paget.cli.instrument_card import show_instrument
        from paget.clinic.instruments import read_instrument

        show_instrument(console(), read_instrument(file))
        typer.echo(f"{file}: a valid instrument")
        return
    if kind == "therapy":
        from paget.cli.therapy_card import show_therapy
        from paget.therapy import library

        shelf = library((file,))
        show_therapy(console(), shelf.therapies[shelf.own[0]], shelf)
        typer.echo(f"{file}: a valid therapy")
        return
    if kind == "registry":
        from paget.cli.registry import check_registry

        check_registry(file)
        return
    _check_protocol(str(file), dry_run)


def _check_shipped(name: str, dry_run: bool) -> bool:
    """Check what is shipped under a name; returns whether there is anything."""
    from paget.cli.therapy_card import show_therapy
    from paget.study import shipped
    from paget.study.registry import shipped_registries
    from paget.therapy import library

    shelf = library()
    if name in shipped():
        _check_protocol(name, dry_run)
    elif name in shipped_registries():
        from paget.cli.registry import check_registry

        check_registry(Path(name))
    elif name in shelf.therapies:
        show_therapy(console(), shelf.therapies[name], shelf)
        typer.echo(f"{name}: a valid therapy")
    else:
        return False
    return True


def _check_protocol(name: str, dry_run: bool) -> None:
    """Print a protocol as resolved and, on a small population, how many would be eligible."""
    from paget.engine.compile import check_known_names
    from paget.study import load_protocol, resolve, to_yaml

    protocol = load_protocol(name)
    check_known_names(protocol, name)
    typer.echo(to_yaml(resolve(protocol)))
    if dry_run:
        _dry_run(protocol, name)
    typer.echo(f"{name}: a valid protocol")


def _kind_of(file: Path) -> str:
    """An evidence file is a list of studies; the others are mappings, told apart by keys that only one of them has."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PagetError("this file cannot be read as text", where=file, got=str(error), expected="YAML in UTF-8") from None
    lines = [line for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]
    if not lines:
        raise PagetError("this file is empty", where=file, expected="a protocol, registry, therapy, instrument, studies or targets")
    if lines[0].strip().startswith("- "):
        return "evidence"
    keys = {line.split(":")[0] for line in lines if not line[0].isspace()}
    if "kind" in keys:
        return "instrument"
    if {"targets", "lives"} <= keys:
        return "targets"
    if len(keys & REGISTRY_KEYS) >= 2:
        return "registry"
    return "therapy" if len(keys & THERAPY_KEYS) > len(keys & PROTOCOL_KEYS) else "protocol"


def _dry_run(protocol: Protocol, where: str) -> None:
    from rich.table import Table

    from paget.engine.compile import population_of
    from paget.parameters import ParameterSet
    from paget.population import BLOCK
    from paget.study import attrition, check_not_empty

    people = population_of(protocol, ParameterSet.point(), 1).block(0, threads=processors(None))
    check_not_empty(people, protocol.population.conditions, where=where)
    steps: pl.DataFrame = attrition(people, protocol.population.conditions)
    kind = "women with operated early disease" if protocol.early else "metastatic patients"
    table = Table(title=f"Eligibility, tried on {people.height:,} {kind}", title_justify="left", box=None)
    for column in ("condition", "removes alone", "removes in turn", "left"):
        table.add_column(column, justify="left" if column == "condition" else "right")
    for row in steps.iter_rows(named=True):
        table.add_row(row["condition"], str(row["removed_alone"]), str(row["removed_in_sequence"]), str(row["remaining"]))
    console().print(table)
    typer.echo(f"({BLOCK:,} natural histories, seed 1)")


def show_anchors(seed: int, only: list[str] | None, threads: int | None, quiet: bool) -> None:
    """Run the sub-simulations of the anchors and print the table."""
    from paget.calibration import anchors, render
    from paget.cli.progress import Bars

    with Bars(quiet=quiet) as progress:
        records = anchors(seed=seed, only=only or None, threads=processors(threads), progress=progress)
    console().print(render(records))
