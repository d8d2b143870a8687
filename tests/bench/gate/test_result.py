from statistics import median
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.gate.change import Outcome
from bench.gate.entry import Entry
from bench.gate.result import GateResult, compare_runs
from bench.records.proportions import RIGHT, WRONG
from suites import SuiteError
from suites.rules import Rules, load_rules
from suites.suite import FOLDER
from tests.bench.gate.entries import around, entry, seconds
from tests.records import point

RULES = load_rules()
RATE = {"quantity": "throughput", "instrument": "cpu", "unit": "clips/s"}
EFFECT = 0.08  # minimum effect of the rule for seconds
FREE = {"network": "tam"}


def answers(right: int, clips: int = 100, **fields: Any) -> Entry:
    """An accuracy; the first answers are right."""
    accuracy = {"quantity": "accuracy", "instrument": "trained", "unit": "percent"}
    samples = (RIGHT,) * right + (WRONG,) * (clips - right)
    return entry(*samples, **{**accuracy, **fields})


def rate(*samples: float) -> Entry:
    return entry(*samples, **RATE)


def compare_one(
    old: Entry | None, new: Entry | None, *reruns: Entry, rules: Rules = RULES
) -> GateResult:
    (result,) = compare_runs([old] if old else [], [new] if new else [], rules, reruns)
    return result


