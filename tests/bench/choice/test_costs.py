from bench.choice.costs import KnownCosts, Refusal
from tests.bench.choice.known import cost
from tests.records import point


def test_a_cost_is_found_at_points_that_differ_in_ignored_fields() -> None:
    macs = cost("macs:flop_counter", point(), 7)
    known = KnownCosts([macs])
    assert known.find("macs:flop_counter", point(batch=8, mode="train")) == macs
    assert known.figure("macs:flop_counter", point(batch=8)) == 7
    assert known.find("memory:simulated", point()) is None


def test_a_refusal_is_found_in_place_of_a_cost_and_has_no_figure() -> None:
    known = KnownCosts()
    known.refuse("macs:flop_counter", point(batch=8), "accepts 8 frames only")
    assert known.find("macs:flop_counter", point()) == Refusal("accepts 8 frames only")
    assert known.figure("macs:flop_counter", point()) is None
