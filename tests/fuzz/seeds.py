"""Valid files of every kind, small, and written by this project where it writes the kind."""

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from PIL import Image
from safetensors.torch import save as save_tensors
from torch import Tensor

import models
from bench.gate import baseline as baseline_file
from bench.gate.entry import Entry
from bench.records import recorded as recorded_file
from bench.records.measurement import Measurement
from bench.records.store import Store
from bench.runs.cluster.pack import Done, Line, Pack, PackedTask
from bench.video import subset
from bench.video.evaluation import Scores
from bench.video.scores_file import NamedScores, write_scores
from models.saved import FORMAT_VERSION, configuration_of
from suites import bundled_suites
from suites.suite import CLAIMS, FOLDER, GATE_RULES
from tests.models import caffe2
from tests.records import measurement, point, tsn_reference

Contents = Sequence[bytes]

SOMETHING_LABELS = b'{"Opening something": "0", "Closing something": "1"}'
UCF101_LABELS = b"1 ApplyEyeMakeup\n2 Archery\n"
LISTS: dict[str, Contents] = {
    "frames": (b"a/1 1 8 0\nb 2 9 1\n", b"a;8;0\nb 3;9;1\n"),
    "something-v2": (
        b'[{"id": "1", "template": "Opening [something]"},'
        b' {"id": "2", "template": "Closing [something]", "label": "closing it"}]',
    ),
    "kinetics": (
        b"label,youtube_id,time_start,time_end,split\nto wave,a-b_c,1,11,train\n"
        b'"bow, low",d,0,10,validate\n',
    ),
    "moments": (b"clapping/a.mp4,clapping,3,0\nwaving/b.mp4,waving,3,0\n",),
    "list": (b"a.mp4 0\n'b c' 1\n", b'"a, b.mp4",x\nc.mp4,y\n', "é.mp4\t0\r\n".encode("utf-16")),
    "ucf101": (b"Archery/v_1.avi 2\nApplyEyeMakeup/v_2.avi 1\n", b"Archery/v_1.avi\n"),
    "hmdb51": (b"a.avi 1\nb.avi 2\nc d.avi 0\n",),
}
LABELS: dict[str, Contents] = {
    "something-v2": (SOMETHING_LABELS,),
    "moments": (b"clapping,0\nwaving,1\n",),
    "ucf101": (UCF101_LABELS,),
    "kinetics": (b"to wave\nbow, low\n",),
    "list": (b"x\ny\n", b"id,name\n0,x\n1,y\n", b'{"x": 0, "y": "1"}'),
}


def _written(write: Callable[[Path], object]) -> bytes:
    """What `write` writes to the path that it is given."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "file")
        write(path)
        return path.read_bytes()


def suites() -> Contents:
    """Two of the suites that come with the project."""
    return [bundled_suites()[name].read_bytes() for name in ("guard_time", "accuracy")]


def claims() -> Contents:
    """The first claims that come with the project."""
    whole = (FOLDER / f"{CLAIMS}.toml").read_bytes()
    return [b"[[claim]]".join(whole.split(b"[[claim]]")[:3])]


def rules() -> Contents:
    """The rules that come with the project."""
    return [(FOLDER / f"{GATE_RULES}.toml").read_bytes()]


@cache
def measurements() -> tuple[Measurement, ...]:
    """A count, seconds beside a reference, an accuracy and a failure."""
    options = {"width": 0.5, "temporal_pooling": "max"}
    seconds = {"quantity": "latency", "instrument": "cpu", "unit": "seconds"}
    answers = {"quantity": "accuracy", "instrument": "evaluated", "unit": "percent"}
    return (
        measurement(point(options=options), details={"by_operator": {"conv": 1}}, warnings=("w",)),
        measurement(point(), **seconds, samples=(1.0, 2.0), reference=tsn_reference(4.0, 5)),
        measurement(
            point(dataset="d", seed=1),
            **answers,
            samples=(0, 100),
            details={"group_sizes": {"g": 2}},
            settings={"weights": "w", "views": 1, "flip": False, "share": 0.5},
        ),
        measurement(point(frames=4), status="failed", samples=(), reason="no memory"),
    )


def baseline() -> Contents:
    """A baseline of ours."""
    entries = [Entry.of(m) for m in measurements()]
    return [_written(lambda path: baseline_file.write(path, entries))]


def pytest_benchmark() -> Contents:
    """What pytest-benchmark writes, as far as it is read."""
    content = {
        "machine_info": {"cpu": {"brand_raw": "cpu", "count": 2}, "python_version": "3.11"},
        "benchmarks": [{"fullname": "t.py::t", "stats": {"data": [0.1, 0.2], "min": 0.1}}],
    }
    return [json.dumps(content).encode()]


def manifest() -> Contents:
    """Two clips of two classes, one of them a folder of frames."""
    digest = "0" * 64
    clips = (
        subset.SubsetClip(name="a", path="x/a.mp4", label=0, sha256=digest),
        subset.SubsetClip(name="b", path="x/b", label=1, frames=(1, 8), sha256=digest),
    )
    whole = subset.Manifest(seed=0, per_class=1, classes=("x", "y"), clips=clips)
    return [_written(lambda path: subset.write_manifest(whole, path))]


def recorded() -> Contents:
    """A recorded file of ours."""
    return [_written(lambda path: recorded_file.write(path, measurements()))]


def report() -> Contents:
    """A report's results.json, as far as it is read."""
    content = {"format": 7, "claims": [], "agreement": [], "changes": {}}
    return [json.dumps({**content, "measurements": [m.as_json() for m in measurements()]}).encode()]


