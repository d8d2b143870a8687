from pathlib import Path

from bench.instruments.reading import Reading
from bench.records.store import Store
from bench.runs.evaluations import record_evaluation
from tests.records import point

WHERE = point(dataset="films")


def reading(**settings: str) -> Reading:
    return Reading((100, 0), settings=dict(settings))


def test_weights_and_protocol_are_part_of_the_identity(tmp_path: Path) -> None:
    with Store(tmp_path / "s", create=True) as store:
        first = record_evaluation(WHERE, reading(weights="a"), store)
        record_evaluation(WHERE, reading(weights="b"), store)
        again = record_evaluation(WHERE, reading(weights="a"), store)
        kept = store.measurements()
    assert [m.settings["weights"] for m in kept] == ["b", "a"]
    assert (first.label, first.value, first.unit) == ("accuracy:evaluated", 50, "percent")
    assert kept[-1] == again


def test_without_a_store_there_is_only_the_record() -> None:
    assert record_evaluation(WHERE, reading()).samples == (100, 0)
