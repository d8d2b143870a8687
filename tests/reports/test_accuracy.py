from bench.records.measurement import Measurement
from reports.accuracy import build_accuracies, build_comparisons
from reports.accuracy_plot import draw_accuracies
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
        details={
            "by_group": {"adjacent": 90.0, "fast": 10.0},
            "group_sizes": {"adjacent": 12, "fast": 8},
            "top5": {"percent": 99.0},
        },
        settings={"clips": "digest"},
    )


def macs(network: str, count: int, **fields: object) -> Measurement:
    where = {"network": network, "depth": 18, "options": {"width": 0.25}, "input_size": 64}
    return measurement(point(**(where | {"num_classes": 16} | fields)), samples=(count,))


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
    assert column(table, "95 % from") == ["53.1", "29.9"]
    assert column(table, "95 % to") == ["88.8", "70.1"]
    assert column(table, "fast") == ["10.0", "10.0"]


def test_networks_are_compared_at_equal_frames_and_seed_alone() -> None:
    table = build_comparisons(
        [
            trained("tsm", 20),
            trained("tsn", 10),
            trained("tam", 19),
            trained("tsm", 3, seed=1),
            trained("tsm", 3, frames=16),
        ]
    )
    pairs = list(zip(column(table, "network"), column(table, "other network"), strict=True))
    assert pairs == [("tsm", "tsn"), ("tsm", "tam"), ("tsn", "tam")]
    assert column(table, "difference (points)") == ["+50.0", "+5.0", "-45.0"]
    assert column(table, "verdict") == ["better", "no difference shown", "worse"]
    assert column(table, "p")[0] == "0.002"


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


def test_the_plot_has_a_panel_for_all_classes_and_for_each_group() -> None:
    measured = [
        trained("tsm", 12),
        trained("tsm", 14, seed=1),
        trained("tsn", 10),
        trained("tsm", 18, frames=16),
        macs("tsm", 10**7),
        macs("tsn", 10**7),
        macs("tsm", 2 * 10**7, frames=16),
    ]
    plot = draw_accuracies(measured, {"tsm": "#0000ff", "tsn": "#ff0000"})
    assert plot
    assert plot.panels == 3
    assert "All classes at 16 frames: tsm 90 %." in plot.finding
    assert "Fast at 16 frames: tsm 75 %." in plot.finding
    for text in ("all classes", "adjacent", "fast", "limit without frame order", "16 frames"):
        assert f">{text}<" in plot.svg


def test_there_is_no_plot_without_macs_or_of_other_data() -> None:
    assert draw_accuracies([trained("tsm", 12)], {}) is None
    assert draw_accuracies([trained("tsm", 12, dataset="own"), macs("tsm", 5)], {}) is None
