"""A report that is measured in stages and written anew after each, so that it is there early."""

import io
import sys
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import redirect_stdout
from pathlib import Path

from bench.commands import INTERRUPTED, main
from bench.records.store import Store
from suites.stages import Stage

Write = Callable[[Collection[str]], object]  # given the sections that are still to be measured


def measure_in_stages(stages: Sequence[Stage], store: Path, page: Path, write: Write) -> int:
    """Measure `stages` into `store`; after each that found anything new, `write` the `page`.

    Ends at a stage that fails or is interrupted with its exit code, once the page of what was
    measured is written. Returns 0 where none does.
    """
    try:
        return _measure(stages, store, page, write)
    except KeyboardInterrupt:  # between two commands, which answer theirs by themselves
        write(())
        raise


def _measure(stages: Sequence[Stage], store: Path, page: Path, write: Write) -> int:
    known, is_written = _identities(store), False
    for number, stage in enumerate(stages, start=1):
        start, before = time.monotonic(), known
        code, said = _run(stage, store)
        if code:
            _report_end(stage, code, said)
            write(())
            return code
        rest, known = stages[number:], _identities(store)
        if not rest or known != before:
            write([name for later in rest for name in later.sections])
            is_written = True
        seconds = f"{time.monotonic() - start:.0f} s"
        then = f"Next: {rest[0].title}." if rest else "All of it is there."
        where = page if is_written else store
        print(
            f"{number} of {len(stages)}, {seconds}: {where} has {stage.brings}. {then}", flush=True
        )
    return 0


def _run(stage: Stage, store: Path) -> tuple[int, str]:
    """The exit code of a stage's command, and what it printed; its progress is on stderr."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        code = main([*stage.command, "--store", str(store)])
    return code, printed.getvalue()


def _report_end(stage: Stage, code: int, said: str) -> None:
    """Say which stage ended early; of one that failed, what it said as well."""
    how = "was interrupted" if code == INTERRUPTED else "failed"
    if said and code != INTERRUPTED:
        print(said, end="", file=sys.stderr)
    print(
        f"blvbench: the stage '{stage.title}' {how}: the report has what was measured, "
        f"and 'blvbench {' '.join(stage.command)} --store FILE' goes on",
        file=sys.stderr,
    )


def _identities(store: Path) -> set[str]:
    if not store.exists():
        return set()
    with Store(store) as opened:
        return opened.identities()
