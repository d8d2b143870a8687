"""Everything that reads a file which others may have written, with what it reads well.

A reader takes the path of a file and does with it what commands do before they measure. Of what
they raise, only the project's own errors are answers.
"""

import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import torch
from safetensors.torch import save as save_tensors

import models
from bench.errors import BenchError
from bench.gate import baseline
from bench.records import recorded
from bench.records.measurement import Measurement
from bench.records.store import Store
from bench.runs.cluster.pack import Log, read_pack
from bench.text import printable
from bench.video import subset
from bench.video.annotations import load_annotations
from bench.video.frame_folders import read_frames
from bench.video.scores_file import read_scores
from models import NetworkError
from models.saved import FORMAT
from models.weights_file import read_weights
from suites import SuiteError, load_claims, load_suite
from suites.rules import load_rules
from tests.fuzz import seeds

FAMILY = (BenchError, NetworkError, SuiteError)
LONGEST = 4000  # letters of an error, which a terminal shows in some lines

Form = Literal["json", "toml", "text", "bytes", "safetensors"]


@dataclass(frozen=True)
class Reader:
    """What reads the file called `file`, valid contents of it, and what these are made of."""

    name: str
    read: Callable[[Path], object]
    seeds: Callable[[], Sequence[bytes]]
    form: Form = "text"
    file: str = "file"

    def check(self, folder: Path, content: bytes) -> bool:
        """Whether `content` is read; raises for what is no error of ours, and is no line."""
        path = folder / self.file
        path.write_bytes(content)
        try:
            self.read(path)
        except FAMILY as error:
            line = str(error)
            assert line == printable(line), line
            assert len(line) < LONGEST, line
            return False
        return True


def _use(measurements: Sequence[Measurement]) -> None:
    """What every output does with records."""
    for m in sorted(measurements, key=lambda m: m.point.sort_key):
        json.dumps([str(m.point), m.label, m.as_json(), m.environment.machine], allow_nan=False)


def _read_gate(path: Path) -> None:
    for entry in sorted(baseline.read(path), key=lambda entry: entry.sort_key):
        json.dumps([entry.figure, entry.label, str(entry.point)])


def _read_record(path: Path) -> None:
    """A store whose one record is the content of the file."""
    store = path.with_suffix(".sqlite")
    if not store.exists():
        store.write_bytes(seeds.store()[0])
    with sqlite3.connect(store, isolation_level=None) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        record = path.read_bytes()  # as text, whether it is any
        connection.execute("UPDATE measurement SET record = CAST(? AS TEXT)", (record,))
    connection.close()
    _read_store(store)


def _read_store(path: Path) -> None:
    with Store(path) as store:
        store.identities()
        _use(store.measurements())


def _read_list(layout: str, path: Path) -> None:
    """The list of a layout, beside the lists of classes that go with a valid one."""
    labels = {"something-v2": seeds.SOMETHING_LABELS, "ucf101": seeds.UCF101_LABELS}.get(layout)
    file = path.with_name("labels") if labels else None
    if file and labels:
        file.write_bytes(labels)
    where, split = (path.parent, "train1") if layout == "hmdb51" else (path, None)
    load_annotations(where, path.parent, layout, labels=file, split=split)


def _read_labels(layout: str, path: Path) -> None:
    """The list of classes of a layout, beside a valid list of videos."""
    listed = path.with_name("list")
    listed.write_bytes(seeds.LISTS[layout][0])
    load_annotations(listed, path.parent, layout, labels=path)


def _read_metadata(path: Path) -> None:
    """A checkpoint of ours with the content of the file in its metadata."""
    text = path.read_bytes().decode("utf-8", "replace")
    whole = path.with_suffix(".safetensors")
    whole.write_bytes(save_tensors(seeds.weights(), metadata={FORMAT: text}))
    models.load_model(whole)


def _read_checkpoint(path: Path) -> None:
    tensors = read_weights(path).weights
    models.checkpoint.match(torch.nn.Linear(3, 2), path, tensors)


def _read_frame(path: Path) -> None:
    read_frames(path.parent, 1, 1, range)


READERS = {
    reader.name: reader
    for reader in (
        Reader("suite", lambda path: load_suite(str(path)), seeds.suites, "toml", "suite.toml"),
        Reader("claims", load_claims, seeds.claims, "toml"),
        Reader("rules", load_rules, seeds.rules, "toml"),
        Reader("baseline", _read_gate, seeds.baseline, "json"),
        Reader("pytest-benchmark", _read_gate, seeds.pytest_benchmark, "json"),
        Reader("manifest", lambda path: subset.read_manifest(path).digest, seeds.manifest, "json"),
        *(
            Reader(
                f"list of {layout}",
                partial(_read_list, layout),
                partial(seeds.LISTS.__getitem__, layout),
                "json" if layout == "something-v2" else "text",
                "wave_test_split1.txt" if layout == "hmdb51" else "list",
            )
            for layout in seeds.LISTS
        ),
        *(
            Reader(
                f"labels of {layout}",
                partial(_read_labels, layout),
                partial(seeds.LABELS.__getitem__, layout),
                "json" if layout == "something-v2" else "text",
                "labels",
            )
            for layout in seeds.LABELS
        ),
        Reader("recorded", lambda path: _use(recorded.read(path)), seeds.recorded, "json"),
        Reader(
            "report",
            lambda path: _use(recorded.read(path, is_report=True)),
            seeds.report,
            "json",
        ),
        Reader("store", _read_store, seeds.store, "bytes", "s.sqlite"),
        Reader("record of a store", _read_record, seeds.record, "json"),
        Reader("pack", read_pack, seeds.pack, "json"),
        Reader("log of a job", lambda path: [*Log(path).news()], seeds.log),
        Reader("scores", read_scores, seeds.scores, "bytes"),
        Reader("zip checkpoint", _read_checkpoint, seeds.zip_checkpoint, "bytes"),
        Reader("legacy checkpoint", _read_checkpoint, seeds.legacy_checkpoint, "bytes"),
        Reader("plain pickle", _read_checkpoint, seeds.plain_pickle, "bytes"),
        Reader("safetensors", _read_checkpoint, seeds.safetensors, "safetensors"),
        Reader("metadata", _read_metadata, seeds.metadata, "json"),
        Reader("frame", _read_frame, seeds.frame, "bytes", "1.jpg"),
    )
}
