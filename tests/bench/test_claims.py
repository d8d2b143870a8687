from typing import Any

import pytest

from bench.claims import Verdict, judge
from bench.records import CodeVersion, Measurement
from suites import Case, Claim, load_claims
from tests.records import measurement, point


def claim(**fields: Any) -> Claim:
    defaults: dict[str, Any] = {
        "id": "c",
        "title": "t",
        "source": "s",
        "published": "3-4x",
        "rule": "r",
        "quantity": "macs",
        "instrument": "flop_counter",
        "numerator": {"network": "tsn"},
        "denominator": {"network": "tam"},
        "at_least": 3.0,
        "cases": [
            Case(label="depth 50", depth=50, frames=8),
            Case(label="depth 101", depth=101, frames=8),
        ],
        "measured_by": "m",
    }
    return Claim.model_validate({**defaults, **fields})


def figures(fifty: tuple[int, int], hundred: tuple[int, int] | None) -> list[Measurement]:
    pairs = {50: fifty} | ({101: hundred} if hundred else {})
    return [
        measurement(point(network=network, depth=depth), samples=(value,))
        for depth, pair in pairs.items()
        for network, value in zip(("tsn", "tam"), pair, strict=True)
    ]


@pytest.mark.parametrize(
    ("measurements", "verdict", "finding"),
    [
        (figures((30, 10), (35, 10)), Verdict.REPRODUCED, "Met at depth 50 (3.000x) and depth 101"),
        (figures((29, 10), (35, 10)), Verdict.PARTLY, "; not met at depth 50 (2.900x)."),
        (figures((29, 10), (10, 10)), Verdict.NOT_REPRODUCED, "Not met at depth 50 (2.900x) and"),
        (figures((30, 10), None), Verdict.PARTLY, "; not measured at depth 101."),
        (figures((10, 10), None), Verdict.NOT_REPRODUCED, "; not measured at depth 101."),
        (figures((30, 0), None), Verdict.NOT_MEASURED, "Not measured at depth 50 and depth 101."),
        ([], Verdict.NOT_MEASURED, "Not measured at depth 50 and depth 101."),
    ],
)
def test_verdicts(measurements: list[Measurement], verdict: Verdict, finding: str) -> None:
    (result,) = judge([claim()], measurements)
    assert result.verdict is verdict
    assert finding in result.finding


def test_at_most_is_the_other_way_round() -> None:
    costs = claim(at_least=None, at_most=1.01)
    (result,) = judge([costs], figures((101, 100), (102, 100)))
    assert [case.is_met for case in result.cases] == [True, False]
    assert result.finding == "Met at depth 50 (+1.00%); not met at depth 101 (+2.00%)."


def test_what_failed_is_not_measured() -> None:
    failed = measurement(point(network="tam"), status="failed", samples=(), reason="oom")
    (result,) = judge([claim()], [measurement(point(), samples=(3,)), failed])
    assert result.verdict is Verdict.NOT_MEASURED
    assert result.cases[0].gap == "tam failed: oom"


def test_figures_of_two_versions_are_not_compared() -> None:
    tsn, tam = figures((30, 10), None)
    other = tam.model_copy(update={"code": CodeVersion(network="n", instrument="newer")})
    (result,) = judge([claim()], [tsn, other])
    assert result.verdict is Verdict.NOT_MEASURED
    assert result.cases[0].gap.startswith("measured by different versions")


def test_the_newest_measurement_counts() -> None:
    old, new = figures((10, 10), None), figures((30, 10), None)
    (result,) = judge([claim()], [*old, *new])
    assert result.cases[0].ratio == 3


def test_sides_may_be_of_another_depth() -> None:
    longer = claim(
        numerator={"network": "tam", "depth": 101, "frames": 16},
        denominator={"network": "tsn", "depth": 50, "frames": 8},
        cases=[Case(label="deeper")],
    )
    (result,) = judge(
        [longer],
        [
            measurement(point(network="tam", depth=101, frames=16), samples=(9,)),
            measurement(point(), samples=(3,)),
        ],
    )
    assert result.cases[0].ratio == 3


def test_json_has_every_case() -> None:
    (result,) = judge([claim()], figures((30, 10), None))
    data = result.as_json()
    assert data["verdict"] == "partly"
    assert data["cases"][0] == {
        "label": "depth 50",
        "status": "ok",
        "numerator": 30,
        "denominator": 10,
        "ratio": 3.0,
        "met": True,
    }
    assert data["cases"][1] == {
        "label": "depth 101",
        "status": "not_measured",
        "reason": "tsn is not measured: m",
    }


def test_the_projects_claims_name_what_exists() -> None:
    import models
    from bench.instruments import INSTRUMENTS

    instruments = {(i.quantity, i.name) for i in INSTRUMENTS} | {("top1", "evaluation")}
    claims = load_claims()
    assert len({c.id for c in claims}) == len(claims)
    for each in claims:
        assert {each.numerator.network, each.denominator.network} <= set(models.list_models())
        assert (each.quantity, each.instrument) in instruments
