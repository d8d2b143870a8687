from reports.accuracy import build_accuracies, build_comparisons
from reports.page import build_page
from reports.tables import Table
from suites import load_claims
from tests.records import measurement, point
from tests.reports.accuracies import macs, trained


def column(table: Table, heading: str) -> list[str]:
    place = table.headings.index(heading)
    return [row[place].text for row in table.rows]


def test_a_row_for_each_training_with_its_interval_and_groups() -> None:
    costs = macs("tsm", 12_345_678)
    table = build_accuracies([trained("tsm", 15), trained("tsn", 10), costs])
    assert table.caption.startswith("accuracies, options width=0.25, weights trained here")
    assert "data set arrow-of-time" in table.caption
    assert column(table, "network") == ["tsm", "tsn"]
    assert column(table, "MACs (M)") == ["12.3", "not measured"]
    assert column(table, "top-1 (%)") == ["75.0", "50.0"]
    assert column(table, "95 % from") == ["45.6", "23.7"]  # of 10 pairs
    assert column(table, "95 % to") == ["91.2", "76.3"]
    assert column(table, "fast") == ["10.0", "10.0"]


def test_networks_are_compared_at_equal_frames_and_seed_alone() -> None:
    table = build_comparisons(
        [
            trained("tsm", 20),
            trained("tsn", 8),
            trained("tam", 19),
            trained("tsm", 3, seed=1),
            trained("tsm", 3, frames=16),
        ]
    )
    pairs = list(zip(column(table, "network"), column(table, "other network"), strict=True))
    assert pairs == [("tsm", "tsn"), ("tsm", "tam"), ("tsn", "tam")]
    assert column(table, "difference (points)") == ["+60.0", "+5.0", "-55.0"]
    assert column(table, "verdict") == ["better", "no difference shown", "worse"]
    assert column(table, "p")[0] == "0.031"  # 6 of 10 pairs: 2 / 2 ** 6


def test_answers_to_other_clips_are_not_compared() -> None:
    for different in ({"clips": "another"}, {"clips": "digest", "answered": "fewer"}):
        other = trained("tsn", 10).model_copy(update={"settings": different})
        assert not build_comparisons([trained("tsm", 20), other]).rows


def test_a_page_without_accuracies_has_no_rows_and_one_with_has_them() -> None:
    assert not build_page([measurement(point())], load_claims()).accuracies.rows
    page = build_page([trained("tsm", 20), trained("tsn", 10)], load_claims())
    assert len(page.accuracies.rows) == 2
    assert len(page.comparisons.rows) == 1
    assert page.rows[0]["value"] == 100
    assert "dispersion" not in page.rows[0]


def test_evaluated_weights_are_named_beside_trained_networks() -> None:
    evaluated = trained("tsm", 12, dataset="subset").model_copy(
        update={"instrument": "evaluated", "settings": {"clips": "d", "weights": "tsm.pth"}}
    )
    table = build_accuracies([trained("tsm", 15), evaluated])
    assert column(table, "weights") == ["trained here", "tsm.pth"]
    assert column(table, "top-5 (%)") == ["99.0", "99.0"]
    assert not build_comparisons([trained("tsm", 15), evaluated]).rows
