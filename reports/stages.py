"""A report, measured in stages and written after each, so that the first results appear early."""

import io
import sys
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import redirect_stdout
from pathlib import Path

from bench.commands import INTERRUPTED, main
from bench.records.store import Store
from suites.stages import Stage

Write = Callable[[Collection[str]], object]  # takes the sections that are still to be measured


def measure_in_stages(stages: Sequence[Stage], store: Path, page: Path, write: Write) -> int:
    """Measure `stages` into `store`, and `write` the `page` after each stage with new results.

    Returns 0, or the exit code of the first stage that fails or is interrupted. The page then has
    the results of the stages before.
    """
    try:
        return _measure(stages, store, page, write)
    except KeyboardInterrupt:  # between two commands: a command handles its own
        write(())
        raise


def _measure(stages: Sequence[Stage], store: Path, page: Path, write: Write) -> int:
    known, is_written = _identities(store), False
    for number, stage in enumerate(stages, start=1):
        start, before = time.monotonic(), known
        code, output = _run(stage, store)
        if code:
            _report_end(stage, code, output)
            write(())
            return code
        rest, known = stages[number:], _identities(store)
        if not rest or known != before:
            write([name for later in rest for name in later.sections])
            is_written = True
        seconds = f"{time.monotonic() - start:.0f} s"
        then = f"Next: {rest[0].title}." if rest else "The report is complete."
        where = page if is_written else store
        print(
            f"{number} of {len(stages)}, {seconds}: {where} has {stage.brings}. {then}", flush=True
        )
    return 0


def _run(stage: Stage, store: Path) -> tuple[int, str]:
    """Run the command of a stage; return its exit code and what it printed to stdout."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        code = main([*stage.command, "--store", str(store)])
    return code, printed.getvalue()


def _report_end(stage: Stage, code: int, output: str) -> None:
    """Print which stage ended early, after the output of its command if it failed."""
    how = "was interrupted" if code == INTERRUPTED else "failed"
    if output and code != INTERRUPTED:
        print(output, end="", file=sys.stderr)
    print(
        f"blvbench: the stage '{stage.title}' {how}: the report has the results so far; "
        f"run 'blvbench {' '.join(stage.command)} --store FILE' to continue",
        file=sys.stderr,
    )


def _identities(store: Path) -> set[str]:
    if not store.exists():
        return set()
    with Store(store) as opened:
        return opened.identities()
