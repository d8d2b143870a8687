from itertools import product
from typing import Any

import pytest

from bench.claims.verdicts import CaseResult
from reports.places import describe, enumerate_words
from suites import Case
from tests.records import claim


def results(*cases: dict[str, Any], **fields: Any) -> list[CaseResult]:
    """Cases of a claim, labelled by their numbers; nothing is measured."""
    own = [Case(label=str(number), **case) for number, case in enumerate(cases)]
    asked = claim(cases=own, **fields)
    return [CaseResult(asked, case, "", None, None) for case in own]


def grid(**values: tuple[Any, ...]) -> list[dict[str, Any]]:
    return [dict(zip(values, own, strict=True)) for own in product(*values.values())]


@pytest.mark.parametrize(
    ("cases", "text"),
    [
        (grid(depth=(50,), frames=(8,)), "at depth 50"),
        (grid(depth=(50, 101), frames=(8,)), "at depths 50 and 101"),
        (grid(depth=(50,), frames=(64, 8, 16)), "at depth 50 over 8 to 64 frames"),
        (grid(depth=(50,), frames=(8, 16)), "at depth 50 over 8 and 16 frames"),
        (
            grid(depth=(50, 101), frames=(8,), mode=("train", "infer")),
            "at depths 50 and 101 in inference and training",
        ),
        (
            grid(depth=(50,), frames=(8,), precision=("fp32", "bf16"), seed=(0, 1)),
            "at depth 50 with bf16 and fp32 with seeds 0 and 1",
        ),
    ],
)
def test_all_cases_are_told_by_what_differs(cases: list[dict[str, Any]], text: str) -> None:
    every = results(*cases)
    assert describe(every, every) == text


def test_some_cases_are_told_apart_from_the_others() -> None:
    lengths = results(*grid(depth=(50,), frames=(1, 8)))
    assert describe(lengths[:1], lengths) == "at depth 50 over 1 frame"
    every = results(*grid(depth=(50, 101), frames=(8,), mode=("train", "infer")))
    assert describe(every[:1], every) == "at depth 50 in training"
    text = "at depth 50 in inference and at depth 101 in inference and training"
    assert describe(every[1:], every) == text
    assert describe([every[1], every[3]], every) == "at depths 50 and 101 in inference"


def test_sides_with_depths_of_their_own_are_the_place() -> None:
    deeper = {"network": "tam", "depth": 101, "frames": 16}
    own = results({}, numerator=deeper, denominator={"network": "tsn", "depth": 50, "frames": 8})
    assert describe(own, own) == "at depth 101 over 16 frames"


@pytest.mark.parametrize(
    ("words", "text"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), ("abc", "a, b and c")]
)
def test_a_list_reads_as_english(words: list[str], text: str) -> None:
    assert enumerate_words(words) == text
