from bench.machine.environment import current_environment
from bench.records.index import Index, in_report_order, key_of
from bench.records.measurement import Measurement
from tests.records import measurement, point

LATENCY = {"quantity": "latency", "instrument": "cpu", "unit": "seconds"}


def latency(seconds: float, processor: str, **fields: object) -> Measurement:
    where = current_environment().model_copy(update={"processor": processor})
    return measurement(point(**fields), samples=(seconds,), environment=where, **LATENCY)


def test_of_equal_keys_the_last_measurement_counts() -> None:
    first, second = measurement(point(), samples=(1,)), measurement(point(), samples=(2,))
    assert key_of(first) == key_of(second)
    assert list(Index([first, second])) == [second]


def test_a_point_is_looked_up_as_the_instrument_knows_it() -> None:
    macs = measurement(point(), quantity="macs", instrument="flop_counter", samples=(5,))
    index = Index([macs])
    assert index.find("macs:flop_counter", point(batch=8, mode="train", seed=3)) == macs
    assert index.figure("macs:flop_counter", point(batch=8)) == 5
    assert index.find("macs:flop_counter", point(frames=4)) is None


def test_each_machine_has_its_own_and_the_newest_of_all_is_found() -> None:
    old, other, new = latency(3.0, "a"), latency(2.0, "b"), latency(1.0, "a")
    index = Index([old, other, new])
    platforms = index.by_platform("latency:cpu", point())
    assert [m.value for m in platforms.values()] == [2.0, 1.0]
    assert index.find("latency:cpu", point()) == new
    assert index.by_platform("latency:cpu", point(frames=2)) == {}


def test_the_newest_figure_of_a_machine_counts_and_is_found_under_its_threads() -> None:
    one, two = (latency(1.0, "a").model_copy(update={"settings": {"threads": n}}) for n in (1, 2))
    index = Index([one, two, latency(3.0, "b")])
    found = index.by_platform("latency:cpu", point())
    assert list(found) == [two.platform, latency(3.0, "b").machine]
    assert two.platform == f"{two.machine}, 2 threads"


def test_what_failed_has_no_figure() -> None:
    failed = measurement(point(), status="failed", samples=(), reason="it did")
    index = Index([failed])
    assert index.find(failed.label, point()) == failed
    assert index.figure(failed.label, point()) is None


def test_a_report_is_sorted_by_point_then_quantity_then_machine() -> None:
    wanted = [latency(1.0, "a"), latency(1.0, "b"), latency(1.0, "a", frames=32)]
    assert in_report_order(reversed(wanted)) == wanted
