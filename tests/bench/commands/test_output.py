import json
from typing import Any

import pytest

from bench.commands import Parser
from bench.commands.output import (
    FILE_COLUMNS,
    add_json,
    format_value,
    print_json,
    print_table,
    progress_bar,
)
from tests.records import measurement, point, tsn_reference


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"unit": "bytes", "samples": (3 * 2**30 + 2**19,)}, "3,072.5 MiB"),
        (
            {
                "quantity": "memory",
                "instrument": "simulated",
                "unit": "bytes",
                "samples": (3 * 2**30 + 2**19,),
                "details": {"allocator": {"reserved": 4 * 2**30}},
            },
            "3,072.5 MiB allocated, 4,096.0 MiB reserved, 4,350 to 5,101 MiB process",
        ),
        (
            {
                "quantity": "memory",
                "instrument": "cpu",
                "unit": "bytes",
                "samples": (3 * 2**30,),
                "details": {"allocator": {"reserved": 3 * 2**30}},
            },
            "3,072.0 MiB",
        ),
        ({"unit": "MACs", "samples": (1_234_567_890,)}, "1.23 GMACs (1,234,567,890)"),
        ({"unit": "parameters", "samples": (25_557_032,)}, "25,557,032 parameters"),
        ({"unit": "seconds", "samples": (0.25, 0.5, 1.0)}, "0.500 s (0.25 to 1 s)"),
        (
            {"unit": "seconds", "samples": (1.0, 2.0), "reference": tsn_reference(3.0, 6.0)},
            "1.500 s (1 to 2 s; tsn 4.500 s, 3.00 times as long)",
        ),
        (
            {
                "quantity": "latency",
                "instrument": "cpu",
                "unit": "seconds",
                "samples": (1.0, 2.0),
                "reference": tsn_reference(4.0, 6.0),
                "settings": {"threads": 2},
            },
            "1.500 s (1 to 2 s, 2 threads; tsn 5.000 s, 3.50 times as long)",
        ),
        (
            {"unit": "seconds", "samples": (0.0, 2.0), "reference": tsn_reference(4.0, 6.0)},
            "1.000 s (0 to 2 s)",
        ),
        (
            {"unit": "clips/s", "samples": (1500.0, 2500.0), "details": {"best": {"batch": 8}}},
            "2,000.0 clips/s at batch 8 (1.5e+03 to 2.5e+03)",
        ),
        ({"status": "oom", "samples": (), "reason": "8 GiB"}, "oom: 8 GiB"),
    ],
)
def test_values_have_their_units(fields: dict[str, Any], text: str) -> None:
    assert format_value(measurement(point(), **fields)) == text


def test_json_has_a_flag(capsys: pytest.CaptureFixture[str]) -> None:
    parser = Parser(prog="p")
    add_json(parser)
    assert (parser.parse_args([]).json, parser.parse_args(["--json"]).json) == (False, True)
    print_json([{"a": 1}])
    assert json.loads(capsys.readouterr().out) == [{"a": 1}]


def table(capsys: pytest.CaptureFixture[str], *cells: object) -> list[str]:
    print_table(["h"] * len(cells), [cells])
    return capsys.readouterr().out.splitlines()


def test_a_table_in_a_file_is_wide(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert max(map(len, table(capsys, 500 * "x"))) == FILE_COLUMNS
    monkeypatch.setenv("COLUMNS", "40")
    narrow = table(capsys, 100 * "x")
    assert max(map(len, narrow)) == 40
    assert "".join(narrow).count("x") == 100  # folded, not cut off


def test_a_cell_is_plain_text_with_its_lines(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = "\n".join(table(capsys, "[red]one\x1b[2J[/red]\ntwo\r", 3))
    assert "[red]one\ufffd[2J[/red]" in text
    (second,) = (line for line in text.splitlines() if "two" in line)
    assert "one" not in second
    assert "3" in text


def test_progress_returns_its_results_and_is_shown_on_stderr(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with progress_bar(2, "[b]work") as advance:
        assert [advance(item) for item in ("a", "b")] == ["a", "b"]
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "[b]work" in printed.err
    assert "2/2" in printed.err


def test_progress_of_0_steps_is_silent_and_of_an_unknown_number_counts(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with progress_bar(0, "work"):
        pass
    assert capsys.readouterr().err == ""
    with progress_bar(None, "work") as advance:
        advance(None)
    assert "1/?" in capsys.readouterr().err


def test_frozen_parameters_are_told_apart() -> None:
    counted = {"quantity": "params", "instrument": "shapes", "unit": "parameters"}
    details = {"parameters": {"learned": 3, "frozen": 4000}}
    whole = measurement(point(), **counted, samples=(4003,), details=details)
    assert format_value(whole) == "4,003 parameters, 4,000 of them frozen"
