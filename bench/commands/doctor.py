"""`blvbench doctor`."""

from argparse import ArgumentParser, Namespace

from bench.commands import FAILED
from bench.commands.output import add_json, print_json, print_table, progress_bar


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_json(parser)


def run(arguments: Namespace) -> int:
    """Run the checks. The exit code is 1 if one fails."""
    from bench.instruments.doctor import CHECKS

    with progress_bar(len(CHECKS), "doctor") as advance:
        checks = [advance(check()) for check in CHECKS]
    if arguments.json:
        print_json([vars(check) for check in checks])
    else:
        rows = [("ok" if c.passed else "FAILED", c.name, c.finding, c.advice) for c in checks]
        print_table(("", "check", "finding", "what to do"), rows)
    return 0 if all(check.passed for check in checks) else FAILED
