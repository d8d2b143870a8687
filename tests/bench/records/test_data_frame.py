import pandas as pd

from bench.records.data_frame import COLUMNS, to_frame, to_row
from tests.records import measurement, point, tsn_reference


def test_a_row_has_the_fields_of_the_point_and_of_the_measurement() -> None:
    row = to_row(measurement(point(options={"alpha": 2, "beta": 4}), warnings=("a", "b")))
    assert (row["network"], row["depth"], row["options"]) == ("tsn", 50, "alpha=2 beta=4")
    assert (row["quantity"], row["value"], row["unit"]) == ("macs", 1, "MACs")
    assert row["warnings"] == "a; b"
    assert "interval_low" not in row


def test_a_measurement_without_a_figure_has_no_value() -> None:
    failed = measurement(point(), status="failed", samples=(), reason="why")
    assert "value" not in to_row(failed)
    frame = to_frame([failed, measurement(point(depth=None), samples=(1.0, 2.0, 3.0))])
    assert frame["value"].isna().tolist() == [True, False]
    assert frame["depth"].isna().tolist() == [False, True]
    assert frame["interval_low"][1] < frame["value"][1] < frame["interval_high"][1]


def test_a_frame_without_measurements_has_every_column() -> None:
    frame = to_frame([])
    assert tuple(frame.columns) == COLUMNS
    assert isinstance(frame, pd.DataFrame)


def test_a_frame_has_every_field_of_a_row() -> None:
    row = to_row(measurement(point(), samples=(1.0, 2.0), reference=tsn_reference(4.0, 6.0)))
    assert set(row) == set(COLUMNS)
    names = ("reference", "reference_value", "saving", "saving_low", "saving_high")
    assert [row[name] for name in names] == ["tsn depth 50, 8 frames", 5.0, 3.5, 3.0, 4.0]


def test_a_row_names_the_threads_where_they_are_recorded() -> None:
    frame = to_frame([measurement(point(), settings={"threads": 2}), measurement(point())])
    assert frame["threads"].tolist() == [2, pd.NA]
