import csv
from collections import Counter

import pytest

import models
from suites import PrintedNetwork, Protocol, load_networks, load_published, networks

ROWS = load_networks()
BUILT = [one for one in ROWS if one.row]


def find(name: str, dataset: str = "kinetics-400", frames_x_stride: str = "") -> PrintedNetwork:
    return next(
        one
        for one in ROWS
        if (one.name, one.dataset) == (name, dataset) and frames_x_stride in one.frames_x_stride
    )


def test_every_row_is_built_or_says_why_not() -> None:
    assert len(ROWS) == 73
    assert len(BUILT) == 56
    assert all(bool(one.row) != bool(one.not_built) for one in ROWS)


def test_a_built_row_is_a_published_row() -> None:
    row = find("SlowFast R101").row
    assert row in load_published()
    assert row
    assert (row.network, row.depth, row.frames, row.input_size) == ("slowfast", 101, 64, 256)
    assert row.options == (("sampling", "16x8"),)
    assert row.protocol == Protocol(10, 3, 256, "dense")
    assert row.figures == {"macs": 215_610_000_000, "params": 53_770_000}
    assert row.units == (("macs", 10_000_000), ("params", 10_000))
    assert (row.rule.norm_operations, row.rule.head_positions, row.rule.views) == (5, 4, 1)


@pytest.mark.parametrize("one", BUILT, ids=lambda one: f"{one.name}-{one.frames_x_stride}")
def test_a_built_row_has_a_network_that_accepts_it(one: PrintedNetwork) -> None:
    assert one.row
    network = models.get_network(one.row.network)
    network.configure(
        num_classes=one.row.num_classes,
        frames=one.row.frames,
        depth=one.row.depth,
        options=dict(one.row.options),
    )


def test_a_printed_figure_is_charged_for_the_views_that_it_is_of() -> None:
    assert find("Video Swin T").printed_video_macs == 88e9 * 12
    assert find("UniFormer S").printed_video_macs == 70e9  # printed for all views
    assert find("MoViNet A0-Base", "kinetics-600").printed_video_macs == 2.7e9
    assert find("I3D R50").printed_video_macs == 37.53e9 * 30
    assert find("Hiera B").printed_video_macs is None


def test_a_figure_of_all_views_is_compared_with_all_views() -> None:
    timesformer = find("TimeSformer B divided").row
    assert timesformer
    assert timesformer.rule.views == 3
    assert timesformer.prints("macs", 587_490_000_000)


def test_macs_of_all_views_may_be_those_of_one_view_rounded_first() -> None:
    """4 x 258.58 is 1,034.3, and 4 x 259 is 1,036."""
    row = find("UniFormer B", frames_x_stride="32x4").row
    assert row
    assert row.prints("macs", 1_034_327_277_568)
    assert not row.prints("macs", 1_033_900_000_000)


def test_no_row_of_kinetics_600_is_ranked() -> None:
    assert Counter(one.dataset for one in ROWS)["kinetics-600"] == 6
    assert "kinetics-600" not in {row.dataset for row in load_published()}


def test_no_row_has_more_cells_than_the_file_has_columns() -> None:
    with networks.FILE.open(encoding="utf-8", newline="") as file:
        first, *others = csv.reader(file)
    assert {len(cells) for cells in others} == {len(first)}