# old, new, reruns; the outcome and the consequence.
REGRESSED, UNCHANGED = (Outcome.REGRESSED, "fail"), (Outcome.UNCHANGED, "pass")
IMPROVED, CANNOT_TELL = (Outcome.IMPROVED, "pass"), (Outcome.CANNOT_TELL, "warn")
OTHER, MISSING = (Outcome.OTHER_ENVIRONMENT, "warn"), (Outcome.MISSING, "fail")
NEW, FAILED = (Outcome.NEW, "warn"), (Outcome.FAILED, "fail")
SECONDS, SLOWER = seconds(*around(1.0)), seconds(*around(1.15))
TWICE = compare_one(SECONDS, seconds(*around(2.0)))
SORT, SORT_TWICE = {"aten.sort": 1}, {"aten.sort": 2}  # calls of an uncounted operator
NEW_TORCH = {"torch": "2.16"}
CASES: dict[str, tuple[Entry | None, Entry | None, tuple[Entry, ...], tuple[Outcome, str]]] = {
    "equal": (entry(100), entry(100), (), UNCHANGED),
    "one more": (entry(10**12), entry(10**12 + 1), (), REGRESSED),
    "one less": (entry(10**12), entry(10**12 - 1), (), IMPROVED),
    "from 0": (entry(0), entry(1), (), REGRESSED),
    "to 0": (entry(1), entry(0), (), IMPROVED),
    "an uncounted operator": (entry(9), entry(9, uncounted=SORT), (), REGRESSED),
    "one more call of an uncounted operator": (
        entry(9, uncounted=SORT),
        entry(9, uncounted=SORT_TWICE),
        (),
        REGRESSED,
    ),
    "fewer MACs, but an uncounted operator": (entry(9), entry(8, uncounted=SORT), (), REGRESSED),
    "one uncounted operator less": (entry(9, uncounted=SORT), entry(9), (), IMPROVED),
    "missing from the run": (entry(9), None, (), MISSING),
    "not supported by the machine": (
        entry(9),
        entry(status="unsupported", reason="no GPU"),
        (),
        MISSING,
    ),
    "not in the baseline": (None, entry(9), (), NEW),
    "not in the baseline, and failed": (None, entry(status="oom", reason="full"), (), NEW),
    "out of memory now": (entry(9), entry(status="oom", reason="full"), (), FAILED),
    "another unit": (entry(9), entry(9, unit="FLOPs"), (), CANNOT_TELL),
    "equal with other versions": (entry(9), entry(9, conditions=NEW_TORCH), (), UNCHANGED),
    "more with other versions": (entry(9), entry(10, conditions=NEW_TORCH), (), OTHER),
    "less with other versions": (entry(9), entry(8, conditions=NEW_TORCH), (), OTHER),
    "more with unknown versions": (entry(9), entry(10, conditions={}), (), OTHER),
    "seconds, equal": (SECONDS, SECONDS, (), UNCHANGED),
    "seconds, just under": (SECONDS, seconds(*around(1 + EFFECT - 1e-6)), (), UNCHANGED),
    "seconds, just over, confirmed": (
        SECONDS,
        seconds(*around(1 + EFFECT + 1e-6)),
        (SLOWER,),
        REGRESSED,
    ),
    "seconds, not confirmed yet": (SECONDS, SLOWER, (), CANNOT_TELL),
    "seconds, confirmed twice": (SECONDS, SLOWER, (SLOWER, SLOWER), REGRESSED),
    "seconds, not confirmed": (SECONDS, SLOWER, (seconds(*around(1.01)),), UNCHANGED),
    "seconds, confirmed once of two times": (
        SECONDS,
        SLOWER,
        (SLOWER, seconds(*around(1.01))),
        UNCHANGED,
    ),
    "seconds, and a rerun that failed": (
        SECONDS,
        SLOWER,
        (seconds(status="timeout", reason="late", reference=None),),
        CANNOT_TELL,
    ),
    "seconds, faster": (SECONDS, seconds(*around(0.9)), (), IMPROVED),
    "seconds, hardly faster": (SECONDS, seconds(*around(0.93)), (), UNCHANGED),
    "seconds, four samples": (SECONDS, seconds(1.2, 1.3, 1.4, 1.5), (), CANNOT_TELL),
    "seconds, a baseline of one": (seconds(1.0), SLOWER, (SLOWER,), CANNOT_TELL),
    "seconds that spread widely": (
        seconds(0.1, 0.2, 1.0, 3.0, 4.0),
        seconds(0.1, 0.2, 1.2, 3.1, 4.1),
        (),
        CANNOT_TELL,
    ),
    "seconds of 0": (seconds(0, 0, 0, 0, 0), SECONDS, (), CANNOT_TELL),
    "seconds without a reference": (
        SECONDS,
        seconds(*around(2.0), reference=None),
        (),
        CANNOT_TELL,
    ),
    "seconds on a busy machine": (SECONDS, seconds(*around(2.0), busy=True), (), CANNOT_TELL),
    "seconds of another machine": (
        SECONDS,
        seconds(*around(1.0), conditions={"torch": "2.15", "machine": "another"}),
        (),
        OTHER,
    ),
    "a rate, lower": (rate(*around(10.0)), rate(*around(8.0)), (rate(*around(8.0)),), REGRESSED),
    "a rate, higher": (rate(*around(10.0)), rate(*around(12.0)), (), IMPROVED),
    "an accuracy, equal": (answers(50), answers(50), (), UNCHANGED),
    "an accuracy, six clips less": (answers(50), answers(44), (), UNCHANGED),
    "an accuracy, nine clips less": (answers(50), answers(41), (), REGRESSED),
    "an accuracy, nine clips more": (answers(50), answers(59), (), IMPROVED),
    "an accuracy of few clips": (answers(10, 19), answers(0, 19), (), CANNOT_TELL),
    "an accuracy of more clips": (answers(50), answers(50, 120), (), CANNOT_TELL),
    "an accuracy of other clips": (
        answers(50),
        answers(10, conditions={"torch": "2.15", "clips": "others"}),
        (),
        OTHER,
    ),
    "a benchmark, slower": (
        entry(*around(1.0), quantity="benchmark", instrument="pytest", benchmark="t"),
        entry(*around(1.2), quantity="benchmark", instrument="pytest", benchmark="t"),
        (entry(*around(1.2), quantity="benchmark", instrument="pytest", benchmark="t"),),
        REGRESSED,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_case_has_its_outcome_and_consequence(case: str) -> None:
    old, new, reruns, expected = CASES[case]
    result = compare_one(old, new, *reruns)
    assert (result.change.outcome, result.consequence) == expected
    if expected not in (UNCHANGED, IMPROVED):
        assert result.change.difference or result.change.reason


def test_the_cases_have_every_outcome() -> None:
    assert {expected[0] for *_, expected in CASES.values()} == set(Outcome)


def test_a_result_names_the_network_the_point_and_the_difference() -> None:
    tsm = point(network="tsm", depth=50, frames=8, batch=2)
    result = compare_one(entry(1_000, point=tsm), entry(1_001, point=tsm))
    assert result.sentence == (
        "regressed: macs:flop_counter of tsm depth 50, 8 frames, batch 2, infer, 224 px: "
        "1,000 MACs to 1,001 MACs, +1 (+0.10%)"
    )
    assert result.as_json() == {
        "quantity": "macs",
        "instrument": "flop_counter",
        "unit": "MACs",
        "point": tsm.model_dump(mode="json"),
        "old": 1000,
        "new": 1001,
        "outcome": "regressed",
        "difference": "+1 (+0.10%)",
        "reason": "",
        "consequence": "fail",
    }


def test_different_conditions_are_named() -> None:
    elsewhere = entry(10, conditions={"torch": "2.16", "machine": "m"})
    reason = compare_one(entry(9), elsewhere).change.reason
    assert "machine m instead of none, torch 2.16 instead of 2.15" in reason


def test_uncounted_operators_are_named() -> None:
    result = compare_one(entry(9), entry(9, uncounted={"aten.sort": 2}))
    assert result.change.reason == "aten.sort: 0 to 2 uncounted"


def test_a_changed_reference_is_named() -> None:
    old = seconds(*around(1.0), reference_version="a")
    new = seconds(*around(1.2), reference_version="b")
    assert "the reference has changed too" in compare_one(old, new, new).change.reason


def test_only_unconfirmed_regressions_of_samples_need_a_rerun() -> None:
    faster = seconds(*around(0.8), point=point(network="tsm"))
    old = [entry(9), seconds(*around(1.0)), seconds(*around(1.0), point=point(network="tsm"))]
    results = compare_runs(old, [entry(10), SLOWER, faster], RULES)
    assert [result.entry.label for result in results if result.needs_rerun] == [SLOWER.label]
    confirmed = compare_runs(old, [entry(10), SLOWER, faster], RULES, [SLOWER])
    assert not any(result.needs_rerun for result in confirmed)


def test_failures_come_first() -> None:
    networks = ("a", "b", "c", "d")
    old = [entry(9, point=point(network=name)) for name in networks[:3]]
    new = [entry(n, point=point(network=name)) for name, n in zip("abd", (9, 10, 1), strict=True)]
    results = compare_runs(old, new, RULES)
    assert [result.consequence for result in results] == ["fail", "fail", "warn", "pass"]
    assert [result.entry.point.network for result in results if result.entry.point] == [
        "b",
        "c",
        "d",
        "a",
    ]


def test_a_rule_sets_the_consequence_of_an_outcome() -> None:
    rules = Rules.model_validate(
        {
            "rule": (
                {"quantities": ("macs",), "test": "exact", "outcomes": {"improved": "fail"}},
                {
                    "quantities": ("macs:fvcore",),
                    "test": "exact",
                    "outcomes": {"regressed": "warn"},
                },
            )
        }
    )
    assert compare_one(entry(9), entry(8), rules=rules).consequence == "fail"
    assert compare_one(entry(9), entry(10), rules=rules).consequence == "fail"
    fvcore = {"instrument": "fvcore"}
    assert compare_one(entry(9, **fvcore), entry(10, **fvcore), rules=rules).consequence == "warn"
    with pytest.raises(SuiteError, match="no rule for params:shapes"):
        compare_one(entry(9, quantity="params", instrument="shapes"), None, rules=rules)


@given(
    old=st.lists(st.floats(0.01, 100), min_size=1, max_size=12),
    new=st.lists(st.floats(0.01, 100), min_size=1, max_size=12),
)
def test_samples_fail_without_a_rerun_only_if_far_apart_else_it_decides(
    old: list[float], new: list[float]
) -> None:
    before, after = seconds(*old), seconds(*new)
    first = compare_one(before, after)
    if first.consequence == "fail":
        assert min(new) > max(old)
        assert median(new) > 1.49 * median(old)
    assert not compare_one(before, before).needs_rerun
    decided = compare_one(before, after, after)
    assert not decided.needs_rerun
    assert (decided.consequence == "fail") == (first.needs_rerun or first.consequence == "fail")
    (without,) = compare_runs([before], [after], RULES, confirm=False)
    assert (without.consequence, without.needs_rerun) == (decided.consequence, False)


def test_twice_as_slow_fails_without_a_rerun() -> None:
    assert (TWICE.change.outcome, TWICE.consequence, TWICE.needs_rerun) == (*REGRESSED, False)
    overlapping = compare_one(seconds(*around(1.0), 2.1), seconds(*around(2.0)))
    assert (overlapping.consequence, overlapping.needs_rerun) == ("warn", True)


def test_every_instrument_has_a_rule() -> None:
    from bench.records.catalogue import INSTRUMENTS

    for instrument in INSTRUMENTS:
        assert RULES.find(instrument.quantity, instrument.name)
    assert (FOLDER / "gate_rules.toml").exists()
