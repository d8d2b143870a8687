from typing import Any

import pytest
from pydantic import ValidationError

from suites import Case, load_claims
from suites.claim import Side
from tests.records import claim


def test_a_side_is_called_by_what_it_says() -> None:
    assert Side(network="tsn").label == "tsn"
    side = Side(network="tam", depth=101, frames=16, options={"window": 5})
    assert side.label == "tam depth 101 window=5 16 frames"


def test_a_claim_says_what_it_compares() -> None:
    assert claim().compared == "macs of tsn / tam"
    assert claim().label == "macs:flop_counter"
    points = claim(compare="points", at_least=0.0, group="long")
    assert points.compared == "macs of tsn less tam in long classes"
    level = claim(compare="level", denominator=None)
    assert level.compared == "macs of tsn"
    assert [side.network for side in level.sides] == ["tsn"]


def test_the_bound_is_whichever_is_given() -> None:
    assert claim().bound == 3.0
    assert claim(at_least=None, at_most=0.0).bound == 0.0


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"at_least": None}, "give exactly one of at_least and at_most"),
        ({"at_most": 4.0}, "give exactly one of at_least and at_most"),
        ({"denominator": None}, "a level has no denominator, all else has one"),
        ({"compare": "level"}, "a level has no denominator, all else has one"),
        ({"compare": "points"}, "points are at_least 0: more is not tested"),
        (
            {"compare": "points", "at_least": None, "at_most": 0.0},
            "points are at_least 0: more is not tested",
        ),
        ({"cases": [Case(label="a", depth=50)]}, "case 'a' and 'tsn' both lack frames"),
        ({"cases": [Case(label="a", frames=8)]}, "case 'a' and 'tsn' both lack depth"),
        (
            {
                "cases": [Case(label="a", frames=8)],
                "numerator": Side(network="tsn", depth=50),
            },
            "case 'a' and 'tam' both lack depth",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        claim(**fields)


def test_a_side_may_say_what_the_case_leaves_out() -> None:
    sides = {name: {"network": "tsn", "depth": 50} for name in ("numerator", "denominator")}
    assert claim(cases=[Case(label="a", frames=8)], **sides).cases[0].depth is None


def test_the_projects_claims_have_a_name_each() -> None:
    names = [one.id for one in load_claims()]
    assert len(set(names)) == len(names) > 0
