"""Rooflines by hand: 2 clips of 8 MACs each over 4 bytes are 4 MACs per byte."""

from pathlib import Path

import pytest

from bench.records.measurement import Measurement
from bench.records.point import Point
from reports.drawing import assign_colours
from reports.page import build_page
from reports.roofline import build_rooflines
from reports.writer import write_report
from suites import load_claims
from tests.records import measurement, point


def timed(where: Point, macs_per_second: float, *samples: float) -> Measurement:
    return measurement(
        where,
        quantity="latency",
        instrument="cpu",
        unit="seconds",
        samples=samples or (2.0,),
        details={"ceilings": {"macs_per_second": macs_per_second, "bytes_per_second": 4.0}},
    )


def counts(where: Point) -> list[Measurement]:
    traffic = {"quantity": "traffic", "instrument": "operators", "unit": "bytes"}
    once = where.model_copy(update={"batch": 1, "precision": "fp32"})
    return [measurement(once, samples=(8,)), measurement(where, samples=(4,), **traffic)]


def test_every_share_is_of_the_highest_ceilings_measured() -> None:
    where, same = point(batch=2), point(batch=2, frames=4)
    others = [timed(where.model_copy(update={"mode": "train"}), 32.0)]
    others += [timed(point(batch=2, frames=1), 20.0)]  # without MACs
    pair = [timed(where, 16.0), timed(same, 24.0)]  # equal rates beside different ceilings
    (roofline,) = build_rooflines(
        [*counts(where), *counts(same), *pair, *others], assign_colours([])
    )
    for row in roofline.table.rows:
        assert [cell.text for cell in row][-4:] == ["4.00", "0.0", "25%", "50%"]
        assert row[-3].number == 8  # 16 MACs in 2 s
    assert "below 8.0 MACs per byte" in roofline.plot.finding  # 32 / 4


def test_each_number_of_threads_has_a_roof_of_its_own() -> None:
    one, two = (
        timed(point(frames=n), 16.0 * n).model_copy(update={"settings": {"threads": n}})
        for n in (1, 2)
    )
    found = build_rooflines([*counts(one.point), *counts(two.point), one, two], assign_colours([]))
    assert [roofline.machine for roofline in found] == [one.platform, two.platform]
    assert [roofline.plot.title for roofline in found] == [
        "Roofline, fp32, 1 thread",
        "Roofline, fp32, 2 threads",
    ]
    assert [roofline.table.rows[0][-2].text for roofline in found] == ["25%", "12%"]
    assert found[1].table.caption.startswith("1 point, 2 threads")


def test_counts_are_found_whatever_they_ignore() -> None:
    where = point(batch=2, precision="bf16")
    compiled = where.model_copy(update={"execution": "compile", "memory_format": "channels_last"})
    (roofline,) = build_rooflines([*counts(where), timed(compiled, 16.0)], assign_colours([]))
    assert roofline.precision == "bf16"
    (row,) = roofline.table.rows
    assert "compile, channels-last" in [cell.text for cell in row]


def test_points_are_named_in_the_colours_of_their_networks() -> None:
    records = [
        record
        for network in ("tsn", "tsm")
        for record in (*counts(point(network=network)), timed(point(network=network), 16.0))
    ]
    (roofline,) = build_rooflines(records, {"tsn": "#0000ff", "tsm": "#ff0000"})
    assert "#0000ff" in roofline.plot.svg
    for name in ("tsm 50", "tsn 50"):
        assert f">{name}<" in roofline.plot.svg


@pytest.mark.parametrize("samples", [(0.0,), (0.0, 0.0)])
def test_a_latency_of_0_is_a_row_without_a_rate(samples: tuple[float, ...], tmp_path: Path) -> None:
    where = point(batch=2)
    page = build_page([*counts(where), timed(where, 16.0, *samples)], load_claims())
    write_report(page, tmp_path)
    assert page.rooflines == ()
    assert "clips/s" not in page.machines[0].latencies.headings
