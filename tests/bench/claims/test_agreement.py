import json

import pytest

from bench.claims.agreement import Reproduction, check_agreement
from bench.records.measurement import Measurement
from bench.records.point import Point
from bench.runs.tasks import make_task
from suites import PublishedRow, load_published
from tests.models.networks import TRANSFORMERS
from tests.records import measurement, point

FIGURES = [row for row in load_published() if row.figures]
ROWS = [row for row in FIGURES if row.own_rule is None]
TODAY = [row for row in FIGURES if row.own_rule and row.network not in TRANSFORMERS]
MINI = [row for row in ROWS if "benchmark_mini" in row.source]
ZOO = [row for row in ROWS if "mmaction2" in row.source]
I3D_MACS_PER_FRAME = 135_226_327_040 // 32  # without temporal pooling, each frame costs the same


def find(network: str, **fields: object) -> PublishedRow:
    """The first row of a network that has these fields."""
    wanted = {"network": network, **fields}.items()
    return next(row for row in ROWS if wanted <= vars(row).items())


def at(row: PublishedRow) -> Point:
    fields = ("network", "depth", "frames", "input_size", "num_classes", "options")
    return point(**{field: getattr(row, field) for field in fields})


def counted(row: PublishedRow, **by_operator: int) -> Measurement:
    """The MACs of a row's point, by kind of operator."""
    return measurement(at(row), details={"by_operator": by_operator, "uncounted": {}})


def sized(row: PublishedRow, params: int, **details: dict[str, int]) -> Measurement:
    """The parameters of a row's network."""
    fields = {"quantity": "params", "instrument": "shapes", "samples": (params,)}
    return measurement(at(row), **fields, details=details)


def verdicts(row: PublishedRow, *measurements: Measurement) -> list[Reproduction]:
    return [agreement.verdict for agreement in check_agreement([row], measurements)]


def test_an_exact_figure_is_of_the_convolutions_and_to_the_last_digit() -> None:
    row = find("tsn", depth=50, frames=8, num_classes=87)
    same = counted(row, conv=32_697_090_048, linear=7, norm=7)
    more = counted(row, conv=32_697_090_049)
    assert verdicts(row, same) == [Reproduction.REPRODUCED, Reproduction.NOT_MEASURED]
    assert verdicts(row, more) == [Reproduction.DIFFERS, Reproduction.NOT_MEASURED]


def test_a_rounded_figure_is_of_the_backbone() -> None:
    row = find("tsm", depth=101, frames=8)
    macs, params = check_agreement(
        [row],
        [
            counted(row, conv=62_394_859_520, norm=259_710_976, linear=2_850_816, pool=14_450_688),
            sized(row, 42_856_686),
        ],
    )
    assert (macs.published, macs.measured) == (62_660_000_000, 62_654_570_496)
    assert (params.published, params.measured) == (42_860_000, 42_856_686)
    assert macs.verdict is params.verdict is Reproduction.REPRODUCED
    assert macs.difference == -5_429_504


def test_what_failed_or_lacks_its_breakdown_is_not_measured() -> None:
    row = find("tsm", depth=101, frames=8)
    failed = measurement(at(row), status="failed", samples=(), reason="oom")
    (macs, params) = check_agreement([row], [failed])
    assert macs.gap == "tsm failed: oom"
    assert params.gap == "tsm is not measured: run 'blvbench run published --store FILE'"
    assert macs.verdict is params.verdict is Reproduction.NOT_MEASURED
    assert macs.measured is macs.difference is None
    (whole, _) = check_agreement([row], [measurement(at(row))])
    assert whole.gap.startswith("tsm has no MACs by operator")


def test_the_newest_measurement_counts() -> None:
    row = find("tsn", depth=50, frames=8, num_classes=87)
    right, wrong = counted(row, conv=32_697_090_048), counted(row, conv=1)
    assert verdicts(row, wrong, right)[0] is Reproduction.REPRODUCED
    assert verdicts(row, right, wrong)[0] is Reproduction.DIFFERS


@pytest.mark.parametrize(
    "fields",
    [
        {"network": "tam"},
        {"depth": 18},
        {"frames": 16},
        {"num_classes": 200},
        {"input_size": 256},
        {"options": {"temporal_pooling": "max"}},
        {"batch": 8},
    ],
)
def test_only_the_rows_own_point_counts(fields: dict[str, object]) -> None:
    row = find("tsn", depth=50, frames=8, num_classes=87)
    elsewhere = point(**{"num_classes": 87, **fields})
    found = measurement(elsewhere, details={"by_operator": {"conv": 32_697_090_048}})
    assert verdicts(row, found)[0] is Reproduction.NOT_MEASURED


def test_only_the_instruments_that_count_from_shapes_count() -> None:
    row = find("tsn", depth=50, frames=8, num_classes=87)
    other = counted(row, conv=32_697_090_048).model_copy(update={"instrument": "fvcore"})
    assert verdicts(row, other)[0] is Reproduction.NOT_MEASURED


