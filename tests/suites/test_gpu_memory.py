from typing import get_args

from bench.records.point import Point
from bench.runs.tasks import make_suite_tasks, make_task
from reports.gpu_peaks import point_of
from suites import load_suite
from suites.fields import Precision
from suites.gpu_memory import load_gpu_peaks
from suites.step import StepOptions

PEAKS = load_gpu_peaks()


def test_published_peaks_are_in_mib() -> None:
    assert len(PEAKS) == len({peak.config for peak in PEAKS}) == 17
    known = {(p.network, p.depth, p.batch, p.frames): p.peak_mib for p in PEAKS if not p.variant}
    assert known["tsn", 50, 32, 3] == 8321
    assert known["tsn", 50, 16, 5] == 7028
    assert all(3_000 < peak.peak_mib < 80 * 1024 for peak in PEAKS)
    assert {peak.precision for peak in PEAKS} <= set(get_args(Precision))


def test_their_step_is_that_of_the_source() -> None:
    steps = {peak.network: peak.step for peak in PEAKS}
    assert steps["tsn"] == StepOptions(gradients="zeroed", parallel="ddp")
    assert steps["swin3d_t"].optimizer == "adamw"


def test_a_contradicted_row_names_another_with_another_figure() -> None:
    by_config = {peak.config: peak for peak in PEAKS}
    contradicted = [peak for peak in PEAKS if peak.contradicted_by]
    assert len(contradicted) == 1
    for peak in contradicted:
        other = by_config[peak.contradicted_by]
        assert point_of(other) == point_of(peak)
        assert other.peak_mib != peak.peak_mib


def test_every_row_that_does_not_wait_is_simulated_by_a_suite() -> None:
    tasks = {
        task.identity
        for suite in ("shapes", "paper")
        for task in make_suite_tasks(load_suite(suite), suite)
    }
    points: list[Point] = [point_of(peak) for peak in PEAKS if not peak.waits_for]
    assert {make_task(point, "memory:simulated").identity for point in points} <= tasks
    assert len(points) == 14
