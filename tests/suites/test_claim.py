from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from suites import Case, SuiteError, load_claims
from suites.claim import Side
from tests.records import claim


def test_the_label_of_a_side_has_its_fields() -> None:
    assert Side(network="tsn").label == "tsn"
    side = Side(network="tam", depth=101, frames=16, options={"window": 5})
    assert side.label == "tam depth 101 window=5 16 frames"


RANGE = {"low": 3.0, "high": 4.0}
ON_PAR = {"compare": "points", "at_least": -1.0}
PAIRS = {"compare": "right_twice", "denominator": None, "at_least": None, "at_most": 0.0}


def test_a_claim_names_its_figure() -> None:
    assert claim().expression == "macs of tsn / tam"
    assert claim().label == "macs:flop_counter"
    points = claim(**ON_PAR, group="long")
    assert points.expression == "macs of tsn minus tam in long classes"
    pairs = claim(**PAIRS)
    assert pairs.expression == "pairs right twice of tsn"
    assert [side.network for side in pairs.sides] == ["tsn"]


@pytest.mark.parametrize(
    ("fields", "bound", "condition"),
    [
        ({}, 3.0, "the ratio, and its whole interval if it has one, is at least 3"),
        (
            {"at_least": None, "at_most": 1.01},
            1.01,
            "the ratio, and its whole interval if it has one, is at most 1.01",
        ),
        (
            {"at_least": None, "published_range": RANGE},
            2.7,
            "the ratio, and its whole interval if it has one, is at least 2.7, a tenth below the "
            "published 3x to 4x",
        ),
        (ON_PAR, -1.0, "the whole interval of the difference is above -1 points"),
        (PAIRS, 0.0, "at most 0 pairs are right twice"),
    ],
)
def test_a_claim_has_one_bound(fields: dict[str, Any], bound: float, condition: str) -> None:
    asked = claim(**fields)
    assert (asked.bound, asked.condition) == (bound, condition)


def test_a_claim_says_whether_the_paper_states_it() -> None:
    assert claim(published="x").statement == "x"
    assert claim(origin="asked here", published="x").statement == "not this, but: x"
    assert claim(origin="asked here", published="").statement == "nothing about this"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"at_least": None}, "give exactly one of published_range, at_least and at_most"),
        ({"at_most": 4.0}, "give exactly one of published_range, at_least and at_most"),
        ({"published_range": RANGE}, "give exactly one of published_range, at_least and at_most"),
        ({"denominator": None}, "right_twice has no denominator, a ratio and points have one"),
        ({"compare": "right_twice"}, "right_twice has no denominator, a ratio and points have one"),
        (ON_PAR | {"at_least": None, "at_most": 0.0}, "points need at_least, right_twice needs"),
        (ON_PAR | {"at_least": None, "published_range": RANGE}, "points need at_least"),
        (PAIRS | {"at_least": 0.0, "at_most": None}, "points need at_least, right_twice needs"),
        ({"published": ""}, "published is missing: the paper's statement"),
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
def test_contradictory_fields_are_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        claim(**fields)


def test_a_side_may_have_the_fields_that_a_case_lacks() -> None:
    sides = {name: {"network": "tsn", "depth": 50} for name in ("numerator", "denominator")}
    assert claim(cases=[Case(label="a", frames=8)], **sides).cases[0].depth is None


def test_the_bundled_claims_have_different_names() -> None:
    names = [one.id for one in load_claims()]
    assert len(set(names)) == len(names) > 0


CLAIM = """
[[claim]]
id = "c"
question = "q"
title = "t"
origin = "paper"
source = "s"
published = "3-4x"
rule = "r"
quantity = "macs"
instrument = "flop_counter"
numerator = { network = "tsn" }
denominator = { network = "tam" }
at_least = 3.0
cases = [{ label = "here", depth = 50, frames = 8 }]
measured_by = "m"
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("at_least = 3.0", "", "exactly one of published_range, at_least and at_most"),
        (
            "at_least = 3.0",
            "published_range = { low = 4.0, high = 3.0 }",
            r"claim\.1\.published_range: low must not be above high",
        ),
        ('"paper"', '"press"', r"claim\.1\.origin: "),
        ("at_least = 3.0", "at_least = 3.0\nat_most = 4.0", "exactly one of"),
        (", frames = 8", "", "case 'here' and 'tsn' both lack frames"),
        ("depth = 50", "deph = 50", r"claim\.1\.cases\.1\.deph: .*did you mean 'depth'"),
        ('network = "tam"', 'netwrk = "tam"', "did you mean 'network'"),
        ('id = "c"', 'id = "C!"', r"claim\.1\.id: should be text that matches"),
    ],
)
def test_a_wrong_claim_is_an_error_with_its_key(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    path = tmp_path / "claims.toml"
    path.write_text(CLAIM)
    assert load_claims(path)[0].id == "c"
    path.write_text(CLAIM.replace(old, new))
    with pytest.raises(SuiteError, match=message):
        load_claims(path)
