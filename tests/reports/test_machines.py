"""Figures of two machines: each under the name of its machine, never mixed."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.machine.environment import current_environment
from bench.records.measurement import Environment, Measurement, Reference
from bench.records.point import Point
from reports.page import Page, build_page
from reports.predictions import PeakPrediction
from reports.tables import Cell, Table
from reports.writer import write_report
from suites import load_claims
from tests.records import measurement, point

GIB = 2**30
GPU = current_environment().model_copy(
    update={"accelerator": "<b>GPU</b>", "accelerator_memory_bytes": 80 * GIB}
)
CPU = current_environment().model_copy(
    update={"processor": "Slow", "cores": 2, "memory_bytes": 8 * GIB}
)
GPU_NAME, CPU_NAME = "<b>GPU</b>, 80 GiB", "Slow, 2 cores, 8 GiB"
CEILINGS = {"ceilings": {"macs_per_second": 1e12, "bytes_per_second": 1e11}}


def timed(where: Point, seconds: float, environment: Environment, **fields: Any) -> Measurement:
    """A latency timed in turn with a TSN, which takes three times as long."""
    samples = tuple(seconds * step for step in (0.98, 0.99, 1.0, 1.0, 1.0, 1.01, 1.02))
    tsn = where.model_copy(update={"network": "tsn", "options": ()})
    is_paired = where.network != "tsn"
    return measurement(
        where,
        quantity="latency",
        instrument="cuda" if environment is GPU else "cpu",
        unit="seconds",
        samples=samples,
        reference=Reference(point=tsn, samples=tuple(3 * s for s in samples))
        if is_paired
        else None,
        details=CEILINGS,
        environment=environment,
        **fields,
    )


def peak(where: Point, instrument: str, peak_bytes: float, environment: Environment) -> Measurement:
    size = int(peak_bytes)
    details: dict[str, dict[str, int | float]] = {"allocator": {"reserved": 2 * size}}
    return measurement(
        where,
        quantity="memory",
        instrument=instrument,
        unit="bytes",
        samples=(size,),
        environment=environment,
        details=details if instrument != "simulated" else {},
    )


def records() -> Iterator[Measurement]:
    for frames in (8, 16):
        for network, share in (("tsn", 3), ("tsm", 2)):
            where = point(network=network, frames=frames, batch=2)
            yield timed(where, share * frames / 100, GPU)
            yield timed(where, share * frames, CPU, warnings=("the machine was busy",))
            yield measurement(where.model_copy(update={"batch": 1}), samples=(frames * 10**9,))
            yield measurement(
                where,
                quantity="traffic",
                instrument="operators",
                unit="bytes",
                samples=(frames * 10**9 // 4,),
            )
    yield measurement(
        point(),
        quantity="throughput",
        instrument="cuda",
        unit="clips/s",
        samples=(50.0,) * 7,
        details={"best": {"batch": 16}, "clips_per_second_by_batch": {"16": 50.0}},
        environment=GPU,
    )
    joules = {"quantity": "energy", "instrument": "nvml", "unit": "joules", "environment": GPU}
    yield measurement(point(), samples=(7.5,) * 6, **joules)
    for frames, simulated, measured in ((8, 2.0, 2.0), (16, 2.1, 2.0), (32, 0.5, 1.0)):
        where = point(frames=frames, mode="train", batch=8)
        yield peak(where, "simulated", simulated * GIB, current_environment())
        yield peak(where, "cuda", measured * GIB, GPU)
        yield peak(where, "cpu", 4 * GIB, CPU)
    for frames in range(1, 8):
        yield measurement(
            point(frames=frames),
            quantity="memory",
            instrument="cuda",
            unit="bytes",
            status="oom",
            samples=(),
            reason="Tried to allocate 2.00 GiB",
            environment=GPU,
        )


def rows_of(table: Table) -> list[dict[str, Cell]]:
    """The rows by heading, without empty columns."""
    return [dict(zip(table.headings, row, strict=True)) for row in table.rows]


def row_of(table: Table, network: str, frames: int) -> dict[str, Cell]:
    (found,) = (
        row
        for row in rows_of(table)
        if (row["network"].text, row["frames"].number) == (network, frames)
    )
    return found


@pytest.fixture(scope="module")
def page() -> Page:
    return build_page(list(records()), load_claims())


@pytest.fixture(scope="module")
def folder(page: Page, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("machines")
    write_report(page, folder)
    return folder


def test_each_machine_has_its_own_figures(page: Page) -> None:
    gpu, cpu = page.machines
    assert (gpu.machine, cpu.machine) == (GPU_NAME, CPU_NAME)
    for section, scale in ((gpu, 0.01), (cpu, 1)):
        seconds = {
            (row["network"].text, row["frames"].number): row["seconds"].number
            for row in rows_of(section.latencies)
        }
        assert seconds == {
            (network, frames): pytest.approx(share * frames * scale)
            for network, share in (("tsn", 3), ("tsm", 2))
            for frames in (8, 16)
        }
    assert gpu.id != cpu.id


def test_clips_a_second_and_the_ratio_of_pairs(page: Page) -> None:
    row = row_of(page.machines[1].latencies, "tsm", 8)
    assert {name: cell.text for name, cell in row.items()} == {
        "network": "tsm",
        "depth": "50",
        "frames": "8",
        "seconds": "16",
        "95 % interval": "15.7 to 16.3",
        "clips/s": "0.125",
        "TSN's seconds": "48",
        "TSN / this": "3.00",
        "95 % interval of the ratio": "3.00 to 3.00",
        "warnings": "1",
    }


def test_throughput_and_energy_stand_with_the_machine_that_measured_them(page: Page) -> None:
    gpu, cpu = page.machines
    rate, joules = row_of(gpu.throughputs, "tsn", 8), row_of(gpu.energies, "tsn", 8)
    assert (rate["clips/s"].text, rate["95 % interval"].text) == ("50", "50 to 50")
    assert rate["batch"].text == "16"
    assert "warnings" not in rate
    assert joules["joules per clip"].text == "7.5"
    assert cpu.throughputs.rows == cpu.energies.rows == ()


def test_plots_are_of_one_machine_each(page: Page) -> None:
    gpu, cpu = page.machines
    assert [plot.title for plot in gpu.plots] == ["Latency against frames, infer, fp32, batch 2"]
    assert "seconds per batch: tsm 0.32, tsn 0.48." in gpu.plots[0].finding
    assert "seconds per batch: tsm 32, tsn 48." in cpu.plots[0].finding
    identities = [plot.id for section in page.machines for plot in section.plots]
    assert len(set(identities)) == 2
    assert [plot.id for plot in page.memory_plots] == ["memory-train"]


def test_warnings_are_shown_with_the_machine(page: Page, folder: Path) -> None:
    gpu, cpu = page.machines
    assert gpu.warnings == ()
    assert len(cpu.warnings) == 4
    assert page.warnings == []
    assert "4 warnings about these samples" in (folder / "index.html").read_text()
    assert "- Warning: latency:cpu of tsm" in (folder / "report.md").read_text()


def test_errors_of_predicted_memory(page: Page) -> None:
    gpu, cpu = page.predictions
    assert (gpu.machine, gpu.instrument) == (GPU_NAME, "cuda")
    assert [row[-3].text for row in gpu.table.rows] == ["-50.0%", "+5.0%", "+0.0%"]
    assert [cell.text for cell in gpu.table.rows[1]][-5:-3] == ["2,150", "2,048"]
    assert [cell.text for cell in gpu.table.rows[1]][-2:] == ["not measured", "4,096"]
    assert gpu.finding == (
        "1 of 2 training points over 1 GiB are within 3% of the measured peak. The largest error "
        "of all points is -50.0%: tsn depth 50, 32 frames, batch 8, train, 224 px."
    )
    assert gpu.beyond == ("tsn depth 50, 16 frames, batch 8, train, 224 px: +5.0%",)
    assert cpu.beyond == ()
    assert (cpu.machine, cpu.instrument) == (CPU_NAME, "cpu")
    assert "The bound of 3% applies to CUDA only" in cpu.finding


@pytest.mark.parametrize(
    ("fields", "size", "is_bounded"),
    [
        ({"mode": "train"}, GIB + 1, True),
        ({"mode": "train"}, GIB, False),
        ({"mode": "infer"}, 4 * GIB, False),
        ({"mode": "train", "execution": "compile"}, 4 * GIB, False),
    ],
)
def test_the_error_of_large_training_steps_is_bounded(
    fields: dict[str, Any], size: int, is_bounded: bool
) -> None:
    where = point(**fields)
    simulated = peak(where, "simulated", size, CPU)
    on_gpu, on_cpu = peak(where, "cuda", size, GPU), peak(where, "cpu", size, CPU)
    assert PeakPrediction(simulated, on_gpu).is_bounded == is_bounded
    assert not PeakPrediction(simulated, on_cpu).is_bounded


def test_without_a_gpu_its_memory_is_not_measured(folder: Path, tmp_path: Path) -> None:
    missing = "Peak memory on a GPU was not measured."
    assert missing not in (folder / "index.html").read_text()
    write_report(build_page([measurement(point())], load_claims()), tmp_path)
    for name in ("index.html", "report.md"):
        text = (tmp_path / name).read_text()
        assert missing in text
        assert "Time on" not in text
        assert "is used" not in text


def test_the_roof_is_the_machines_own(page: Page) -> None:
    gpu, cpu = page.rooflines
    assert (gpu.machine, cpu.machine) == (GPU_NAME, CPU_NAME)
    row = row_of(gpu.table, "tsn", 8)
    # 2 clips of 8 GMACs in 0.24 s, over 2 GB: 8 MACs per byte, where a copy allows 0.8 TMACs/s.
    assert [cell.text for cell in row.values()][-4:] == ["8.00", "66.7", "7%", "8%"]
    assert (
        "1,000 GMACs per second, a copy moves 100.0 GB per second: below 10.0" in gpu.plot.finding
    )


def test_what_fared_alike_is_one_line(page: Page, folder: Path) -> None:
    (gap,) = page.gaps
    assert (gap.status, gap.machine, len(gap.points)) == ("oom", GPU_NAME, 7)
    assert (folder / "index.html").read_text().count("Tried to allocate") == 1


def test_a_machines_name_is_text(folder: Path) -> None:
    html = (folder / "index.html").read_text()
    assert "<b>GPU</b>" not in html
    assert "&lt;b&gt;GPU&lt;/b&gt;, 80 GiB" in html


def test_all_files_say_which_machine(folder: Path) -> None:
    rows = (folder / "results.csv").read_text().splitlines()
    header = rows[0].split(",")
    assert {"machine", "precision", "interval_low", "interval_high"} <= set(header)
    assert sum("Slow, 2 cores" in row for row in rows) == 7
    results = json.loads((folder / "results.json").read_text())
    assert results["format"] == 8
    names = {m["environment"]["accelerator"] for m in results["measurements"]}
    assert names == {"", "<b>GPU</b>"}


def test_the_newest_of_each_machine_counts() -> None:
    where = point(network="tsm", batch=2)
    twice = [timed(where, 9.0, CPU), timed(where, 1.0, GPU), timed(where, 2.0, CPU)]
    page = build_page(twice, load_claims())
    assert sorted(m.value for m in page.measurements) == [1.0, 2.0]
    assert [len(section.latencies.rows) for section in page.machines] == [1, 1]


def test_figures_of_fewer_threads_stand_apart_with_the_reason(tmp_path: Path) -> None:
    slow = point(frames=16)
    found = [
        timed(where, seconds, CPU, settings={"threads": threads})
        for where, seconds, threads in (
            (point(), 1.0, 2),
            (point(network="tsm"), 0.5, 2),
            (point(network="tsm", frames=16), 1.0, 2),
            (slow, 4.0, 1),
            (point(frames=32), 8.0, 1),
        )
    ]
    page = build_page(found, load_claims())
    alone, whole = page.machines
    assert (alone.machine, whole.machine) == (f"{CPU_NAME}, 1 thread", f"{CPU_NAME}, 2 threads")
    assert (whole.apart, len(whole.latencies.rows), len(alone.latencies.rows)) == ("", 3, 2)
    assert "some of the 2 cores, so fewer threads computed these figures" in alone.apart
    assert whole.latencies.caption.startswith("latencies of a batch, 2 threads")
    titles = [plot.title for section in page.machines for plot in section.plots]
    assert titles == [
        f"Latency against frames, infer, fp32, {n}, batch 1" for n in ("1 thread", "2 threads")
    ]
    assert "tsn 8.00" not in whole.plots[0].finding
    write_report(page, tmp_path)
    for name in ("index.html", "report.md"):
        assert alone.apart in (tmp_path / name).read_text()
    rows = list(csv.DictReader((tmp_path / "results.csv").read_text().splitlines()))
    assert sorted(row["threads"] for row in rows) == ["1", "1", "2", "2", "2"]


def test_records_without_their_details_are_shown_as_far_as_they_go() -> None:
    """A file written by hand may contain such records."""
    where = point(mode="train")
    bare = [m.model_copy(update={"details": {}}) for m in records()]
    page = build_page([*bare, peak(where, "simulated", GIB, CPU)], load_claims())
    assert page.rooflines == ()
    assert {row[-2].text for one in page.predictions for row in one.table.rows} == {"not measured"}
    assert row_of(page.machines[0].throughputs, "tsn", 8)["batch"].text == "1"
