"""Assures that commands are told alike: one name, one meaning, one help text for an option, wherever it stands."""

import re
from pathlib import Path

import pytest
import typer

import paget.cli.commands
from paget.cli.app import app

SHARED = ("seed", "threads", "quiet", "resume", "overwrite", "switch", "set_", "evidence", "draw", "histories")
"""Options that mean one thing wherever they stand; others are of the command's own subject."""
FOLDERS = {"run", "registry", "design", "calibrate", "validate"}
"""Commands that write a folder which can be resumed."""


def commands(group=None, path=()):
    """Every command with its words."""
    group = group or typer.main.get_command(app)
    for name, one in group.commands.items():
        if hasattr(one, "commands"):
            yield from commands(one, (*path, name))
        else:
            yield " ".join((*path, name)), one


COMMANDS = dict(commands())


def options(command):
    """Its options by name, without ``--help``."""
    return {one.name: one for one in command.params if one.param_type_name == "option"}


def test_an_option_of_one_name_means_one_thing():
    """The same flags, number of values and help in every command that has it."""
    for option in SHARED:
        told = {
            (tuple(one.opts), one.multiple, one.help): name
            for name, command in COMMANDS.items()
            if (one := options(command).get(option)) is not None
        }
        assert len(told) == 1, (option, told)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_explained(name):
    """A sentence for each option and argument, and a first line for the command."""
    assert COMMANDS[name].help
    for one in COMMANDS[name].params:
        assert one.help and one.help.endswith((".", "?")), f"{name}: {one.name}"


@pytest.mark.parametrize("name", sorted(FOLDERS))
def test_a_folder_can_be_resumed_or_thrown_away(name):
    """Commands that write a run folder can go on, begin anew, be put elsewhere, be seeded, be silent."""
    assert {"out", "resume", "overwrite", "seed", "threads", "quiet"} <= set(options(COMMANDS[name]))


def test_whoever_shows_progress_can_be_silent():
    """No command draws bars without asking whether it may."""
    for path in Path(paget.cli.commands.__file__).parent.glob("*.py"):
        assert not re.search(r"Bars\((?!quiet=)", path.read_text(encoding="utf-8")) or path.name == "progress.py", path.name
