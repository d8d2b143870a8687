"""A page for every command, generated from its argument parser, and an index of them."""

from argparse import Action, HelpFormatter
from functools import partial
from importlib import import_module
from inspect import getdoc

from bench.commands import FAILED, INTERRUPTED, MISUSE, Parser
from bench.text import markdown
from blvbench import command_table
from docs.markdown import contents, fence, link, table

COMMANDS = command_table()
WIDTH = 90  # characters of a usage line, whatever the width of the terminal
USAGE = "usage: "  # argparse indents the lines after it by its length
INDEX = """# The commands

Run a command as `blvbench COMMAND`, or as `python -m blvbench COMMAND`. Commands print tables for
people and, with `--json`, JSON for programs. Progress goes to stderr.

"""
EXIT_CODES = {
    0: "fine",
    FAILED: "a claim was not reproduced, or a gate, a check or a measurement failed",
    MISUSE: "misuse or bad input: one line on stderr says what is wrong, where, and what to do",
    INTERRUPTED: "interrupted; the results so far are kept",
}


def command_pages() -> dict[str, str]:
    """The pages by name: `index`, and one for each command."""
    return {"index": _index(), **{name: _page(name) for name in COMMANDS}}


def _index() -> str:
    commands = [(link(name, name), markdown(summary)) for name, (_, summary) in COMMANDS.items()]
    codes = [(str(number), meaning) for number, meaning in EXIT_CODES.items()]
    return "\n".join(
        [
            INDEX + table(("command", "what it does"), commands),
            "## Exit codes\n",
            table(("code", "meaning"), codes),
            contents(COMMANDS),
        ]
    )


def _page(name: str) -> str:
    module_name, summary = COMMANDS[name]
    module = import_module(module_name)
    formatter = partial(HelpFormatter, width=WIDTH)
    parser = Parser(prog=f"blvbench {name}", formatter_class=formatter)
    module.arguments(parser)
    usage = parser.format_usage().removeprefix(USAGE)
    actions = [action for action in parser._actions if "--help" not in action.option_strings]
    description = getdoc(module.run) or ""  # in Markdown; it names the exit codes
    return "\n".join(
        [
            f"# blvbench {name}\n",
            f"{_sentence(summary)}\n",
            fence(usage.replace("\n" + " " * len(USAGE), "\n").rstrip()),
            f"{description} See the [exit codes](index.md#exit-codes).\n",
            f"```{{program}} blvbench {name}\n```\n",
            *map(_option, actions),
        ]
    )


def _option(action: Action) -> str:
    """An argument as a Sphinx `option`, which can be linked to and searched for."""
    value = "" if action.nargs == 0 else f" {_value(action)}"
    names = [f"{option}{value}" for option in action.option_strings] or [action.dest]
    required = " Required." if action.required and action.option_strings else ""
    return f"```{{option}} {', '.join(names)}\n\n{_sentence(action.help or '')}{required}\n```\n"


def _sentence(text: str) -> str:
    return f"{markdown(text[:1].upper() + text[1:])}."


def _value(action: Action) -> str:
    if action.metavar is None and action.choices:
        return "|".join(map(str, action.choices))
    return str(action.metavar or action.dest.upper())
