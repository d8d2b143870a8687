import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.errors import BenchError
from bench.gate import baseline
from bench.gate.entry import Entry, newest_entries
from bench.json_file import MAX_BYTES
from bench.records.store import Store
from tests.bench.gate.entries import around, entry, seconds
from tests.records import measurement, point, tsn_reference

ENTRIES = [
    entry(7, point=point(depth=101), uncounted={"aten.sort": 2}),
    entry(9, point=point(options={"width": 0.5})),
    seconds(*around(1.0), reference_version="v"),
    seconds(*around(1.0), point=point(network="tsm"), conditions={"torch": "2.16"}),
]


def write(path: Path, content: str | dict[str, Any]) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_a_written_baseline_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "new" / "base.json"
    baseline.write(path, ENTRIES)
    assert {e.subject: e for e in baseline.read(path)} == {e.subject: e for e in ENTRIES}


def test_equal_entries_give_equal_bytes_with_one_line_each(tmp_path: Path) -> None:
    baseline.write(tmp_path / "one", ENTRIES)
    baseline.write(tmp_path / "two", ENTRIES[::-1])
    text = (tmp_path / "one").read_text()
    assert text == (tmp_path / "two").read_text()
    assert sum(line.startswith('{"') and "samples" in line for line in text.splitlines()) == 4
    assert '"macs:flop_counter": {' in text
    assert '"conditions": "cpu_time:process 2"' in text


def test_one_change_is_one_line_of_a_diff(tmp_path: Path) -> None:
    baseline.write(tmp_path / "one", ENTRIES)
    changed = [ENTRIES[0].model_copy(update={"samples": (8,)}), *ENTRIES[1:]]
    baseline.write(tmp_path / "two", changed)
    pairs = zip(*((tmp_path / n).read_text().splitlines() for n in ("one", "two")), strict=True)
    assert sum(one != two for one, two in pairs) == 1


def test_an_entry_without_a_figure_is_left_out(tmp_path: Path) -> None:
    failed = entry(status="oom", reason="full", point=point(network="tam"))
    baseline.write(tmp_path / "b", [*ENTRIES, failed])
    assert len(baseline.read(tmp_path / "b")) == len(ENTRIES)
    with pytest.raises(BenchError, match="no figure to write"):
        baseline.write(tmp_path / "c", [failed])
    assert not (tmp_path / "c").exists()


def test_a_store_gives_the_newest_of_each_point(tmp_path: Path) -> None:
    with Store(tmp_path / "s", create=True) as store:
        store.put("1", measurement(point(), samples=(1,)))
        store.put("2", measurement(point(), samples=(2,)))
        store.put(
            "3",
            measurement(
                point(network="tam"),
                quantity="latency",
                instrument="cpu",
                unit="seconds",
                samples=(1.0, 2.0),
                reference=tsn_reference(2.0, 2.0),
                settings={"busy": True, "threads": 1, "reference_version": "r"},
            ),
        )
    latency, macs = baseline.read(tmp_path / "s")
    assert macs.samples == (2,)
    assert set(macs.conditions) == {"blvbench", "torch", "torchvision"}
    assert (latency.busy, latency.reference_version, latency.value) == (True, "r", 0.75)
    assert latency.conditions["threads"] == "1"
    assert "tsn depth 50" in latency.conditions["reference"]


def test_an_accuracy_has_its_clips_as_a_condition() -> None:
    kind = {"quantity": "accuracy", "instrument": "trained", "unit": "percent"}
    one = measurement(point(), samples=(100, 0), settings={"clips": "c", "seed": 0}, **kind)
    (found,) = newest_entries([one])
    assert found.conditions["clips"] == "c"
    assert not {"instrument", "machine", "seed"} & set(found.conditions)


RIGHT = {
    "format": 1,
    "conditions": {"macs:flop_counter": {"torch": "2.15"}},
    "entries": [
        {
            "quantity": "macs",
            "instrument": "flop_counter",
            "unit": "MACs",
            "point": {"network": "tsn", "frames": 8},
            "samples": [9],
        }
    ],
}


def changed(**fields: Any) -> dict[str, Any]:
    """A baseline with other fields in its one entry."""
    return {**RIGHT, "entries": [{**RIGHT["entries"][0], **fields}]}  # type: ignore[index]


WRONG: dict[str, tuple[str | dict[str, Any], str]] = {
    "empty": ("", "is not JSON"),
    "truncated": (json.dumps(RIGHT)[:-5], "is not JSON"),
    "a list": ("[]", "is not a JSON object"),
    "nested": ("[" * 100_000, "is not JSON"),
    "too large": (" " * (MAX_BYTES + 1), "larger than"),
    "no format": ({"entries": []}, "is of format None, this version reads 1: write a new"),
    "another format": ({**RIGHT, "format": 2}, "is of format 2, this version reads 1"),
    "a format of another type": ({**RIGHT, "format": [1]}, r"is of format \[1\]"),
    "an unknown key": ({**RIGHT, "entrys": []}, "entrys: unknown key"),
    "no entries": ({"format": 1, "conditions": {}}, "has no conditions or no entries"),
    "conditions in a list": ({**RIGHT, "conditions": []}, "has no conditions or no entries"),
    "an entry that is a number": ({**RIGHT, "entries": [7]}, "entry 1: is not an object"),
    "an unknown field": (changed(sample=[1]), "entry 1: sample: unknown key"),
    "NaN": (json.dumps(RIGHT).replace("[9]", "[NaN]"), "entry 1: .*not JSON compliant"),
    "infinity": (json.dumps(RIGHT).replace("[9]", "[1e999]"), "entry 1: .*not JSON compliant"),
    "a negative sample": (changed(samples=[-1]), "a finite number of at least 0"),
    "no samples": (changed(samples=[]), "a measurement has samples exactly if"),
    "a sample in words": (changed(samples=["9"]), "entry 1: samples.0"),
    "an unknown instrument": (changed(instrument="x", conditions="macs:flop_counter"), "no quan"),
    "unknown conditions": (changed(conditions="x"), "conditions: there are none with the name 'x'"),
    "conditions of another type": (
        changed(conditions=[]),
        "conditions: there are none with the name",
    ),
    "a point of no frames": (changed(point={"network": "tsn", "frames": 0}), "point.frames"),
    "neither a point nor a benchmark": (changed(point=None), "either a point or a benchmark"),
    "an entry twice": ({**RIGHT, "entries": RIGHT["entries"] * 2}, "entry 2: is a duplicate"),  # type: ignore[operator]
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_file_is_an_error_in_one_line(case: str, tmp_path: Path) -> None:
    content, message = WRONG[case]
    path = write(tmp_path / "b.json", content)
    with pytest.raises(BenchError, match=message) as raised:
        baseline.read(path)
    assert str(raised.value).startswith(f"{path}: ")
    assert "\n" not in str(raised.value)


def test_the_right_file_is_read(tmp_path: Path) -> None:
    (found,) = baseline.read(write(tmp_path / "b.json", RIGHT))
    assert (found.value, found.conditions) == (9, {"torch": "2.15"})


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
FIELDS = st.sampled_from([*Entry.model_fields, "x"])


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fields=st.dictionaries(FIELDS, JSON_VALUES, max_size=3), outer=JSON_VALUES)
def test_any_file_is_read_or_refused(fields: dict[str, Any], outer: Any, tmp_path: Path) -> None:
    for content in (changed(**fields), {**RIGHT, "conditions": outer}, {"benchmarks": [outer]}):
        with suppress(BenchError):
            baseline.read(write(tmp_path / "b.json", content))
