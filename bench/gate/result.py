"""The results of a gate: every entry of a baseline and of a run, and its consequence.

`compare_runs` is a pure function of baseline, run, rules and reruns.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bench.gate.change import Change, Outcome, are_far_apart, detect_change
from bench.gate.entry import Entry, Subject
from suites.rules import Consequence, Rule, Rules

RERUN_ADVICE = (
    "measure it again, and give the new results as a second --store, or let it fail with --no-rerun"
)


@dataclass(frozen=True)
class GateResult:
    """An entry of the baseline, of the run, or of both, with its change and consequence.

    `needs_rerun`: its samples look worse, and were not measured again yet.
    """

    old: Entry | None
    new: Entry | None
    change: Change
    consequence: Consequence
    needs_rerun: bool = False

    @property
    def entry(self) -> Entry:
        """The entry of the run, or that of the baseline if the run has none."""
        entry = self.new or self.old
        assert entry is not None
        return entry

    @property
    def where(self) -> str:
        """The point, or the name of the benchmark."""
        return str(self.entry.point or self.entry.benchmark)

    @property
    def figures(self) -> tuple[str, str, str]:
        """The old value, the new value and their difference, for a table."""
        old, new = ("" if entry is None else entry.figure for entry in (self.old, self.new))
        return old, new, self.change.difference

    @property
    def sentence(self) -> str:
        """The result in one line."""
        old, new, difference = self.figures
        values = " to ".join(filter(None, (old, new)))
        parts = ", ".join(filter(None, (values, difference, self.change.reason)))
        return f"{self.change.outcome}: {self.entry.label} of {self.where}: {parts}"

    def as_json(self) -> dict[str, Any]:
        """The result with both figures, as far as they exist."""
        point, benchmark = self.entry.point, self.entry.benchmark
        values = {"old": self.old, "new": self.new}
        return {
            "quantity": self.entry.quantity,
            "instrument": self.entry.instrument,
            "unit": self.entry.unit,
            **({"point": point.model_dump(mode="json")} if point else {"benchmark": benchmark}),
            **{name: e.value for name, e in values.items() if e is not None and e.samples},
            **{name: str(value) for name, value in asdict(self.change).items()},
            "consequence": self.consequence,
        }


def compare_runs(
    baseline: Iterable[Entry],
    run: Iterable[Entry],
    rules: Rules,
    reruns: Sequence[Entry] = (),
    *,
    confirm: bool = True,
) -> list[GateResult]:
    """Compare a run with a baseline, entry by entry; failures come first.

    Samples that look worse count as a regression only if all of their `reruns`, at least one, look
    worse too, unless they are far apart. Without `confirm` no rerun is needed. Raises `SuiteError`
    for a quantity without a rule.
    """
    old, new = ({entry.subject: entry for entry in entries} for entries in (baseline, run))
    rerun: dict[Subject, list[Entry]] = {}
    for entry in reruns:
        rerun.setdefault(entry.subject, []).append(entry)
    results = []
    for subject in {**old, **new}:
        entry = new.get(subject) or old[subject]
        rule = rules.find(entry.quantity, entry.instrument)
        results.append(
            _compare(
                old.get(subject), new.get(subject), rerun.get(subject, []), rule, confirm=confirm
            )
        )
    severity = ("fail", "warn", "pass")
    return sorted(
        results,
        key=lambda result: (
            severity.index(result.consequence),
            list(Outcome).index(result.change.outcome),
            *result.entry.sort_key,
        ),
    )


def _compare(
    old: Entry | None, new: Entry | None, reruns: Sequence[Entry], rule: Rule, *, confirm: bool
) -> GateResult:
    change = _change(old, new, rule)
    needs_rerun = False
    is_sampled = change.outcome is Outcome.REGRESSED and rule.test == "samples"
    if is_sampled and old is not None and new is not None:
        needs_rerun = confirm and not reruns and not are_far_apart(old, new)
    if needs_rerun or (is_sampled and reruns):
        change = _confirm(change, [_change(old, rerun, rule) for rerun in reruns])
    field = change.outcome.name.lower()
    return GateResult(old, new, change, getattr(rule.outcomes, field), needs_rerun)


def _change(old: Entry | None, new: Entry | None, rule: Rule) -> Change:
    """The change of an entry by the test of `rule`, or why it cannot be compared."""
    if old is None or new is None or new.status != "ok":
        return _incomplete(old, new)
    if old.unit != new.unit:
        reason = f"the baseline is in {old.unit}, the run in {new.unit}: write a new baseline"
        return Change(Outcome.CANNOT_TELL, reason=reason)
    change = detect_change(old, new, rule)
    differences = condition_differences(old, new)
    if differences and not (rule.test == "exact" and change.outcome is Outcome.UNCHANGED):
        reason = f"{differences}: write a baseline of the unchanged code under the new conditions"
        return Change(Outcome.OTHER_ENVIRONMENT, change.difference, reason)
    if old.reference_version != new.reference_version and change.outcome is not Outcome.UNCHANGED:
        note = f"{change.reason}; the reference has changed too"
        return Change(change.outcome, change.difference, note.lstrip("; "))
    return change


def _incomplete(old: Entry | None, new: Entry | None) -> Change:
    """The change of an entry that is missing on one side, or has no figure."""
    reason = f"{new.reason}: " if new and new.reason else ""
    if old is None:
        return Change(Outcome.NEW, reason=f"{reason}not in the baseline: add it with --update")
    if new is None or new.status == "unsupported":
        advice = "measure it, or remove it from the baseline with --update"
        return Change(Outcome.MISSING, reason=f"{reason}{advice}")
    return Change(Outcome.FAILED, reason=new.reason)


def condition_differences(old: Entry, new: Entry) -> str:
    """The conditions in which two entries differ, in words; "" if there are none."""
    names = sorted({*old.conditions, *new.conditions})
    return ", ".join(
        f"{name} {new.conditions.get(name, 'none')} instead of {old.conditions.get(name, 'none')}"
        for name in names
        if old.conditions.get(name) != new.conditions.get(name)
    )


def _confirm(first: Change, reruns: Sequence[Change]) -> Change:
    """The change of samples that look worse, in the light of their `reruns`."""
    if not reruns:
        return Change(
            Outcome.CANNOT_TELL, first.difference, f"looks worse, not confirmed: {RERUN_ADVICE}"
        )
    differences = " and ".join(change.difference or str(change.outcome) for change in reruns)
    outcomes = {change.outcome for change in reruns}
    if outcomes == {Outcome.REGRESSED}:
        return Change(Outcome.REGRESSED, first.difference, f"{first.reason}, again {differences}")
    is_decided = outcomes <= {Outcome.REGRESSED, Outcome.UNCHANGED, Outcome.IMPROVED}
    outcome = Outcome.UNCHANGED if is_decided else Outcome.CANNOT_TELL
    reason = f"looked worse, but {differences} when measured again"
    return Change(outcome, first.difference, reason)
