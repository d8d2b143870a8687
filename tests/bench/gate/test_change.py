from typing import Any

import pytest

from bench.gate.change import Change, Outcome, detect_change
from bench.gate.entry import Entry
from suites.rules import Rule
from tests.bench.gate.entries import around, entry, seconds

EXACT = Rule(quantities=("macs",), test="exact")
SAMPLES = Rule(quantities=("cpu_time",), test="samples", min_effect=0.08, min_samples=5)
ANSWERS = Rule(quantities=("accuracy",), test="answers", min_samples=20)


def rate(*samples: float, **fields: Any) -> Entry:
    kind = {"quantity": "throughput", "instrument": "cpu", "unit": "clips/s"}
    return entry(*samples, **{**kind, **fields})


def answers(right: int, clips: int = 100, **fields: Any) -> Entry:
    kind = {"quantity": "accuracy", "instrument": "trained", "unit": "percent"}
    return entry(*(100,) * right, *(0,) * (clips - right), **kind, **fields)


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        (entry(200), entry(200), Change(Outcome.UNCHANGED)),
        (entry(9, uncounted={"a": 1}), entry(9, uncounted={"a": 1}), Change(Outcome.UNCHANGED)),
        (entry(200), entry(201), Change(Outcome.REGRESSED, "+1 (+0.50%)")),
        (entry(2000), entry(500), Change(Outcome.IMPROVED, "-1,500 (-75.00%)")),
        (entry(0), entry(3), Change(Outcome.REGRESSED, "+3 (from 0)")),
        (rate(10), rate(11), Change(Outcome.IMPROVED, "+1 (+10.00%)")),
        (rate(10), rate(9), Change(Outcome.REGRESSED, "-1 (-10.00%)")),
        (
            entry(9, uncounted={"a": 2}),
            entry(9, uncounted={"a": 1}),
            Change(Outcome.IMPROVED, "", "a: 2 to 1 uncounted"),
        ),
        (
            entry(9, uncounted={"a": 2}),
            entry(8, uncounted={"b": 1}),
            Change(
                Outcome.REGRESSED,
                "-1 (-11.11%)",
                "b: 0 to 1 uncounted; a: 2 to 0 uncounted",
            ),
        ),
    ],
)
def test_any_difference_of_a_count_is_a_change(old: Entry, new: Entry, change: Change) -> None:
    assert detect_change(old, new, EXACT) == change


def outcome(old: Entry, new: Entry, rule: Rule = SAMPLES) -> Outcome:
    return detect_change(old, new, rule).outcome


def test_a_difference_below_the_minimum_effect_is_unchanged_in_both_directions() -> None:
    base = seconds(*around(1.0))
    assert outcome(base, seconds(*around(1.079))) is Outcome.UNCHANGED
    assert outcome(base, seconds(*around(1.081))) is Outcome.REGRESSED
    assert outcome(base, seconds(*around(1 / 1.079))) is Outcome.UNCHANGED
    assert outcome(base, seconds(*around(1 / 1.081))) is Outcome.IMPROVED


def test_a_lower_rate_is_worse() -> None:
    base = rate(*around(10.0))
    assert outcome(base, rate(*around(9.0))) is Outcome.REGRESSED
    assert outcome(base, rate(*around(11.0))) is Outcome.IMPROVED


def test_a_change_of_samples_has_a_share_and_a_p_value() -> None:
    base, slower = seconds(*around(1.0, 5)), seconds(*around(1.25, 5))
    change = detect_change(base, slower, SAMPLES)
    assert change == Change(Outcome.REGRESSED, "+25.00%", "p 0.004")  # 1 of 10 over 5
    certain = SAMPLES.model_copy(update={"alpha": 1.0})
    assert detect_change(base, slower, certain).reason == ""


def test_samples_that_vary_too_much_cannot_tell() -> None:
    wide = detect_change(
        seconds(0.1, 0.2, 1.0, 3.0, 4.0), seconds(0.1, 0.2, 1.2, 3.1, 4.1), SAMPLES
    )
    assert wide.outcome is Outcome.CANNOT_TELL
    assert wide.difference == "+20.00%"
    assert wide.reason.startswith("the samples vary too much to decide (p 0.")
    single = SAMPLES.model_copy(update={"min_samples": 1})
    assert outcome(seconds(1.0), seconds(2.0), single) is Outcome.CANNOT_TELL


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (around(1.0), around(1.0)[:4], "the run has 4 samples and needs at least 5: measure again"),
        (around(1.0)[:4], around(1.0), "the baseline has 4 samples and needs at least 5"),
        (around(1.0)[:4], around(1.0)[:4], "the run has 4 samples"),
    ],
)
def test_too_few_samples_are_named_with_their_side(
    old: tuple[float, ...], new: tuple[float, ...], reason: str
) -> None:
    change = detect_change(seconds(*old), seconds(*new), SAMPLES)
    assert (change.outcome, change.difference) == (Outcome.CANNOT_TELL, "")
    assert change.reason.startswith(reason)
    assert outcome(seconds(*around(1.0)[:5]), seconds(*around(1.0)[:5])) is Outcome.UNCHANGED


def test_samples_that_cannot_be_compared_cannot_tell() -> None:
    fine = seconds(*around(1.0))
    busy, alone = seconds(*around(1.0), busy=True), seconds(*around(1.0), reference=None)
    strict = SAMPLES.model_copy(update={"needs_reference": True})
    for old, new, rule, reason in (
        (fine, busy, SAMPLES, "other processes used the machine during the run: "),
        (busy, fine, SAMPLES, "other processes used the machine during the baseline: "),
        (fine, alone, strict, "the run was timed without a reference: "),
        (alone, fine, strict, "the baseline was timed without a reference: "),
        (seconds(*5 * [0.0]), fine, SAMPLES, "a value is 0 and has no ratio: "),
    ):
        change = detect_change(old, new, rule)
        assert change.outcome is Outcome.CANNOT_TELL
        assert change.reason.startswith(reason)
    assert outcome(alone, alone) is Outcome.UNCHANGED


def test_accuracies_are_compared_clip_by_clip() -> None:
    assert detect_change(answers(50), answers(50), ANSWERS) == Change(
        Outcome.UNCHANGED, "+0.00 points"
    )
    few = detect_change(answers(50), answers(45), ANSWERS)  # 5 clips of one kind: p 2 / 2 ** 5
    assert few == Change(Outcome.UNCHANGED, "-5.00 points", "p 0.062")
    worse = detect_change(answers(50), answers(40), ANSWERS)
    assert worse == Change(Outcome.REGRESSED, "-10.00 points", "p 0.002")
    assert detect_change(answers(40), answers(50), ANSWERS).outcome is Outcome.IMPROVED
    other = detect_change(answers(50), answers(50, 120), ANSWERS)
    assert other.outcome is Outcome.CANNOT_TELL
    assert other.reason == "100 and 120 answers are on different clips: measure again"


def test_accuracies_of_motions_and_their_reverse_are_compared_pair_by_pair() -> None:
    in_pairs = answers(40, reversed_pairs=True)  # 5 pairs fewer: p 2 / 2 ** 5, of clips 2 / 2 ** 10
    assert detect_change(answers(50), in_pairs, ANSWERS) == Change(
        Outcome.UNCHANGED, "-10.00 points", "p 0.062"
    )
