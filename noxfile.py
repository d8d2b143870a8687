"""The sessions that use and check the project. Each one has its own environment."""

import shutil
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["lint", "types", "gate", "tests"]

BUILD = Path("build")
STORE = BUILD / "paper.sqlite"
REPORT = BUILD / "report"
DOCS = BUILD / "docs"
GUARD = BUILD / "guard.sqlite"
BASELINE = Path("suites", "baselines", "guard.json")

# A process that has run all of its tests takes over tests of another one.
IN_PROCESSES = ("-n", "auto", "--dist", "worksteal")
# Journeys start processes of their own. The tests of a file run in one process, because they share
# fixtures that are slow to make. The longest files come first: see tests/journeys/conftest.py.
IN_JOURNEYS = ("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder")

TO_FINISH_S = 600.0  # an interrupted report may take this long: the time limit of a point

KILLS = 200  # kills of a sweep in a night
FUZZ_INPUTS = 10_000  # damaged files for each reader

LIBRARIES = "[transformers]"  # the extras that networks are built by

PYPROJECT = nox.project.load_toml("pyproject.toml")


def install(session: nox.Session, *groups: str, extras: str = "") -> None:
    """Install the project, its `extras` and `groups` of packages.

    They are compiled: torch then starts far faster.
    """
    packages = nox.project.dependency_groups(PYPROJECT, *groups) if groups else ()
    session.install("-e", f".{extras}", *packages, env={"UV_COMPILE_BYTECODE": "1"})


@nox.session
def report(session: nox.Session) -> None:
    """Measure the paper's claims in stages; write build/report after each stage.

    Arguments after -- go to 'blvbench report', such as --plots.
    """
    _measured_report(session, "quick")


@nox.session(default=False)
def full_report(session: nox.Session) -> None:
    """Measure the whole grid, every published count and the whole latency suite for build/report.

    Runs in stages and writes the plots as files. Arguments after -- go to 'blvbench report'.
    """
    _measured_report(session, "full", "--plots")


def _measured_report(session: nox.Session, plan: str, *options: str) -> None:
    install(session, extras=LIBRARIES if plan == "full" else "")
    command = ["blvbench", "report", "--measure", plan, "--store", str(STORE), "--out", str(REPORT)]
    # Ctrl-C ends it after the points in flight, with a complete page.
    session.run(*command, *options, *session.posargs, interrupt_timeout=TO_FINISH_S)


@nox.session(default=False)
def compare(session: nox.Session) -> None:
    """Choose a network for the budget given after --, such as --macs 33G."""
    install(session, extras=LIBRARIES)
    session.run("blvbench", "compare", "--store", str(STORE), *session.posargs)


@nox.session(default=False)
def accuracy(session: nox.Session) -> None:
    """Train the networks of the accuracy suite; add their accuracies to build/report.

    Arguments after -- go to 'blvbench run', such as --jobs 1.
    """
    install(session)
    session.run("blvbench", "run", "accuracy", "--store", str(STORE), *session.posargs)
    session.run("blvbench", "report", "--store", str(STORE), "--out", str(REPORT))


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests of the modules; arguments after -- go to pytest."""
    install(session, "test")
    session.run("pytest", *IN_PROCESSES, *session.posargs)


@nox.session
def full(session: nox.Session) -> None:
    """Run the tests that go through the whole program; arguments after -- go to pytest."""
    install(session, "full")
    session.run("pytest", "tests/journeys", *IN_JOURNEYS, *session.posargs)


@nox.session
def gate(session: nox.Session) -> None:
    """Fail if a network became costlier than suites/baselines/guard.json says.

    Arguments after -- go to 'blvbench gate', such as --update suites/baselines/guard.json.
    """
    install(session)
    session.run("blvbench", "run", "guard", "--store", str(GUARD))
    sides = session.posargs or ("--baseline", str(BASELINE))
    session.run("blvbench", "gate", "--store", str(GUARD), *sides)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and formatting."""
    session.install(*nox.project.dependency_groups(PYPROJECT, "lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check types, strictly."""
    install(session, "types")
    session.run("mypy")


@nox.session(default=False)
def docs(session: nox.Session) -> None:
    """Build the documentation into build/docs; a warning is an error."""
    install(session, "docs")
    session.run("sphinx-build", "-W", "--keep-going", "docs", str(DOCS))


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Time the instruments and the commands; arguments after -- go to pytest."""
    install(session, "perf")
    session.run("pytest", "tests/perf", *session.posargs)


@nox.session(default=False)
def nightly(session: nox.Session) -> None:
    """Kill a sweep 200 times; give every reader 10,000 damaged files, twice.

    They are damaged at random, then guided by coverage. Takes an hour or two, then runs `bench`.
    """
    install(session, "test", "nightly")
    kills, inputs = str(KILLS), str(FUZZ_INPUTS)
    session.run("pytest", "-s", "tests/journeys/test_kills.py", env={"BLVBENCH_KILLS": kills})
    session.run("pytest", "tests/fuzz", "-n", "2", env={"BLVBENCH_FUZZ_INPUTS": inputs})
    session.run("python", "-m", "tests.fuzz.guided", f"-runs={inputs}")
    session.notify("bench")


@nox.session(default=False)
def clean(session: nox.Session) -> None:
    """Remove what the other sessions made, except their environments."""
    shutil.rmtree(BUILD, ignore_errors=True)
