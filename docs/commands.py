"""A page for every command, from its argument parser, and a table of them."""

from argparse import Action, HelpFormatter
from functools import partial
from importlib import import_module
from inspect import getdoc

from bench.commands import FAILED, INTERRUPTED, MISUSE, Parser
from bench.text import markdown
from blvbench import command_table
from docs.markdown import contents, fence, link, table

COMMANDS = command_table()
WIDTH = 90  # of a usage, whatever terminal the pages are made in
INDEX = """# The commands

`blvbench COMMAND`, or `python -m blvbench COMMAND`. What a command prints is a table for people,
with `--json` for programs; progress goes to stderr.

"""
EXIT_CODES = {
    0: "fine",
    FAILED: "a claim was not reproduced, a gate or a check failed, or a measurement did",
    MISUSE: "misuse or bad input: one line on stderr says what, where, and what to do",
    INTERRUPTED: "interrupted; the results so far are kept",
}


def command_pages() -> dict[str, str]:
    """The pages by name: `index`, and the commands."""
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
    asked = [action for action in parser._actions if "--help" not in action.option_strings]
    does = getdoc(module.run) or ""  # its exit codes are said there
    return "\n".join(
        [
            f"# blvbench {name}\n",
            f"{summary[:1].upper()}{markdown(summary[1:])}.\n",
            fence(parser.format_usage().removeprefix("usage: ").rstrip()),
            f"{markdown(does)} [Exit codes](index.md#exit-codes).\n",
            f"```{{program}} blvbench {name}\n```\n",
            *map(_option, asked),
        ]
    )


def _option(action: Action) -> str:
    """An argument as Sphinx's own kind of entry, which can be linked to and searched for."""
    takes = "" if action.nargs == 0 else f" {_value(action)}"
    names = [f"{option}{takes}" for option in action.option_strings] or [action.dest]
    needed = " Required." if action.required and action.option_strings else ""
    return f"```{{option}} {', '.join(names)}\n\n{markdown(action.help or '')}.{needed}\n```\n"


def _value(action: Action) -> str:
    if action.metavar is None and action.choices:
        return "|".join(map(str, action.choices))
    return str(action.metavar or action.dest.upper())
