import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import models
from bench.commands.output import print_table
from bench.instruments import doctor
from bench.records.store import Store
from blvbench import command_table, main
from suites.suite import bundled_suites
from tests.records import measurement, point

SUITE = """
title = "t"
description = "d"
[[sweep]]
networks = ["tsn"]
depths = [18]
frames = [4]
quantities = ["macs"]
"""


def run_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_measure_prints_records(capsys: pytest.CaptureFixture[str]) -> None:
    records = run_json(
        capsys,
        *("measure", "blvnet_tam", "--depth", "50", "--frames", "16", "--batch", "8"),
        *("--mode", "train", "--quantity", "params,macs,memory"),
        *("--option", "formulation=published"),
    )
    by_quantity = {record["quantity"]: record for record in records}
    assert list(by_quantity) == ["params", "macs", "memory"]
    assert by_quantity["params"]["value"] == 25_020_142
    assert by_quantity["macs"]["details"]["by_operator"]["conv"] == 23_848_452_096
    assert by_quantity["memory"]["unit"] == "bytes"
    for record in records:
        assert record["status"] == "ok"
        assert record["samples"] == [record["value"]]
        assert record["environment"]["packages"]["torch"]


def test_measure_prints_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["measure", "tsn", "--depth", "18", "--frames", "1", "--input-size", "32"]) == 0
    assert "GMACs" in capsys.readouterr().out


def test_measure_takes_options(capsys: pytest.CaptureFixture[str]) -> None:
    (record,) = run_json(capsys, "measure", "tam", "--option", "window=5", "--quantity", "params")
    assert record["point"]["options"] == {"window": 5}


def test_a_measurement_without_a_figure_exits_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["measure", "tsn", *TOO_SMALL.split()]) == 1
    assert "unsupported" in capsys.readouterr().out


def test_models_and_suites_list_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    names = [network["name"] for network in run_json(capsys, "models")]
    assert names == models.list_models()
    assert [suite["name"] for suite in run_json(capsys, "suites")] == list(bundled_suites())
    assert main(["models"]) == main(["suites"]) == 0


def test_run_claims_and_report_in_turn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    suite, store, out = tmp_path / "s.toml", tmp_path / "s.sqlite", tmp_path / "out"
    suite.write_text(SUITE)
    assert main(["run", str(suite), "--store", str(store), "--jobs", "1"]) == 0
    assert "1 measured, 0 found" in capsys.readouterr().out
    assert main(["run", str(suite), "--store", str(store)]) == 0
    assert "0 measured, 1 found" in capsys.readouterr().out
    verdicts = {c["verdict"] for c in run_json(capsys, "claims", "--store", str(store))}
    assert {v for v in verdicts if not v.endswith("as published")} == {"not measured here"}
    assert main(["report", "--store", str(store), "--out", str(out)]) == 0
    assert {f.name for f in out.iterdir()} == {
        "index.html",
        "report.md",
        "claims.md",
        "claims.tex",
        "results.csv",
        "results.json",
    }


def test_claims_exit_1_where_one_is_not_reproduced(tmp_path: Path) -> None:
    with Store(tmp_path / "s", create=True) as store:
        for network, options in (("tsn", {}), ("blvnet_tam", {"formulation": "published"})):
            for depth in (50, 101):
                where = point(network=network, depth=depth, frames=16, options=options)
                record = measurement(where)
                store.put(f"{network}{depth}", record)
    assert main(["claims", "--store", str(tmp_path / "s")]) == 1


