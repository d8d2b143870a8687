import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.errors import BenchError
from bench.video import scores_file
from bench.video.evaluation import Scores
from bench.video.scores_file import NamedScores, read_scores, write_scores

SCORES = Scores(("v", "w"), torch.tensor([0, 1]), torch.tensor([[1.5, 2, 0], [0, 3, 1]]), ())


def test_what_is_written_is_read(tmp_path: Path) -> None:
    file = tmp_path / "s.npz"
    write_scores(file, NamedScores("tsn, 8 frames", "digest", SCORES))
    again = read_scores(file)
    assert (again.network, again.clips_digest) == ("tsn, 8 frames", "digest")
    assert again.scores.names == SCORES.names
    assert torch.equal(again.scores.labels, SCORES.labels)
    assert torch.equal(again.scores.logits, SCORES.logits)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"s\.npz: cannot be written"):
        write_scores(tmp_path / "no" / "s.npz", NamedScores("n", "c", SCORES))
    with pytest.raises(BenchError, match=r"s\.npz: cannot be read"):
        read_scores(tmp_path / "s.npz")


GOOD: dict[str, Any] = {
    "of": np.array(json.dumps({"format": 1, "network": "n", "clips": "c"})),
    "names": np.array(["v"]),
    "labels": np.array([0]),
    "logits": np.zeros((1, 2), np.float32),
}


@pytest.mark.parametrize(
    "other",
    [
        {"names": np.array(["v", "w"])},
        {"names": np.array([1])},
        {"names": np.array(["v"], dtype=object)},
        {"labels": np.array([2])},
        {"labels": np.array([-1])},
        {"labels": np.array([0.0])},
        {"logits": np.zeros(2, np.float32)},
        {"logits": np.zeros((1, 2))},
        {"logits": np.full((1, 2), np.nan, np.float32)},
        {"of": np.array("{")},
        {"of": np.array("[]")},
        {"of": np.array("{}")},
    ],
)
def test_arrays_that_do_not_fit_are_refused(tmp_path: Path, other: dict[str, Any]) -> None:
    file = tmp_path / "s.npz"
    np.savez(file, **GOOD)
    assert read_scores(file).network == "n"
    np.savez(file, **{**GOOD, **other})
    with pytest.raises(BenchError, match="has no scores of 'blvbench evaluate'"):
        read_scores(file)


def test_a_missing_array_and_another_version_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "s.npz"
    np.savez(file, **{name: array for name, array in GOOD.items() if name != "labels"})
    with pytest.raises(BenchError, match="has no scores"):
        read_scores(file)
    of = np.array(json.dumps({"format": 2, "network": "n", "clips": "c"}))
    np.savez(file, **{**GOOD, "of": of})
    with pytest.raises(BenchError, match="scores of another version"):
        read_scores(file)


def test_a_small_file_cannot_ask_for_much_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scores_file, "MAX_BYTES", 1 << 16)
    file = tmp_path / "s.npz"
    np.savez_compressed(file, **{**GOOD, "logits": np.zeros((1, 1 << 20), np.float32)})
    assert file.stat().st_size < 1 << 16
    with pytest.raises(BenchError, match="has more than 65536 bytes"):
        read_scores(file)


def test_a_shape_that_no_memory_holds_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "s.npz"
    header = io.BytesIO()
    shape = {"descr": "<f4", "fortran_order": False, "shape": (1 << 45, 2)}
    np.lib.format.write_array_header_1_0(header, shape)
    np.savez(file, **{name: array for name, array in GOOD.items() if name != "logits"})
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("logits.npy", header.getvalue())
    with pytest.raises(BenchError, match="has no scores"):
        read_scores(file)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_only_errors_of_ours_come_out(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, **GOOD)
    content = bytearray(buffer.getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    file = tmp_path_factory.mktemp("f") / "s.npz"
    file.write_bytes(bytes(content[: data.draw(st.integers(0, len(content)))]))
    said = ""
    try:
        read_scores(file)
    except BenchError as error:
        said = str(error)
    assert "\n" not in said


def test_the_name_of_a_network_is_printable(tmp_path: Path) -> None:
    file = tmp_path / "s.npz"
    write_scores(file, NamedScores("tsn\x1b[2J\n\u202e", "digest", SCORES))
    assert read_scores(file).network == "tsn\ufffd[2J \ufffd"


@pytest.mark.parametrize("network", [None, 1, ["n"]])
def test_a_network_without_a_name_is_refused(tmp_path: Path, network: object) -> None:
    of = np.array(json.dumps({"format": 1, "network": network, "clips": "c"}))
    file = tmp_path / "s.npz"
    np.savez(file, **{**GOOD, "of": of})
    with pytest.raises(BenchError, match="has no scores"):
        read_scores(file)
