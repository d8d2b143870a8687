"""The command line. Exit codes: 0 fine, 1 a claim or a check failed, 2 misuse or bad input.

Each command is a module with `arguments(parser)` and `run(arguments) -> exit code`, imported when
it is called, so that `--help` answers at once.
"""

import os
import sys
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from importlib import import_module
from io import TextIOWrapper
from typing import NoReturn

FAILED, MISUSE, INTERRUPTED = 1, 2, 130

Commands = Mapping[str, tuple[str, str]]  # the module and the summary of each command

COMMANDS: Commands = {
    "models": ("bench.commands.models", "list the networks, their depths and options"),
    "suites": ("bench.commands.suites", "list the suites that come with the project"),
    "measure": ("bench.commands.measure", "measure one network at one point"),
    "run": ("bench.commands.run", "measure the figures of a suite that a store lacks"),
    "fit": ("bench.commands.fit", "say whether a step fits in a GPU's memory, and how much does"),
    "compare": ("bench.commands.compare", "choose a network for a budget"),
    "import": ("bench.commands.import_", "import the figures of another machine, for reports here"),
    "train": ("bench.commands.train", "train a network on videos"),
    "evaluate": ("bench.commands.evaluate", "measure the accuracy of trained weights on videos"),
    "subset": (
        "bench.commands.subset",
        "draw a fixed subset of a data set, for comparable figures",
    ),
    "gate": ("bench.commands.gate", "fail if a network is worse than a baseline"),
    "claims": ("bench.commands.claims", "judge the published claims by the figures of a store"),
    "doctor": ("bench.commands.doctor", "check that the instruments work on this machine"),
}


class Parser(ArgumentParser):
    """An argument parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """Raise `UsageError` instead of printing the usage."""
        raise UsageError(f"{message} (see '{self.prog} --help')")


class UsageError(ValueError):
    """A command line that cannot be understood."""


def main(argv: Sequence[str] | None = None, commands: Commands = COMMANDS) -> int:
    """Run one of `commands` and return its exit code; bad input is one line on stderr.

    From then on, what the encoding of the output does not have is escaped.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        return _dispatch(list(sys.argv[1:] if argv is None else argv), commands)
    except ValueError as error:  # the base of all errors of the project
        print(f"blvbench: {_line(error)}", file=sys.stderr)
        return MISUSE
    except KeyboardInterrupt:
        print("blvbench: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of the output, such as head, has ended
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at exit
        return 0


def _line(error: ValueError) -> str:
    """The message of an error of the project as one line; any other error is raised again."""
    from bench.errors import BenchError
    from bench.text import printable
    from models import NetworkError
    from suites.errors import SuiteError

    if not isinstance(error, UsageError | BenchError | NetworkError | SuiteError):
        raise error
    return printable(str(error))


def _dispatch(argv: list[str], commands: Commands) -> int:
    if not argv or argv[0] not in commands:
        return _overview(argv, commands)
    module_name, summary = commands[argv[0]]
    module = import_module(module_name)
    parser = Parser(prog=f"blvbench {argv[0]}", description=_sentence(summary))
    module.arguments(parser)
    code: int = module.run(parser.parse_args(argv[1:]))
    return code


def _overview(argv: list[str], commands: Commands) -> int:
    """Answer `--help` and `--version`, and refuse an unknown command."""
    parser = Parser(prog="blvbench", description="Measure video-recognition networks.")
    parser.add_argument("--version", action="store_true", help="print the version")
    names = parser.add_subparsers(title="commands", metavar="COMMAND")
    for name, (_, summary) in commands.items():
        names.add_parser(name, help=summary)
    if parser.parse_args(argv).version:
        from bench.machine.environment import installed_version

        print(f"blvbench {installed_version('blvbench')}")
    else:
        parser.print_help()
    return 0


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
