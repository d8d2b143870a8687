"""`blvbench suites`."""

from argparse import ArgumentParser, Namespace

from bench.commands.output import add_json, print_json, print_table
from suites import bundled_suites, load_suite


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_json(parser)


def run(arguments: Namespace) -> int:
    """List the bundled suites."""
    suites = {name: load_suite(name) for name in bundled_suites()}
    if arguments.json:
        print_json([{"name": name, **s.model_dump(mode="json")} for name, s in suites.items()])
    else:
        print_table(
            ("suite", "title", "what it measures"),
            [(name, suite.title, suite.description.strip()) for name, suite in suites.items()],
        )
    return 0
