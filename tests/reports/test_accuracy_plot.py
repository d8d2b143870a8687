from reports.accuracy_plot import draw_accuracies
from tests.reports.accuracies import macs, trained


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
