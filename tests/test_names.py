"""Names of others do nothing, wherever a record has them and wherever they are shown."""

import csv
import json
import re
import sqlite3
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench.machine.environment import current_environment
from bench.records.measurement import CodeVersion, Measurement
from bench.records.store import Store
from bench.text import NUMBER
from blvbench import main
from tests.records import measurement, point, tsn_reference

PLAIN = "plain"
NASTY = (
    "<script>alert(1)</script>",
    "\"><img src=x onerror='alert(1)'>",
    "=cmd|' /C calc'!A0",
    "+1",
    "@x",
    "-2+3",
    "../../x",
    "/etc/x",
    "a|b",
    "`x`",
    "[x](javascript:alert(1))",
    "\x1b]0;pwned\x07",
    "\x1b[2J\x9b31m\x00",
    "\u202egnp.exe\u2066",
    "one\ntwo\r\n::error::three",
    "$x$ $\\undefined{",
    '{{ 7 }} {% x %} id="y href="#z',
    "%0A%s%n",
    "</style></svg>]]>-->",
)
MARK = "NAME"  # stands for a name until the records are text
NOWHERE = ("--recorded", "none")


def records() -> Iterator[Measurement]:
    """Each place that a name can have in a record of the kinds that outputs show."""
    machine = current_environment().model_copy(
        update={"processor": MARK, "python": MARK, "system": MARK, "packages": {MARK: MARK}}
    )
    said = {
        "environment": machine,
        "code": CodeVersion(network=MARK, instrument=MARK),
        "details": {MARK: {MARK: 1}},
        "settings": {MARK: MARK},
        "warnings": (MARK, f"of {MARK}"),
    }
    where = {"network": MARK, "options": {MARK: MARK}}
    seconds = {"quantity": "latency", "instrument": "cpu", "unit": "seconds"}
    ceilings = {"ceilings": {"macs_per_second": 1e9, "bytes_per_second": 1e9}}
    for frames in (8, 16):
        for network in (MARK, "tsn"):
            own = point(network=network, frames=frames)
            yield measurement(own, **said, samples=(frames * 10**9,))
            traffic = {"quantity": "traffic", "instrument": "operators", "unit": "bytes"}
            yield measurement(own, **{**said, **traffic, "samples": (10**8,)})
            timed = {**said, **seconds, "details": ceilings, "samples": (1.0, 2.0)}
            yield measurement(own, **timed, reference=tsn_reference(4, 4))
    yield measurement(point(**where), **said)
    yield measurement(point(**where), **{**said, **seconds, "samples": (3.0,)})
    accuracy = {"quantity": "accuracy", "unit": "percent", "samples": (0, 100)}
    groups = {"group_sizes": {MARK: 2}, "by_group": {MARK: 50.0}, "top5": {"percent": 50.0}}
    for instrument, dataset in (("trained", "arrow-of-time"), ("evaluated", MARK)):
        scored = {**said, **accuracy, "instrument": instrument, "details": groups}
        for network in (MARK, "tsn"):
            answered = {"settings": {"weights": MARK, "clips": MARK}}
            yield measurement(point(network=network, dataset=dataset), **{**scored, **answered})
    failed = {"status": "failed", "samples": (), "reason": f"no\n{MARK}"}
    yield measurement(point(**where, frames=4), **{**said, **failed})
    yield measurement(point(frames=2), **{**said, **seconds, **failed})


def lines(name: str) -> list[str]:
    """The records as JSON, with the name where it stands in a text of any length."""
    text = json.dumps(name)[1:-1]
    return [m.model_dump_json().replace(MARK, text) for m in records()]


def write_store(path: Path, name: str) -> Path:
    """A store that somebody else wrote: nothing of ours looked at its records."""
    with Store(path, create=True):
        pass
    with sqlite3.connect(path) as connection:
        rows = [(str(number), "ok", line) for number, line in enumerate(lines(name))]
        connection.executemany("INSERT INTO measurement VALUES (?, ?, ?)", rows)
    connection.close()
    return path


class Elements(HTMLParser):
    """What a page is made of, and what it leads to."""

    def __init__(self) -> None:
        super().__init__()
        self.kinds: set[tuple[str, ...]] = set()
        self.scripts = 0
        self.targets: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.kinds.add((tag, *sorted(name for name, _ in attrs)))
        self.scripts += tag == "script"
        self.targets += [value or "" for name, value in attrs if "href" in name or name == "src"]


def elements(page: str) -> Elements:
    found = Elements()
    found.feed(page)
    return found


