import pytest

from bench.claims.verdicts import judge
from bench.records.measurement import Measurement
from reports.answers import ClaimCard, build_answers
from tests.records import claim, measurement, point


def at(network: str, depth: int, macs: int) -> Measurement:
    return measurement(point(network=network, depth=depth), samples=(macs,))


def card(*measurements: Measurement) -> ClaimCard:
    (result,) = judge([claim()], measurements)
    return ClaimCard(result)


def test_a_card_has_the_range_of_its_cases() -> None:
    both = [at("tsn", 50, 8), at("tam", 50, 2), at("tsn", 101, 9), at("tam", 101, 3)]
    assert card(*both).span == "3.000x to 4.000x"
    assert card(*both[:2]).span == "4.000x (1 of 2 cases)"


def test_claims_without_measurements_have_no_span() -> None:
    (found,) = build_answers(judge([claim()], [at("tsn", 50, 4)]))
    assert [one.span for one in found.cards] == ["not measured"]
    assert not found.judged
    assert (found.spans, found.verdicts) == ([], {"not measured here": 1})


def test_claims_of_one_question_answer_together() -> None:
    claims = [
        claim(id="a"),
        claim(id="b", numerator={"network": "tsm"}),
        claim(id="c", numerator={"network": "i3d"}),
        claim(id="d", question="another"),
    ]
    measured = [at("tsn", 50, 8), at("tam", 50, 2), at("tsm", 50, 3), at("tsn", 101, 1)]
    first, second = build_answers(judge(claims, measured))
    assert (first.question, first.id) == ("q", "answer-a")
    assert (second.question, second.id) == ("another", "answer-d")
    assert [one.result.claim.id for one in first.judged] == ["a", "b"]
    assert first.spans == ["macs: 1.500x to 4.000x"]
    assert sum(first.verdicts.values()) == len(first.cards)
    assert first.verdicts["not measured here"] == 1


def test_figures_of_several_kinds_are_no_range() -> None:
    claims = [claim(id="a"), claim(id="b", at_least=None, at_most=1.1)]
    (found,) = build_answers(judge(claims, [at("tsn", 50, 8), at("tam", 50, 2)]))
    assert len(found.judged) == 2
    assert found.spans == []


@pytest.mark.parametrize(
    ("second", "spans"),
    [
        (("params", "shapes"), ["macs: 4.000x", "params: 2.000x"]),
        (("macs", "fvcore"), ["macs, flop_counter: 4.000x", "macs, fvcore: 2.000x"]),
    ],
)
def test_each_quantity_and_instrument_has_its_own_range(
    second: tuple[str, str], spans: list[str]
) -> None:
    other = dict(zip(("quantity", "instrument"), second, strict=True))
    records = [at("tsn", 50, 8), at("tam", 50, 2)]
    for name, count in (("tsn", 4), ("tam", 2)):
        records.append(measurement(point(network=name), **other, samples=(count,)))
    claims = [claim(id="a"), claim(id="b", **other)]
    (found,) = build_answers(judge(claims, records))
    assert found.spans == spans


def test_the_span_of_a_difference_is_in_points() -> None:
    same = {"quantity": "accuracy", "instrument": "evaluated", "unit": "percent"}
    records = [
        measurement(point(network=name), **same, samples=samples, settings={"answered": "x"})
        for name, samples in (("tsn", (100, 100, 0)), ("tam", (100, 0, 0)))
    ]
    asked = claim(**dict(list(same.items())[:2]), compare="points", at_least=0)
    (found,) = build_answers(judge([asked], records))
    assert found.spans == ["accuracy: +33.3 points"]


def test_questions_need_not_stand_together() -> None:
    claims = [claim(id="a"), claim(id="b", question="another"), claim(id="c")]
    found = build_answers(judge(claims, []))
    assert [[one.result.claim.id for one in answer.cards] for answer in found] == [
        ["a", "c"],
        ["b"],
    ]