def test_rows_without_figures_are_not_judged() -> None:
    assert check_agreement([row for row in load_published() if not row.figures], []) == ()
    assert len(check_agreement(ROWS, [])) == sum(len(row.figures) for row in ROWS)


def test_i3d_rows_of_older_code_differ() -> None:
    """Seven rows were counted before the authors' last change; the others are of today's code."""
    rows = [row for row in MINI if row.network == "i3d" and not row.options]
    found = check_agreement(
        rows, [counted(row, conv=I3D_MACS_PER_FRAME * row.frames) for row in rows]
    )
    macs = [agreement for agreement in found if agreement.quantity == "macs"]
    differing = [a.row for a in macs if a.verdict is Reproduction.DIFFERS]
    assert len(macs) == 3 * 4
    assert len(differing) == 7
    assert {(row.frames, row.num_classes) for row in differing} == {
        (8, 87),
        (8, 200),
        (16, 87),
        (16, 200),
        (32, 87),
    }
    assert {a.difference for a in macs if a.row.frames == 16} == {67_613_163_520 - 67_380_196_352}


def test_the_zoos_rows_reproduce_but_for_parameters_of_another_classifier() -> None:
    tasks = [make_task(at(row), quantity) for row in ZOO for quantity in ("macs", "params")]
    found = check_agreement(ZOO, [make_task.measure() for make_task in tasks])
    for agreement in found:
        has_other_head = agreement.quantity == "params" and "-class head" in agreement.row.note
        expected = Reproduction.DIFFERS if has_other_head else Reproduction.REPRODUCED
        assert agreement.verdict is expected, agreement
    assert sum(agreement.verdict is Reproduction.DIFFERS for agreement in found) == 3


@pytest.mark.parametrize(
    ("row", "macs"),
    [
        (find("tsn", depth=None, options=(("backbone", "inception_v1"),)), 11_978_817_536),
        (find("i3d", frames=32, num_classes=200, options=()), 135_226_327_040),
        (find("s3d", frames=16, options=()), 39_712_547_840),
        (find("tam", depth=50, frames=64, options=(("temporal_pooling", "max"),)), 113_704_435_712),
    ],
    ids=["tsn", "i3d", "s3d", "tam"],
)
def test_rows_of_the_authors_reproduce(row: PublishedRow, macs: int) -> None:
    found = check_agreement(
        [row], [make_task(at(row), quantity).measure() for quantity in row.figures]
    )
    assert [agreement.verdict for agreement in found] == [Reproduction.REPRODUCED] * 2
    assert found[0].measured == macs


def test_printed_parameters_of_a_part_are_compared_with_that_part() -> None:
    row = next(row for row in FIGURES if row.network == "vjepa2")
    part = row.rule.params_of
    assert part == "network.vjepa2.encoder"
    (alone,) = check_agreement([row], [sized(row, 375_485_998)])
    assert "has no parameters of network.vjepa2.encoder" in alone.gap
    for count, verdict in [
        (303_885_312, Reproduction.REPRODUCED),
        (310_000_000, Reproduction.DIFFERS),
    ]:
        (found,) = check_agreement([row], [sized(row, 375_485_998, by_module={part: count})])
        assert (found.measured, found.verdict) == (count, verdict)


def test_json_has_both_figures_or_the_reason() -> None:
    row = find("i3d", frames=16, num_classes=200, options=())
    macs, params = check_agreement([row], [counted(row, conv=67_613_163_520)])
    data = json.loads(json.dumps(macs.as_json()))
    assert data["point"]["network"] == "i3d"
    assert data["verdict"] == "differs"
    assert data["published"] == 67_380_196_352
    assert (data["status"], data["measured"]) == ("ok", 67_613_163_520)
    assert data["difference"] == 232_967_168
    data = params.as_json()
    assert data["status"] == data["verdict"].replace(" ", "_") == "not_measured"
    assert data["reason"] == params.gap


def test_a_figure_printed_for_all_views_is_of_as_many_clips() -> None:
    row = find("blvnet_tam", depth=50, frames=48)
    (one,) = check_agreement([row], [counted(row, conv=93_433_561_088, linear=1_638_400)])
    assert one.measured == 9 * 93_435_199_488
    assert one.verdict is Reproduction.REPRODUCED


def test_the_networks_of_today_reproduce_but_for_four_figures_that_are_explained() -> None:
    tasks = [make_task(at(row), quantity) for row in TODAY for quantity in ("macs", "params")]
    found = check_agreement(TODAY, [task.measure() for task in tasks])
    assert len(found) == 66
    differing = [one for one in found if one.verdict is not Reproduction.REPRODUCED]
    assert [(one.row.network, one.published, one.row.note) for one in differing] == [
        ("x3d", 2_960_000_000, "its last convolution, behind the pool, was counted at 4 positions"),
        ("slowonly", 31_960_000, "printed params match a 157-class head"),
        (
            "tanet",
            43_066_000_000,
            "its counter adds ReLUs and pools, and leaves out the convolutions whose kernels "
            "depend on the clip",
        ),
        ("csn", 97_630_000_000, "the counter of this zoo gives 97.64 for its network"),
    ]