def check_report(folder: Path, plain: Path) -> None:
    """No name is more than text in any of a report's files; `plain` is one of a plain name."""
    assert {path.name for path in folder.iterdir()} == {path.name for path in plain.iterdir()}
    page, other = (elements((f / "index.html").read_text("utf-8")) for f in (folder, plain))
    assert page.kinds <= other.kinds
    assert page.scripts == 1
    assert all(target.startswith(("#", "results.")) for target in page.targets)
    for path in folder.iterdir():
        assert path.read_text("utf-8").replace("\n", "").isprintable()
    with (folder / "results.csv").open(encoding="utf-8", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not [c for c in cells if c[:1] in tuple("=+-@\t\r") and c and not NUMBER.fullmatch(c)]
    for name in ("report.md", "claims.md"):
        text, usual = ((f / name).read_text("utf-8") for f in (folder, plain))
        for mark in ("|", "`", "[", "*", "_", "$", "@"):
            live = rf"(?<!\\){re.escape(mark)}"
            assert len(re.findall(live, text)) == len(re.findall(live, usual)), mark
        assert not re.search(r"<(?!/?\w*://)", text)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plain")
    store = write_store(folder / "s.sqlite", PLAIN)
    (folder / "none").mkdir()
    said = ["--recorded", str(folder / "none"), "--out", str(folder / "report")]
    assert main(["report", "--store", str(store), *said]) == 0
    return folder / "report"


@pytest.fixture
def printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[list[str]]:
    """A folder to run commands in; what they print is checked when the test ends."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    Path("none").mkdir()
    said: list[str] = []
    yield said
    captured = capsys.readouterr()
    for text in (*said, captured.out, captured.err):
        assert text.replace("\n", "").isprintable()
        assert not any(line.startswith("::error::") for line in text.splitlines())


@pytest.mark.parametrize("name", NASTY)
def test_a_report_shows_names_as_text(
    name: str, plain: Path, printed: list[str], tmp_path: Path
) -> None:
    store = write_store(tmp_path / "s.sqlite", name)
    assert main(["report", "--store", str(store), *NOWHERE, "--out", "report"]) == 0
    check_report(tmp_path / "report", plain)
    assert main(["import", "report/results.json", "--into", "again", "--name", "x"]) == 0
    assert {p.name for p in tmp_path.iterdir()} == {"s.sqlite", "none", "report", "again"}


@pytest.mark.parametrize("name", NASTY)
def test_commands_print_names_as_text(name: str, printed: list[str], tmp_path: Path) -> None:
    store = str(write_store(tmp_path / "s.sqlite", name))
    assert main(["claims", "--store", store, *NOWHERE]) in (0, 1)
    assert main(["claims", "--store", store, *NOWHERE, "--json"]) in (0, 1)
    imported = main(["import", store, "--into", "recorded"])
    if imported:  # the machine's name makes no name of a file
        assert main(["import", store, "--into", "recorded", "--name", "x"]) == 0
    found = main(
        [
            "compare",
            "--latency",
            "9s",
            "--machine",
            "GiB",
            "--networks",
            "tsn",
            "--depths",
            "50",
            "--dataset",
            name,
            "--recorded",
            "recorded",
        ]
    )
    assert found in (0, 2)
    assert len(list(Path("recorded").iterdir())) == 1
    assert {path.name for path in tmp_path.iterdir()} == {"s.sqlite", "none", "recorded"}


@pytest.mark.parametrize("name", NASTY)
def test_a_gate_shows_names_as_text(name: str, printed: list[str], tmp_path: Path) -> None:
    store = str(write_store(tmp_path / "s.sqlite", name))
    assert main(["gate", "--store", store, "--update", "b.json"]) == 0
    assert main(["gate", "--store", store, "--baseline", "b.json"]) in (0, 1)
    changed = Path("b.json").read_text("utf-8").replace("[8000000000]", "[7000000000]")
    Path("b.json").write_text(changed, "utf-8")
    files = ["--junit", "j.xml", "--markdown", "m.md"]
    assert main(["gate", "--store", store, "--baseline", "b.json", *files]) == 1
    ElementTree.parse("j.xml")
    text = Path("m.md").read_text("utf-8")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len({len(re.findall(r"(?<!\\)\|", row)) for row in rows}) == 1
    assert "<" not in text
    printed += [text, Path("j.xml").read_text("utf-8")]
    assert main(["gate", "--store", store, "--baseline", "b.json", "--json"]) == 1


def test_a_name_is_whole_in_json(printed: list[str], tmp_path: Path) -> None:
    name = NASTY[0]
    store = write_store(tmp_path / "s.sqlite", name)
    assert main(["report", "--store", str(store), *NOWHERE, "--out", "r"]) == 0
    data = json.loads(Path("r/results.json").read_text("utf-8"))
    assert name in {record["point"]["network"] for record in data["measurements"]}


@pytest.mark.parametrize("command", ["claims", "report", "gate", "import", "run", "measure"])
def test_what_is_refused_is_one_line_of_text(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "a\x1b[2J\n\u202e"
    store = str(write_store(tmp_path / "s.sqlite", PLAIN))
    lines = {
        "claims": ["--store", store, "--recorded", name],
        "report": ["--store", store, "--recorded", name, "--out", str(tmp_path / "r")],
        "gate": ["--store", store, "--baseline", name],
        "import": [name],
        "run": [name, "--store", str(tmp_path / "new.sqlite")],
        "measure": [name],
    }
    capsys.readouterr()
    assert main([command, *lines[command]]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.removesuffix("\n").isprintable()
