from bench.records import Measurement
from reports.accuracy import build_accuracies, build_comparisons
from reports.page import build_page
from reports.tables import Table
from suites import load_claims
from tests.records import measurement, point

CLIPS = 20


def trained(network: str, right: int, **fields: object) -> Measurement:
    where = {"network": network, "depth": 18, "options": {"width": 0.25}, "input_size": 64}
    learnt = {"num_classes": 16, "dataset": "arrow-of-time"}
    return measurement(
        point(**(where | learnt | fields)),
        quantity="accuracy",
        instrument="trained",
        unit="percent",
        samples=(100,) * right + (0,) * (CLIPS - right),
        details={"by_group": {"adjacent": 90.0, "fast": 10.0}},
        settings={"clips": "digest"},
    )


def column(table: Table, heading: str) -> list[str]:
    place = table.headings.index(heading)
    return [row[place].text for row in table.rows]


def test_a_row_for_each_training_with_its_interval_and_groups() -> None:
    costs = measurement(
        point(network="tsm", depth=18, options={"width": 0.25}, input_size=64, num_classes=16),
        samples=(12_345_678,),
    )
    table = build_accuracies([trained("tsm", 15), trained("tsn", 10), costs])
    assert table.caption.startswith("networks trained from scratch, options width=0.25")
    assert "data set arrow-of-time" in table.caption
    assert column(table, "network") == ["tsm", "tsn"]
    assert column(table, "MACs (M)") == ["12.3", "not measured"]
    assert column(table, "top-1 (%)") == ["75.0", "50.0"]
    assert column(table, "from") == ["53.1", "29.9"]
    assert column(table, "to") == ["88.8", "70.1"]
    assert column(table, "fast") == ["10.0", "10.0"]


def test_networks_are_compared_at_equal_frames_and_seed_alone() -> None:
    table = build_comparisons(
        [
            *(trained("tsm", 20), trained("tsn", 10), trained("tam", 19)),
            *(trained("tsm", 3, seed=1), trained("tsm", 3, frames=16)),
        ]
    )
    pairs = list(zip(column(table, "network"), column(table, "against"), strict=True))
    assert pairs == [("tsm", "tsn"), ("tsm", "tam"), ("tsn", "tam")]
    assert column(table, "points more") == ["+50.0", "+5.0", "-45.0"]
    assert column(table, "verdict") == ["better", "no difference shown", "worse"]
    assert column(table, "p")[0] == "0.002"


def test_answers_to_other_clips_are_not_compared() -> None:
    other = trained("tsn", 10).model_copy(update={"settings": {"clips": "another"}})
    assert not build_comparisons([trained("tsm", 20), other]).rows


def test_a_page_without_accuracies_has_no_rows_and_one_with_has_them() -> None:
    assert not build_page([measurement(point())], load_claims()).accuracies.rows
    page = build_page([trained("tsm", 20), trained("tsn", 10)], load_claims())
    assert len(page.accuracies.rows) == 2
    assert len(page.comparisons.rows) == 1
    assert page.rows[0]["value"] == 100
    assert "dispersion" not in page.rows[0]
