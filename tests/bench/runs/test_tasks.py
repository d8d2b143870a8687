from pathlib import Path
from typing import Any

import pytest
import torch

from bench import instruments
from bench.errors import BenchError
from bench.instruments import params, throughput
from bench.instruments.reading import Reading
from bench.machine import environment
from bench.records.catalogue import INSTRUMENTS, Instrument, find_instrument
from bench.records.point import Point
from bench.runs import tasks
from bench.runs.tasks import make_suite_tasks, make_task
from bench.video import arrow_of_time
from models import NetworkError, registry
from suites import PublishedSweep, Suite, Sweep, load_suite
from tests.records import point

NARROW = {"width": 0.125}


@pytest.mark.usefixtures("_quickly_timed")
@pytest.mark.parametrize("instrument", INSTRUMENTS, ids=lambda i: f"{i.quantity}:{i.name}")
def test_every_instrument_measures(
    instrument: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throughput, "BUDGET_S", 0.0)
    monkeypatch.setattr(arrow_of_time, "PER_CLASS", {"train": 1, "test": 2})
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    name = f"{instrument.quantity}:{instrument.name}"  # type: ignore[attr-defined]
    fields = {"input_size": 64, "num_classes": 16, "dataset": "arrow-of-time", "options": NARROW}
    record = make_task(point(depth=18, frames=4, batch=2, mode="train", **fields), name).measure()
    device = instrument.device  # type: ignore[attr-defined]
    if device == "cuda" and not torch.cuda.is_available():
        assert record.status == "unsupported"
    elif name == "accuracy:evaluated":
        assert "use 'blvbench evaluate'" in record.reason
    else:
        assert record.status == "ok", record.reason
        assert record.value > 0 or record.is_accuracy
    assert record.unit
    assert record.environment == environment.current_environment(device)
    assert record.code.network
    assert record.code.instrument


def test_a_per_clip_quantity_is_measured_once_for_all_batches_and_modes() -> None:
    one = make_task(point(batch=8, mode="train"), "macs")
    other = make_task(point(), "macs")
    assert one.identity == other.identity
    assert make_task(point(batch=8), "memory").identity != make_task(point(), "memory").identity


@pytest.mark.parametrize(
    "fields",
    [
        {"frames": 16},
        {"depth": 101},
        {"network": "tsm"},
        {"input_size": 112},
        {"num_classes": 5},
        {"batch": 2},
        {"mode": "train"},
    ],
)
def test_every_field_is_part_of_the_identity(fields: dict[str, object]) -> None:
    assert make_task(point(**fields), "memory").identity != make_task(point(), "memory").identity


def test_options_are_part_of_the_identity() -> None:
    wide = make_task(point(network="tam", options={"window": 5}), "macs")
    assert wide.identity != make_task(point(network="tam"), "macs").identity


@pytest.mark.parametrize("library", ["torch", "torchvision"])
@pytest.mark.parametrize("instrument", INSTRUMENTS, ids=lambda i: i.label)
def test_another_library_version_is_another_identity(
    instrument: Instrument, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = make_task(point(), instrument.label).identity
    monkeypatch.setattr(
        environment, "installed_version", lambda name: "0.0" if name == library else "1.0"
    )
    one = make_task(point(), instrument.label).identity
    monkeypatch.setattr(environment, "installed_version", lambda name: "1.0")
    assert len({before, one, make_task(point(), instrument.label).identity}) == 3


def test_a_changed_source_is_another_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    before = make_task(point(), "macs").identity
    monkeypatch.setattr(instruments, "code_version", lambda *_, **__: "another")
    assert make_task(point(), "macs").identity != before


def test_what_a_network_raises_is_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Point) -> None:
        raise ValueError("a bug")

    monkeypatch.setattr(params, "build_on_meta", fail)
    record = make_task(point(), "params").measure()
    assert (record.status, record.reason) == ("failed", "ValueError: a bug")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"network": "s3d", "frames": 1}, "the pools of this network need 2 frames or more, not 1"),
        ({"network": "torchvision_s3d", "frames": 4}, "torchvision_s3d cannot take 4 frames of "),
        ({"input_size": 8, "options": {"backbone": "alexnet"}}, "tsn cannot take 1 "),
    ],
)
def test_a_clip_that_a_network_refuses_is_no_failure(fields: dict[str, Any], reason: str) -> None:
    where = point(**{"frames": 1, "depth": None, **fields})
    record = make_task(where, "macs").measure()
    assert record.status == "unsupported"
    assert record.reason.startswith(reason)


