"""The command line: one thin function a command, errors told in one message, exit codes that mean something.

Exit codes: 0 done; 2 a mistake that the user can mend; 1 a defect of Paget; 130 interrupted. Heavy modules are imported inside commands, so
that ``paget --help`` answers at once.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from paget._version import __version__
from paget.errors import PagetError

app = typer.Typer(
    name="paget",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="""An executable model of metastatic breast cancer: virtual trials beside what real trials found.

    Research software: not for clinical use.

    [bold]Begin with[/bold]

      paget protocols                  the trials that come with Paget
      paget run e2108                  simulate one, beside what it reported
      paget run e2108 --twins          and see who gained and who lost
      paget patient e2108 --id 42      the course of one virtual patient
      paget check my-trial.yaml        what is wrong with a file, and how to mend it
      paget evidence show e2108        the published facts behind a number
    """,
)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"paget {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")] = False,
) -> None:
    """Hold options that come before the command."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code (and exits with it when called as a script).

    Parameters
    ----------
    arguments : list of str, optional
        ``sys.argv[1:]`` by default.
    """
    import paget.cli.commands  # noqa: F401  registers the commands

    code = _run(arguments)
    if arguments is None:
        sys.exit(code)
    return code


def _run(arguments: list[str] | None) -> int:
    try:
        result = app(args=arguments, standalone_mode=False, prog_name="paget")
        if result == 130:  # typer's own answer to Ctrl-C
            return _interrupted()
        return result if isinstance(result, int) else 0
    except PagetError as error:
        _tell(str(error))
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        return _interrupted()
    except BrokenPipeError:
        # the reader of a pipe went away: not an error of anybody's
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        return _other(error)


def _interrupted() -> int:
    _tell("interrupted; what is finished in a run folder is kept, and --resume goes on from there")
    return 130


def _other(error: Exception) -> int:
    show = getattr(error, "format_message", None)
    if type(error).__name__ == "NoArgsIsHelpError":  # the help has been printed
        return 2
    if show is not None:  # usage errors of the option parser
        context = getattr(error, "ctx", None)
        hint = f"\n  fix:      see `{context.command_path} --help`" if context is not None else ""
        _tell(f"{show()}{hint}")
        return 2
    if isinstance(error, RuntimeError) and type(error).__name__ == "Exit":
        return int(getattr(error, "exit_code", 0))
    if os.environ.get("PAGET_DEBUG"):
        raise error
    _tell(f"a defect of Paget: {type(error).__name__}: {error}\n  Please report it; PAGET_DEBUG=1 shows where it happened.")
    return 1


def _tell(message: str) -> None:
    typer.echo(f"paget: {message}", err=True)
