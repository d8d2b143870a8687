"""The change between two entries of one subject, by the test of its rule.

Every function is pure. A larger cost is worse; a larger rate or accuracy is better.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from bench.gate.entry import Entry
from bench.records.proportions import paired_test
from bench.wording import count_text
from suites.rules import Rule, Test

FAR = 1.5  # times as slow: with no sample in common, chance does not explain that


class Outcome(StrEnum):
    """How an entry of a run compares with that of the baseline."""

    REGRESSED = "regressed"
    FAILED = "failed"
    MISSING = "missing"
    NEW = "new"
    OTHER_ENVIRONMENT = "other environment"
    CANNOT_TELL = "cannot tell"
    IMPROVED = "improved"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Change:
    """The outcome of a comparison, the difference as text, and the reason."""

    outcome: Outcome
    difference: str = ""
    reason: str = ""


def detect_change(old: Entry, new: Entry, rule: Rule) -> Change:
    """Compare `new` with `old` by the test of `rule`. Both have samples in the same unit."""
    fewest = min(len(old.samples), len(new.samples))
    if fewest < rule.min_samples:
        side = "the run" if len(new.samples) == fewest else "the baseline"
        return Change(
            Outcome.CANNOT_TELL,
            reason=f"{side} has {count_text(fewest, 'sample')} and needs at least "
            f"{rule.min_samples}: measure again with more",
        )
    return TESTS[rule.test](old, new, rule)


def _compare_exactly(old: Entry, new: Entry, _: Rule) -> Change:
    """Any difference counts: of the value, and of the uncounted operators."""
    difference = new.value - old.value
    counts = {
        name: (old.uncounted.get(name, 0), new.uncounted.get(name, 0))
        for name in sorted({*old.uncounted, *new.uncounted})
    }
    more = [f"{name}: {was} to {now} uncounted" for name, (was, now) in counts.items() if now > was]
    less = [f"{name}: {was} to {now} uncounted" for name, (was, now) in counts.items() if now < was]
    text = _format_difference(old.value, difference) if difference else ""
    if not (difference or more or less):
        return Change(Outcome.UNCHANGED)
    is_worse = more or difference * (-1 if new.is_higher_better else 1) > 0
    outcome = Outcome.REGRESSED if is_worse else Outcome.IMPROVED
    return Change(outcome, text, "; ".join([*more, *less]))


def _compare_samples(old: Entry, new: Entry, rule: Rule) -> Change:
    """Medians must be far enough apart, and the difference must not be due to chance."""
    if reason := _find_obstacle(old, new, rule):
        return Change(Outcome.CANNOT_TELL, reason=reason)
    was, now = old.value, new.value
    share = _format_share(was, now - was)
    slower = (was / now if new.is_higher_better else now / was) if was and now else 1.0
    if 1 / (1 + rule.min_effect) < slower < 1 + rule.min_effect:
        return Change(Outcome.UNCHANGED, share)
    outcome = Outcome.REGRESSED if slower > 1 else Outcome.IMPROVED
    p_value = _p_value(old, new, is_larger=now > was)
    if p_value > rule.alpha:
        reason = f"the samples vary too much to decide (p {p_value:.2g}): measure again"
        return Change(Outcome.CANNOT_TELL, share, reason)
    return Change(outcome, share, f"p {p_value:.2g}" if rule.alpha < 1 else "")


def are_far_apart(old: Entry, new: Entry) -> bool:
    """Whether medians differ by `FAR`, and no sample of one side lies among those of the other."""
    (least, most), (new_least, new_most) = (
        (min(entry.relative_samples), max(entry.relative_samples)) for entry in (old, new)
    )
    low, high = sorted((old.value, new.value))
    return high >= FAR * low and (new_least > most or new_most < least)


def _find_obstacle(old: Entry, new: Entry, rule: Rule) -> str:
    """Why samples cannot be compared; "" if they can."""
    for name, entry in (("run", new), ("baseline", old)):
        if rule.needs_reference and entry.reference is None:
            return f"the {name} was timed without a reference: seconds alone cannot be compared"
        if entry.busy:
            return (
                f"other processes used the machine during the {name}: measure again when it is "
                "free, or compare cpu_time, which they do not affect"
            )
    if not (old.value and new.value):
        return "a value is 0 and has no ratio: measure something that takes longer"
    return ""


def _p_value(old: Entry, new: Entry, *, is_larger: bool) -> float:
    """The p-value of Mann and Whitney's one-sided U test."""
    from scipy.stats import mannwhitneyu

    if len(old.samples) == len(new.samples) == 1:
        return 1.0
    side = "greater" if is_larger else "less"
    return float(mannwhitneyu(new.relative_samples, old.relative_samples, alternative=side).pvalue)


def _compare_answers(old: Entry, new: Entry, rule: Rule) -> Change:
    """The difference of accuracies on the same clips must not be due to chance."""
    if len(old.samples) != len(new.samples):
        reason = f"{len(old.samples)} and {len(new.samples)} answers are on different clips"
        return Change(Outcome.CANNOT_TELL, reason=f"{reason}: measure again")
    result = paired_test(new.samples, old.samples, reversed_pairs=new.reversed_pairs)
    points, p_value = f"{result.points:+.2f} points", f"p {result.p_value:.2g}"
    if result.p_value > rule.alpha:
        return Change(Outcome.UNCHANGED, points, p_value if result.points else "")
    return Change(Outcome.REGRESSED if result.points < 0 else Outcome.IMPROVED, points, p_value)


def _format_difference(old: float, difference: float) -> str:
    return f"{difference:+,} ({_format_share(old, difference)})"


def _format_share(old: float, difference: float) -> str:
    return f"{difference / old:+.2%}" if old else "from 0"


TESTS: dict[Test, Callable[[Entry, Entry, Rule], Change]] = {
    "exact": _compare_exactly,
    "samples": _compare_samples,
    "answers": _compare_answers,
}
