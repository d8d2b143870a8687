"""A report in stages: a complete page after each stage, even if the next one fails."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from bench.commands import FAILED, INTERRUPTED, MISUSE
from bench.records.store import Store
from reports import stages as module
from reports.page import build_page
from reports.stages import measure_in_stages
from reports.writer import write_report
from suites.stages import Stage
from tests.records import measurement, point


def stage(title: str, *sections: str) -> Stage:
    content = {"title": title, "brings": f"{title}'s", "command": ["run", title]}
    return Stage.model_validate({**content, **({"sections": sections} if sections else {})})


STAGES = (stage("first", "macs"), stage("second", "budget", "accuracy"), stage("third", "latency"))


class Session:
    """Stages that each put a measurement into a store, and the pages written after them."""

    def __init__(self, folder: Path, codes: dict[str, int | BaseException]) -> None:
        self.store, self.codes = folder / "s.sqlite", codes
        self.pages: list[tuple[int, list[str]]] = []  # records, pending sections

    def main(self, arguments: Sequence[str]) -> int:
        _, title, option, store = arguments
        assert (option, store) == ("--store", str(self.store))
        print(f"{title} says")
        code = self.codes.get(title, 0)
        if isinstance(code, BaseException):
            raise code
        if not code:
            with Store(self.store, create=True) as opened:
                opened.put(title, measurement(point()))
        return code

    def write(self, pending: Any) -> None:
        with Store(self.store, create=True) as opened:
            self.pages.append((len(opened.measurements()), list(pending)))


@pytest.fixture
def session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[Session, Callable[[], int]]]:
    def make(**codes: int | BaseException) -> tuple[Session, Callable[[], int]]:
        made = Session(tmp_path, codes)
        monkeypatch.setattr(module, "main", made.main)
        page = Path("index.html")
        return made, lambda: measure_in_stages(STAGES, made.store, page, made.write)

    return make


Make = Callable[..., tuple[Session, Callable[[], int]]]


def test_there_is_a_page_after_each_stage(
    session: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    made, run = session()
    assert run() == 0
    assert made.pages == [(1, ["budget", "accuracy", "latency"]), (2, ["latency"]), (3, [])]
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(" s: ")[2] for line in lines] == [
        "index.html has first's. Next: second.",
        "index.html has second's. Next: third.",
        "index.html has third's. The report is complete.",
    ]
    assert [line.partition(",")[0] for line in lines] == ["1 of 3", "2 of 3", "3 of 3"]


def test_where_nothing_is_new_one_page_is_written(
    session: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    made, run = session()
    assert run() == 0
    made.pages.clear()
    capsys.readouterr()
    assert run() == 0
    assert made.pages == [(3, [])]
    assert f"{made.store} has first's. Next: second." in capsys.readouterr().out


@pytest.mark.parametrize("code", [FAILED, MISUSE])
def test_a_stage_that_fails_is_named_and_leaves_the_page_of_earlier_ones(
    session: Make, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    made, run = session(second=code)
    assert run() == code
    assert made.pages == [(1, ["budget", "accuracy", "latency"]), (1, [])]
    assert capsys.readouterr().err == (
        "second says\n"
        "blvbench: the stage 'second' failed: the report has the results so far; "
        "run 'blvbench run second --store FILE' to continue\n"
    )


def test_an_interrupt_leaves_a_page_that_waits_for_nothing(
    session: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    made, run = session(third=INTERRUPTED)
    assert run() == INTERRUPTED
    assert made.pages[-1] == (2, [])
    assert "the stage 'third' was interrupted" in capsys.readouterr().err


def test_so_does_an_interrupt_outside_of_a_command(session: Make) -> None:
    made, run = session(second=KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        run()
    assert made.pages[-1] == (1, [])


def test_sections_that_wait_say_so(tmp_path: Path) -> None:
    write_report(build_page([measurement(point())], [], (), ("accuracy",)), tmp_path)
    text = (tmp_path / "index.html").read_text()
    assert "Being measured: accuracy. Reload the page" in text
    assert text.count("Being measured. Reload the page later") == 1
    assert "blvbench run seconds --store FILE" in text  # for a section that is not pending
    assert "Being measured: accuracy." in (tmp_path / "report.md").read_text()
    assert json.loads((tmp_path / "results.json").read_text())["measurements"]
    write_report(build_page([measurement(point())], []), tmp_path)
    assert "eing measured" not in (tmp_path / "index.html").read_text()