def test_doctor_reports_its_checks(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = doctor.Check("Something", False, "it is broken", "mend it")
    monkeypatch.setattr(doctor, "CHECKS", (doctor.check_memory, lambda: bad))
    assert main(["doctor", "--json"]) == 1
    checks = json.loads(capsys.readouterr().out)
    assert [check["passed"] for check in checks] == [True, False]
    assert main(["doctor"]) == 1
    assert "mend it" in capsys.readouterr().out


TOO_SMALL = "--frames 1 --input-size 32 --mode train --quantity memory"  # one value a channel
MEASURE = ("measure", "tsn", "--quantity", "params")
WRONG_ANSWER = """
from torch import nn

class Net(nn.Module):
    def __init__(self, frames):
        super().__init__()

    def forward(self, clip):
        return clip.flatten(1)[:, :7]
"""
BAD_INPUT = {
    "unknown command": (("mesure",), "invalid choice"),
    "unknown network": (("measure", "tsnn"), "did you mean 'tsn'"),
    "unknown depth": ((*MEASURE, "--depth", "51"), "choose one of 18, 34, 50, 101, 152"),
    "odd frames": (("measure", "blvnet", "--frames", "7"), "use 6 or 8"),
    "no frames": ((*MEASURE, "--frames", "0"), "--frames"),
    "zero batch": ((*MEASURE, "--batch", "0"), "--batch"),
    "negative batch": ((*MEASURE, "--batch", "-4"), "--batch"),
    "batch in words": ((*MEASURE, "--batch", "many"), "invalid int value: 'many'"),
    "zero size": ((*MEASURE, "--input-size", "0"), "--input-size"),
    "no classes": ((*MEASURE, "--num-classes", "0"), "--num-classes"),
    "unknown mode": ((*MEASURE, "--mode", "test"), "invalid choice: 'test'"),
    "unknown quantity": (("measure", "tsn", "--quantity", "mac"), "did you mean 'macs'"),
    "unknown option": ((*MEASURE, "--option", "windw=5"), "no option 'windw'"),
    "option out of range": (("measure", "tam", "--option", "window=4"), "one of 3, 5, 7, not 4"),
    "option of a wrong type": (("measure", "blvnet", "--option", "alpha=nan"), "not nan"),
    "malformed option": ((*MEASURE, "--option", "window"), "NAME=VALUE"),
    "unknown flag": ((*MEASURE, "--dept", "50", "--x"), "unrecognized arguments"),
    "a file that is not there": (("measure", "--model", "{tmp}/no.py:Net"), "cannot read"),
    "a file that fails": (("measure", "--model", "{tmp}/bad.py:Net"), "bad.py fails: ZeroDivision"),
    "no such factory": (("measure", "--model", "{tmp}/net.py:net"), "did you mean 'Net'"),
    "no factory named": (("measure", "--model", "{tmp}/net.py"), "write path/to/file.py:factory"),
    "a file that answers wrongly": (
        ("measure", "--model", "{tmp}/net.py:Net", "--frames", "8"),
        "net.py:Net returns (1, 7) for a clip of (1, 3, 8, 224, 224)",
    ),
    "a file over a suite": (
        ("run", "paper", "--store", "{tmp}/s", "--model", "{tmp}/net.py:Net"),
        "net.py:Net returns",
    ),
    "a file as a network": (
        ("measure", "{tmp}/net.py:Net"),
        "net.py:Net is a file: give it with --model",
    ),
    "frames that cannot be pooled": (
        ("measure", "s3d", "--frames", "1"),
        "the pools of this network need 2 frames or more, not 1",
    ),
    "quantities by layer": (
        (*MEASURE, "--per-layer"),
        "leave out --quantity and --mode",
    ),
    "training by layer": (
        ("measure", "tsn", "--per-layer", "--mode", "train"),
        "leave out --quantity and --mode",
    ),
    "a network and a file": (("measure", "tsn", "--model", "{tmp}/net.py:Net"), "not allowed with"),
    "no network": (("measure", "--frames", "8"), "network --model is required"),
    "unknown suite": (
        ("run", "papr", "--store", "{tmp}/s"),
        "choose one of accuracy, accuracy_quick, gpu, guard, guard_time, latency, paper",
    ),
    "suite with an unknown key": (("run", "{tmp}/key.toml", "--store", "{tmp}/s"), "'frames'?"),
    "suite with a wrong type": (("run", "{tmp}/type.toml", "--store", "{tmp}/s"), "sweep.1.depths"),
    "suite with an unknown network": (
        ("run", "{tmp}/network.toml", "--store", "{tmp}/s"),
        "network.toml: sweep.1: there is no network 'tsnn' (did you mean 'tsn'?)",
    ),
    "suite with a long name": (
        ("run", "{tmp}/" + 300 * "x", "--store", "{tmp}/s"),
        "File name too long",
    ),
    "store with a long name": (("claims", "--store", "{tmp}/" + 300 * "x"), "File name too long"),
    "suite that is no TOML": (("run", "{tmp}/text.toml", "--store", "{tmp}/s"), "is not TOML"),
    "no jobs": (("run", "paper", "--store", "{tmp}/s", "--jobs", "0"), "--jobs"),
    "no store given": (("claims",), "--store"),
    "no such store": (("claims", "--store", "{tmp}/none"), "there is no store"),
    "not a store": (("report", "--store", "{tmp}/text.toml", "--out", "{tmp}/o"), "is not a"),
    "store that is a folder": (("run", "paper", "--store", "{tmp}"), "check the folder"),
    "report into a file": (("report", "--store", "{tmp}/ok", "--out", "{tmp}/text.toml"), "--out"),
    "report below a file": (
        ("report", "--store", "{tmp}/ok", "--out", "{tmp}/text.toml/o"),
        "--out",
    ),
}


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input_is_one_line_and_exit_2(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "key.toml").write_text(SUITE.replace("frames", "framse"))
    (tmp_path / "type.toml").write_text(SUITE.replace("[18]", "['18']"))
    (tmp_path / "network.toml").write_text(SUITE.replace('"tsn"', '"tsnn"'))
    (tmp_path / "text.toml").write_text("no toml at all\n")
    (tmp_path / "bad.py").write_text("1 / 0\n")
    (tmp_path / "net.py").write_text(WRONG_ANSWER)
    with Store(tmp_path / "ok", create=True) as store:
        store.put("id", measurement(point()))
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    template, message = BAD_INPUT[case]
    code = main([argument.replace("{tmp}", str(tmp_path)) for argument in template])
    printed = capsys.readouterr()
    assert code == 2
    assert message.replace("{tmp}", str(tmp_path)) in printed.err
    assert printed.err.count("\n") == 1
    assert printed.out == ""
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("command", command_table())
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([command, "--help"])
    assert stopped.value.code == 0
    assert command in capsys.readouterr().out


def test_the_overview_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    text = capsys.readouterr().out
    assert all(command in text for command in command_table())
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("blvbench 0.")


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from blvbench import main; main([]);"
        "print(sorted({'torch', 'pandas', 'matplotlib'} & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.endswith("[]\n")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_what_an_encoding_does_not_have_is_escaped(
    encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding))
    assert main(["--version"]) == 0
    print_table(["name"], [["\u732b"]])
    sys.stdout.flush()
    assert b"\\u732b" in written.getvalue()
