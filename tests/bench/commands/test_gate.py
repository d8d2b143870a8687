import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from bench.commands import main
from bench.machine.environment import current_environment
from bench.records.store import Store
from tests.bench.commands.lines import refusal
from tests.bench.gate.entries import around
from tests.records import measurement, point, tsn_reference

SUITE = """
title = "t"
description = "d"
[[sweep]]
networks = ["tsn"]
depths = [18]
frames = [2]
input_size = 32
modes = ["infer", "train"]
batches = [2]
quantities = ["params", "macs", "memory"]
"""
NETWORK = """
from torch import nn

class Net(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.conv = nn.Conv3d(3, {channels}, 3)
        self.head = nn.Linear({channels}, num_classes)

    def forward(self, clip):
        features = self.conv(clip[:, :, [0, 0, 0]])
        {extra}
        return self.head(features.mean((2, 3, 4)))
"""
CHANGES: dict[str, tuple[dict[str, Any], list[tuple[str, str]]]] = {
    "nothing": ({}, []),
    "one channel": (
        {"channels": 17},
        [("macs", "infer"), ("params", "infer"), ("memory", "infer"), ("memory", "train")],
    ),
    "a tensor twice": (
        {"extra": "again = features.clone()"},
        [("memory", "infer"), ("memory", "train")],
    ),
    "an uncounted operator": (
        {"extra": "features = features.cumprod(1)"},
        [("macs", "infer"), ("memory", "infer"), ("memory", "train")],
    ),
}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a network in a file, and a baseline of it."""
    folder = tmp_path_factory.mktemp("gate")
    (folder / "suite.toml").write_text(SUITE)
    write_network(folder)
    run(folder, "base.sqlite")
    assert gate(folder, "base.sqlite", "--update", str(folder / "base.json")) == 0
    return folder


def write_network(folder: Path, channels: int = 16, extra: str = "pass") -> None:
    (folder / "net.py").write_text(NETWORK.format(channels=channels, extra=extra))


def run(folder: Path, store: str) -> None:
    line = ["run", str(folder / "suite.toml"), "--store", str(folder / store), "--jobs", "1"]
    assert main([*line, "--model", f"{folder / 'net.py'}:Net"]) == 0


def gate(folder: Path, store: str, *arguments: str) -> int:
    return main(["gate", "--store", str(folder / store), *arguments])


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_a_network_is_caught(
    base: Path, change: str, capsys: pytest.CaptureFixture[str]
) -> None:
    changed, expected = CHANGES[change]
    write_network(base, **changed)
    store = f"{change}.sqlite"
    run(base, store)
    capsys.readouterr()
    code = gate(base, store, "--baseline", str(base / "base.json"), "--json")
    results = json.loads(capsys.readouterr().out)
    regressed = [result for result in results if result["outcome"] == "regressed"]
    assert [(r["quantity"], r["point"]["mode"]) for r in regressed] == expected
    assert code == bool(expected)
    assert {r["point"]["network"] for r in regressed} <= {f"{base / 'net.py'}:Net"}
    assert {result["outcome"] for result in results} <= {"regressed", "unchanged"}
    gate(base, store, "--baseline", str(base / "base.json"))
    printed = capsys.readouterr().out
    assert f"{len(regressed) or len(results)} {'regressed' if regressed else 'unch'}" in printed


def put(path: Path, *values: int, **fields: Any) -> str:
    """A store of MACs of TSN at depths 18, 34, ..."""
    with Store(path, create=True) as store:
        for depth, value in zip((18, 34, 50, 101), values, strict=False):
            store.put(f"{depth}", measurement(point(depth=depth), samples=(value,), **fields))
    return str(path)


@pytest.fixture
def stores(tmp_path: Path) -> tuple[str, str]:
    """A baseline and a run that is one MAC worse."""
    return put(tmp_path / "old", 9, 9), put(tmp_path / "new", 9, 10)


def test_results_are_written_as_junit_and_markdown(stores: tuple[str, str], tmp_path: Path) -> None:
    old, new = stores
    junit, markdown = tmp_path / "out" / "gate.xml", tmp_path / "out" / "gate.md"
    files = ("--junit", str(junit), "--markdown", str(markdown))
    assert main(["gate", "--store", new, "--baseline", old, *files]) == 1
    assert ElementTree.parse(junit).getroot()[0].attrib["failures"] == "1"
    assert "blvbench gate: failed" in markdown.read_text()
    assert main(["gate", "--store", old, "--baseline", old, *files]) == 0
    assert "blvbench gate: passed" in markdown.read_text()


def test_annotations_are_printed_on_github(
    stores: tuple[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = stores
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    main(["gate", "--store", new, "--baseline", old])
    assert capsys.readouterr().err == ""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    main(["gate", "--store", new, "--baseline", old])
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("::error title=blvbench gate::regressed: macs:flop_counter of tsn depth")
    main(["gate", "--store", old, "--baseline", old])
    assert capsys.readouterr().err == ""


def test_rules_may_be_given(stores: tuple[str, str], tmp_path: Path) -> None:
    old, new = stores
    rules = tmp_path / "rules.toml"
    rules.write_text(
        '[[rule]]\nquantities = ["macs"]\ntest = "exact"\noutcomes = { regressed = "warn" }\n'
    )
    assert main(["gate", "--store", new, "--baseline", old, "--rules", str(rules)]) == 0


def test_an_improvement_passes_and_is_reported(
    stores: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = stores
    assert main(["gate", "--store", old, "--baseline", new, "--json"]) == 0
    first, _ = json.loads(capsys.readouterr().out)
    assert (first["outcome"], first["difference"]) == ("improved", "-1 (-10.00%)")


def test_missing_and_new_entries_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, three = put(tmp_path / "one", 9), put(tmp_path / "three", 9, 9, 9)
    assert main(["gate", "--store", three, "--baseline", one]) == 0
    assert "2 new, 1 unchanged" in capsys.readouterr().out
    assert main(["gate", "--store", one, "--baseline", three]) == 1
    assert "2 missing, 1 unchanged" in capsys.readouterr().out


def timed(path: Path, ratio: float, **fields: Any) -> str:
    """A store of processor time on this machine."""
    kind: dict[str, Any] = {"quantity": "cpu_time", "instrument": "process", "unit": "seconds"}
    samples = around(ratio)
    record = measurement(
        point(network="tam"),
        samples=samples,
        reference=tsn_reference(*(1.0 for _ in samples)),
        **{**kind, **fields},
    )
    with Store(path, create=True) as store:
        store.put("id", record)
    return str(path)


@pytest.mark.parametrize(
    "fields",
    [{}, {"environment": current_environment().model_copy(update={"processor": "another"})}],
    ids=["of other code", "of another machine"],
)
def test_other_code_or_another_machine_is_not_measured_again(
    tmp_path: Path, fields: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = timed(tmp_path / "old", 1.0, **fields), timed(tmp_path / "new", 1.2, **fields)
    assert main(["gate", "--store", new, "--baseline", old, "--json"]) == 0
    (result,) = json.loads(capsys.readouterr().out)
    assert result["outcome"] == "cannot tell"
    assert "not confirmed: measure it again" in result["reason"]


def test_a_second_store_confirms(tmp_path: Path) -> None:
    old, new = timed(tmp_path / "old", 1.0), timed(tmp_path / "new", 1.2)
    again, free = timed(tmp_path / "again", 1.2), timed(tmp_path / "free", 1.0)
    line = ["gate", "--baseline", old, "--store", new, "--store"]
    assert main([*line, again]) == 1
    assert main([*line, free]) == 0


def test_an_update_replaces_a_baseline(tmp_path: Path, stores: tuple[str, str]) -> None:
    old, new = stores
    path = tmp_path / "base.json"
    path.write_text("torn")
    assert main(["gate", "--store", new, "--update", str(path)]) == 0
    assert main(["gate", "--store", new, "--baseline", str(path)]) == 0
    assert main(["gate", "--store", old, "--baseline", str(path)]) == 0
    assert [p.name for p in tmp_path.iterdir() if "writing" in p.name] == []


BAD = {
    "no store": (("--baseline", "{old}"), "--store"),
    "no such store": (("--store", "{tmp}/no", "--baseline", "{old}"), "cannot be read"),
    "a folder": (("--store", "{tmp}", "--baseline", "{old}"), "cannot be read (Is a directory)"),
    "neither side": (("--store", "{new}"), "--baseline --update is required"),
    "both sides": (
        ("--store", "{new}", "--baseline", "{old}", "--update", "{tmp}/b"),
        "not allowed with",
    ),
    "a torn baseline": (("--store", "{new}", "--baseline", "{tmp}/torn"), "torn: is not JSON"),
    "an update of nothing": (("--store", "{tmp}/failed", "--update", "{tmp}/b"), "no figure"),
    "an update with JUnit": (
        ("--store", "{new}", "--update", "{tmp}/b", "--junit", "{tmp}/j"),
        "leave out --junit",
    ),
    "an update of two": (
        ("--store", "{new}", "--store", "{old}", "--update", "{tmp}/b"),
        "leave out a second --store",
    ),
    "no such rules": (("--store", "{new}", "--baseline", "{old}", "--rules", "{tmp}/r"), "cannot"),
    "rules without a test": (
        ("--store", "{new}", "--baseline", "{old}", "--rules", "{tmp}/rules.toml"),
        "rules.toml: rule.1.tset: unknown key (did you mean 'test'?)",
    ),
    "a quantity without a rule": (
        ("--store", "{new}", "--baseline", "{old}", "--rules", "{tmp}/few.toml"),
        "there is no rule for macs:flop_counter",
    ),
    "JUnit into a folder": (
        ("--store", "{new}", "--baseline", "{old}", "--junit", "{tmp}"),
        "choose another --junit",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line(
    case: str, tmp_path: Path, stores: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = stores
    with Store(tmp_path / "failed", create=True) as store:
        store.put("id", measurement(point(), status="failed", reason="r", samples=()))
    (tmp_path / "torn").write_text('{"format": 1, ')
    (tmp_path / "rules.toml").write_text('[[rule]]\nquantities = ["macs"]\ntset = "exact"\n')
    (tmp_path / "few.toml").write_text('[[rule]]\nquantities = ["params"]\ntest = "exact"\n')
    line, message = BAD[case]
    paths = {"tmp": tmp_path, "old": old, "new": new}
    error = refusal(capsys, "gate", *(part.format(**paths) for part in line))
    assert message in error
    assert not (tmp_path / "b").exists()
