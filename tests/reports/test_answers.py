from typing import Any

import pytest

from bench.claims.verdicts import judge, points_of
from bench.machine.environment import current_environment
from bench.records.catalogue import find_instrument
from bench.records.measurement import Measurement
from reports.answers import NOT_MEASURED, Answer, build_answers
from suites import Claim, load_claims
from tests.records import claim, measurement, point


def at(network: str, depth: int, macs: int) -> Measurement:
    return measurement(point(network=network, depth=depth), samples=(macs,))


BOTH = (at("tsn", 50, 8), at("tam", 50, 2), at("tsn", 101, 9), at("tam", 101, 3))
ASKED: dict[str, Any] = {"origin": "asked here", "numerator": {"network": "tsm"}}


def answer(*claims: Claim, measured: tuple[Measurement, ...] = BOTH) -> Answer:
    (found,) = build_answers(judge(claims, measured))
    return found


SENTENCE = "Yes at depths 50 and 101, 4.00 and 3.00 times fewer MACs than TSN"


def test_the_paper_comes_before_what_is_asked_here() -> None:
    more = (*BOTH, at("tsm", 50, 8), at("tsm", 101, 9))
    both = answer(claim(id="b", **ASKED), claim(), measured=more)
    assert both.sentence == f"{SENTENCE}."
    assert both.aside == f"Asked here, not said in the paper: y{SENTENCE[1:-3]}TSM."


def test_a_question_of_ours_says_so() -> None:
    ours = answer(claim(origin="asked here"))
    assert ours.sentence == f"{SENTENCE} (asked here, not said in the paper)."
    assert ours.aside == ""


def test_what_is_not_measured_says_so() -> None:
    for one in (claim(), claim(origin="asked here")):
        found = answer(one, measured=())
        assert (found.sentence, found.aside) == (NOT_MEASURED, "")
        assert found.unmeasured == found.results
    paper = answer(claim(numerator={"network": "i3d"}), claim(id="b", origin="asked here"))
    assert paper.sentence == NOT_MEASURED
    assert SENTENCE[1:] in paper.aside
    assert [result.claim.id for result in paper.unmeasured] == ["c"]


@pytest.mark.parametrize(
    ("ratios", "tone"),
    [
        ((4, 4), "reproduced"),
        ((4, 1), "partly"),
        ((1, 1), "not reproduced"),
        ((), "not measured here"),
    ],
)
def test_the_tone_is_the_verdict_of_the_paper(ratios: tuple[int, ...], tone: str) -> None:
    pairs = zip((50, 101), ratios, strict=False)
    records = [m for d, ratio in pairs for m in (at("tsn", d, ratio), at("tam", d, 1))]
    ours = claim(id="b", origin="asked here", at_least=2.0)
    assert answer(claim(), ours, measured=tuple(records)).tone == tone


def test_questions_need_not_stand_together() -> None:
    claims = [claim(id="a"), claim(id="b", question="another"), claim(id="c")]
    found = build_answers(judge(claims, []))
    ids = [[one.claim.id for one in answer.results] for answer in found]
    assert ids == [["a", "c"], ["b"]]
    assert [answer.id for answer in found] == ["answer-a", "answer-b"]


def test_a_gpu_that_was_invented_here_answers_for_itself_alone() -> None:
    """Where TSN needs three times as much, the project's questions are answered so."""
    gpu = current_environment().model_copy(update={"accelerator": "Invented GPU"})
    records = [
        measurement(
            where,
            quantity=claim.quantity,
            instrument="cuda",
            unit=find_instrument(claim.label).unit,
            samples=(3 if where.network == "tsn" else 1,),
            environment=gpu,
        )
        for claim in load_claims()
        if claim.instrument == "cuda"
        for where in points_of(claim)
    ]
    told = {one.question: one for one in build_answers(judge(load_claims(), records))}
    place = f"On {records[0].machine}: yes at depths 50 and 101"
    memory = told.pop("Does it need half the memory to train?")
    assert memory.sentence == f"{place}, 3.00 times less memory than TSN."
    seconds = told.pop("Is it faster?").sentence
    detail = "in inference and training with bf16 and fp32, 3.00 times as fast as TSN"
    assert seconds.startswith(
        f"{place} {detail}; computed without copies, yes at depths 50 and 101"
    )
    assert {one.sentence for one in told.values()} == {NOT_MEASURED}


def test_without_results_no_claim_of_the_project_has_an_answer() -> None:
    for found in build_answers(judge(load_claims(), [])):
        assert (found.sentence, found.aside) == (NOT_MEASURED, "")