def test_a_step_on_too_small_a_clip_is_refused() -> None:
    record = make_task(point(frames=1, input_size=32, mode="train"), "memory").measure()
    assert record.status == "unsupported"
    assert "ValueError: Expected more than 1 value per channel" in record.reason


def test_bad_points_and_quantities_are_refused() -> None:
    with pytest.raises(NetworkError, match="did you mean 'tsn'"):
        make_task(point(network="tsnn"), "macs")
    with pytest.raises(NetworkError, match="use 6 or 8"):
        make_task(point(network="blvnet", frames=7), "macs")
    with pytest.raises(BenchError, match="did you mean 'memory'"):
        make_task(point(), "memry")
    with pytest.raises(BenchError, match="choose one of params"):
        find_instrument("zzz")


def test_a_suite_asks_for_every_combination_once() -> None:
    sweep = Sweep(
        networks=("tsn", "tsm"),
        depths=(18, 50),
        frames=(8,),
        quantities=("params", "memory"),
        batches=(1, 8),
    )
    found = make_suite_tasks(Suite(title="t", description="d", sweep=(sweep, sweep)), "twice")
    assert len(found) == 2 * 2 * (1 + 2)


def test_a_suite_of_published_rows_asks_for_their_clips() -> None:
    rows = PublishedSweep(
        clips="tested",
        datasets=("something-something-v1",),
        quantities=("macs", "memory"),
        batches=(2, 8),
        modes=("train",),
    )
    found = make_suite_tasks(Suite(title="t", description="d", published=(rows,)), "rows")
    clip = {"network": "tsm", "frames": 8, "input_size": 256}
    steps = {t.point for t in found if t.instrument.quantity == "memory"}
    assert {point(**clip, batch=batch, mode="train") for batch in (2, 8)} <= steps
    assert len(steps) == 2 * len({t.point for t in found if t.instrument.quantity == "macs"})


def test_a_network_of_a_file_has_no_published_rows() -> None:
    rows = PublishedSweep(clips="printed", quantities=("macs",))
    suite = Suite(title="t", description="d", published=(rows,))
    with pytest.raises(BenchError, match="rows: has only networks of published rows: leave out"):
        make_suite_tasks(suite, "rows", files=["net.py:build"])


def test_a_missing_library_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(registry, "find_spec", lambda _: None)
    record = make_task(point(network="vivit", depth=None), "params").measure()
    assert record.status == "unsupported"
    assert record.reason == (
        "vivit needs the package transformers: python -m pip install transformers"
    )


def test_only_a_network_of_a_library_depends_on_its_version(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    points = [point(), point(network="vivit", depth=None)]
    before = [make_task(one, "params").identity for one in points]
    installed = environment.installed_version
    monkeypatch.setattr(
        environment,
        "installed_version",
        lambda name: "another" if name == "transformers" else installed(name),
    )
    after = [make_task(one, "params").identity for one in points]
    assert [one == other for one, other in zip(before, after, strict=True)] == [True, False]


def test_the_paper_suite_covers_its_grid() -> None:
    asked = make_suite_tasks(load_suite("paper"), "paper")
    memory = {t.point for t in asked if t.instrument.quantity == "memory"}
    grid = {(p.network, p.depth, p.frames, p.batch, p.mode) for p in memory if p.num_classes == 174}
    networks = {"tsn", "tsm", "tam", "i3d_resnet", "blvnet", "blvnet_tam"}
    assert {network for network, *_ in grid} == networks
    assert len(grid) == len(networks) * 2 * 4 * 2 * 2


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            torch.OutOfMemoryError(
                "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of "
                "15.00 GiB of which 1.00 GiB is free. Of the allocated memory 13.00 GiB is ..."
            ),
            "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of "
            "15.00 GiB of which 1.00 GiB is free.",
        ),
        (MemoryError(), "the system gave no memory"),
        (
            RuntimeError(
                "DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"
            ),
            "DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes",
        ),
    ],
)
def test_out_of_memory_is_a_result_with_what_was_asked_for(
    error: Exception, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(*_: object) -> Reading:
        raise error

    monkeypatch.setattr(tasks, "read", read)
    record = tasks.Task(point(), find_instrument("macs")).measure()
    assert (record.status, record.reason) == ("oom", reason)
