"""The sessions that use and check the project. All share one environment, made once."""

import shutil
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["lint", "types", "tests"]

ENVIRONMENT = ".nox/blvbench"
BUILD = Path("build")
STORE = BUILD / "paper.sqlite"
REPORT = BUILD / "report"

session = nox.session(venv_location=ENVIRONMENT)


def install(session: nox.Session) -> None:
    """Install the project and all that its sessions need, compiled, so that starting is quick."""
    groups = nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), "dev")
    session.install("-e", ".", *groups, env={"UV_COMPILE_BYTECODE": "1"})


@session
def report(session: nox.Session) -> None:
    """Measure the paper's claims and write the report to build/report."""
    install(session)
    session.run("blvbench", "run", "paper", "--store", str(STORE), *session.posargs)
    session.run("blvbench", "report", "--store", str(STORE), "--out", str(REPORT))


@session
def tests(session: nox.Session) -> None:
    """Run the tests; what follows -- goes to pytest."""
    install(session)
    session.run("pytest", *session.posargs)


@session
def lint(session: nox.Session) -> None:
    """Check style and formatting."""
    install(session)
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@session
def types(session: nox.Session) -> None:
    """Check types, strictly."""
    install(session)
    session.run("mypy")


@session
def bench(session: nox.Session) -> None:
    """Time the instruments with pytest-benchmark; what follows -- goes to pytest."""
    install(session)
    session.run("pytest", "tests/perf", "--benchmark-enable", *session.posargs)


@session(default=False)
def clean(session: nox.Session) -> None:
    """Remove what the other sessions made, but for their environment."""
    shutil.rmtree(BUILD, ignore_errors=True)
