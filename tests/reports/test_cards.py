from bench.claims import judge
from bench.records import Measurement
from reports.cards import Card, split
from tests.records import claim, measurement, point


def at(network: str, depth: int, macs: int) -> Measurement:
    return measurement(point(network=network, depth=depth), samples=(macs,))


def card(*measurements: Measurement) -> Card:
    (result,) = judge([claim()], measurements)
    return Card(result)


def test_a_card_has_the_range_of_its_cases() -> None:
    both = [at("tsn", 50, 8), at("tam", 50, 2), at("tsn", 101, 9), at("tam", 101, 3)]
    assert card(*both).measured == "3.000x to 4.000x"
    assert card(*both[:2]).measured == "4.000x (1 of 2 cases)"


def test_what_is_not_measured_is_told_apart() -> None:
    results = judge([claim(), claim(id="d", numerator={"network": "tsm"})], [at("tsn", 50, 4)])
    judged, unjudged = split(results)
    assert [one.result.claim.id for one in unjudged] == ["c", "d"]
    assert not judged
    assert unjudged[0].measured == "nothing"