def _write_store(path: Path) -> None:
    with Store(path, create=True) as opened:
        opened.put("identity", measurements()[1])


@cache
def store() -> Contents:
    """A store of one record."""
    return [_written(_write_store)]


def record() -> Contents:
    """Records as a store holds them."""
    return [m.model_dump_json().encode() for m in measurements()]


def pack() -> Contents:
    """A pack of two tasks."""
    tasks = tuple(PackedTask(point=m.point, label=m.label) for m in measurements()[:2])
    asked = Pack(
        tasks=tasks,
        pool="slurm partition=gpu",
        folder="/data",
        jobs=2,
        time_limit_s=600.0,
        job_time_s=3600.0,
        requeues=2,
    )
    return (asked.model_dump_json().encode(),)


def log() -> Contents:
    """What a job tells that measured two tasks."""
    lines = [Line(started=True)]
    for number, found in enumerate(measurements()[:2]):
        result = Done(task=number, identity=f"id{number}", measurement=found)
        lines += [Line(begun=number), Line(done=result)]
    lines.append(Line(ended=True))
    return (b"".join(line.model_dump_json().encode() + b"\n" for line in lines),)


def scores() -> Contents:
    """Scores of two videos."""
    own = Scores(("v", "w"), torch.tensor([0, 1]), torch.tensor([[1.5, 2, 0], [0, 3, 1]]), ())
    return [_written(lambda path: write_scores(path, NamedScores("tsn", "digest", own)))]


def _state() -> dict[str, Tensor]:
    return {"weight": torch.ones(2, 3), "bias": torch.ones(2)}


def _saved(content: object, *, is_zip: bool) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer, _use_new_zipfile_serialization=is_zip)
    return buffer.getvalue()


def zip_checkpoint() -> Contents:
    """What torch.save writes, the weights alone and beside other things."""
    return [_saved(c, is_zip=True) for c in (_state(), {"epoch": 1, "state_dict": _state()})]


def legacy_checkpoint() -> Contents:
    """What it wrote before version 1.6."""
    return [_saved(c, is_zip=False) for c in (_state(), {"epoch": 1, "state_dict": _state()})]


def plain_pickle() -> Contents:
    """Pickles of arrays, of Python 2 and of each protocol of Python 3."""
    content = {"blobs": {name: value.numpy() for name, value in _state().items()}, "epoch": 1}
    return [caffe2.pickled(content, protocol) for protocol in (caffe2.PYTHON_2, 2, 3, 4, 5)]


def safetensors() -> Contents:
    """Tensors with metadata."""
    return [save_tensors(_state(), metadata={"format": "pt"})]


@cache
def _network() -> torch.nn.Module:
    return models.create_model("tsn", num_classes=2, frames=2, depth=18, width=0.05)


@cache
def weights() -> dict[str, Tensor]:
    """Those of the smallest network that there is."""
    return {name: tensor.contiguous() for name, tensor in _network().state_dict().items()}


def metadata() -> Contents:
    """What a checkpoint of ours says of its network."""
    content = {"format": FORMAT_VERSION, "configuration": asdict(configuration_of(_network()))}
    return [json.dumps(content).encode()]


def frame() -> Contents:
    """A small picture of each format."""
    return [_encoded(kind) for kind in ("JPEG", "PNG", "WebP")]


def _encoded(kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), (200, 10, 10)).save(buffer, kind)
    return buffer.getvalue()
