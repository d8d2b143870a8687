"""The change between two entries of one subject, by the test of its rule.

Every function is pure. A larger cost is worse; a larger rate or accuracy is better.
"""

from dataclasses import dataclass
from enum import StrEnum

from bench.gate.entry import Entry
from bench.records.proportions import paired_test as compare_answers
from suites.rules import Rule


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
    """The outcome of a test, the difference as text, and the reason."""

    outcome: Outcome
    difference: str = ""
    reason: str = ""


def detect_change(old: Entry, new: Entry, rule: Rule) -> Change:
    """Compare `new` with `old` by the rule's test; both have samples in one unit."""
    fewest = min(len(old.samples), len(new.samples))
    if fewest < rule.min_samples:
        which = "the run" if len(new.samples) == fewest else "the baseline"
        return Change(
            Outcome.CANNOT_TELL,
            reason=f"{which} has {fewest} samples and needs at least {rule.min_samples}: "
            "measure again with more",
        )
    return {"exact": _exact, "samples": _samples, "answers": _answers}[rule.test](old, new, rule)


def _exact(old: Entry, new: Entry, _: Rule) -> Change:
    """Any difference counts: of the value, and of the uncounted operators."""
    difference = new.value - old.value
    counts = {
        name: (old.uncounted.get(name, 0), new.uncounted.get(name, 0))
        for name in sorted({*old.uncounted, *new.uncounted})
    }
    more = [f"{name}: {was} to {now} uncounted" for name, (was, now) in counts.items() if now > was]
    less = [f"{name}: {was} to {now} uncounted" for name, (was, now) in counts.items() if now < was]
    written = _difference(old.value, difference) if difference else ""
    if not (difference or more or less):
        return Change(Outcome.UNCHANGED)
    is_worse = more or difference * (-1 if new.is_better_higher else 1) > 0
    outcome = Outcome.REGRESSED if is_worse else Outcome.IMPROVED
    return Change(outcome, written, "; ".join([*more, *less]))


def _samples(old: Entry, new: Entry, rule: Rule) -> Change:
    """Medians must be far enough apart, and the difference must not be due to chance."""
    if problem := _unfit(old, new, rule):
        return Change(Outcome.CANNOT_TELL, reason=problem)
    was, now = old.value, new.value
    shown = _difference(was, now - was, is_exact=False)
    slower = (was / now if new.is_better_higher else now / was) if was and now else 1.0
    if 1 / (1 + rule.min_effect) < slower < 1 + rule.min_effect:
        return Change(Outcome.UNCHANGED, shown)
    outcome = Outcome.REGRESSED if slower > 1 else Outcome.IMPROVED
    p_value = _by_chance(old, new, is_larger=now > was)
    if p_value > rule.alpha:
        reason = f"the samples vary too much to decide (p {p_value:.2g}): measure again"
        return Change(Outcome.CANNOT_TELL, shown, reason)
    return Change(outcome, shown, f"p {p_value:.2g}" if rule.alpha < 1 else "")


def _unfit(old: Entry, new: Entry, rule: Rule) -> str:
    """Why samples cannot be compared; "" where they can."""
    for name, entry in (("run", new), ("baseline", old)):
        if rule.needs_reference and entry.reference is None:
            return f"the {name} was timed without a reference: seconds alone do not compare"
        if entry.busy:
            return (
                f"other processes used the machine during the {name}: measure again when it is "
                "free, or compare cpu_time, which they do not affect"
            )
    if not (old.value and new.value):
        return "a value is 0 and has no ratio: measure something that takes longer"
    return ""


def _by_chance(old: Entry, new: Entry, *, is_larger: bool) -> float:
    """The p-value of Mann and Whitney's one-sided U test, that equal networks differ as much."""
    from scipy.stats import mannwhitneyu

    if len(old.samples) == len(new.samples) == 1:
        return 1.0
    side = "greater" if is_larger else "less"
    return float(mannwhitneyu(new.compared, old.compared, alternative=side).pvalue)


def _answers(old: Entry, new: Entry, rule: Rule) -> Change:
    """Accuracies on the same clips are compared by McNemar's test."""
    if len(old.samples) != len(new.samples):
        reason = f"{len(old.samples)} and {len(new.samples)} answers are not of the same clips"
        return Change(Outcome.CANNOT_TELL, reason=f"{reason}: measure again")
    found = compare_answers(new.samples, old.samples)
    shown, p_value = f"{found.points:+.2f} points", f"p {found.p_value:.2g}"
    if found.p_value > rule.alpha:
        return Change(Outcome.UNCHANGED, shown, "" if not found.points else p_value)
    return Change(Outcome.REGRESSED if found.points < 0 else Outcome.IMPROVED, shown, p_value)


def _difference(old: float, difference: float, *, is_exact: bool = True) -> str:
    """A difference as a share of the old value; if it is exact, to the last digit as well."""
    share = f"{difference / old:+.2%}" if old else "from 0"
    return f"{difference:+,} ({share})" if is_exact else share
