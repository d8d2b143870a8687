"""Sentences that answer a question with figures, written by rules from the results of claims.

Claims that make the same comparison are told together: first where the answer is yes, then where it
is "nearly" (below what was published, by no more than the claim's tolerance), then where it is no.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from bench.claims.findings import AccuracyDifference, Ratio, RightTwice, Standing
from bench.claims.published import AsPublished
from bench.claims.verdicts import CaseResult, ClaimResult
from bench.wording import count_text
from reports.places import describe, describe_side, enumerate_words, is_gain, order
from suites import Claim
from suites.claim import Side

NAMES = {
    "tsn": "TSN",
    "tsm": "TSM",
    "tam": "TSN with temporal aggregation",
    "blvnet": "bLVNet",
    "blvnet_tam": "bLVNet-TAM",
    "i3d_resnet": "I3D-ResNet",
}
SUBJECT = "blvnet_tam"  # of the questions: it is not named again
# What a network needs less of, or more of; seconds are told as a speed.
AMOUNTS = {
    "macs:flop_counter": ("fewer MACs", "more MACs"),
    "params:shapes": ("fewer parameters", "more parameters"),
    "memory:simulated": ("less simulated memory", "more simulated memory"),
}


class Word(NamedTuple):
    """The answer of a case, and its place among the answers of a sentence."""

    rank: int
    text: str


YES, NEARLY, NO = Word(0, "yes"), Word(2, "nearly"), Word(3, "no")
UNDECIDED, OPEN = Word(4, "not decided"), Word(5, "not measured here")
COUNT = Word(1, "")  # the figure of another network, which answers no question by itself


class Unit(NamedTuple):
    """The words around a number: `times`, `fewer MACs`, `than TSN`.

    `subject` comes before the number, where the question is about another network.
    """

    measure: str
    what: str
    baseline: str
    subject: str = ""


class Figure(NamedTuple):
    """A number, as it is and as it is written, and its unit."""

    value: float
    text: str
    unit: Unit


@dataclass(frozen=True)
class Clause:
    """One answer of a comparison: where it holds, and the figures.

    `is_whole` if the comparison has no other answer.
    """

    comparison: int
    machine: str
    place: str
    figures: tuple[Figure, ...]
    is_whole: bool

    def shares_place(self, other: "Clause") -> bool:
        """Whether the figures of both can stand after one place."""
        mine, theirs = (self.machine, self.place), (other.machine, other.place)
        return self.is_whole and other.is_whole and mine == theirs and bool(self.figures)


def write_answer(results: Sequence[ClaimResult], question: Sequence[ClaimResult]) -> str:
    """The answers of the measured claims among `results`, as a sentence without its full stop.

    `question` are all claims of the question: `results` are told apart from them. The text is empty
    if nothing is measured.
    """
    claims = [result.claim for result in question]
    clauses = [
        clause
        for number, cases in enumerate(_comparisons(results))
        if any(case.is_judged for case in cases)
        for clause in _clauses(number, cases, _is_without_copies(cases[0].claim, claims))
    ]
    clauses.sort(key=lambda clause: (not clause.figures, clause.machine, clause.comparison))
    return "; ".join(_tell(clauses))


def _comparisons(results: Iterable[ClaimResult]) -> list[list[CaseResult]]:
    """The cases of the claims that compare the same by the same rule; counts of pairs come last."""
    pools: dict[str, dict[str, CaseResult]] = {}
    for result in sorted(results, key=lambda one: one.claim.compare == "right_twice"):
        c = result.claim
        rule = (c.label, c.sides, c.compare, c.group, c.published_range, c.at_least, c.at_most)
        for case in result.cases:
            same = repr((case.case.model_dump(exclude={"label"}), case.machine))
            pools.setdefault(repr(rule), {}).setdefault(same, case)
    return [sorted(pool.values(), key=order) for pool in pools.values()]


def _is_without_copies(claim: Claim, claims: Iterable[Claim]) -> bool:
    """Whether another of the `claims` compares these networks as the authors compute them."""

    def networks(one: Claim) -> list[str]:
        return [one.label, *(side.network for side in one.sides)]

    def is_published(one: Claim) -> bool:
        return any("formulation" in side.options for side in one.sides)

    alike = [one for one in claims if networks(one) == networks(claim)]
    return not is_published(claim) and any(map(is_published, alike))


def _clauses(number: int, cases: Sequence[CaseResult], without_copies: bool) -> list[Clause]:
    """A clause for each answer on each machine."""
    groups: dict[tuple[str, Word, bool], list[CaseResult]] = {}
    for case in cases:
        groups.setdefault((case.machine, _word(case), case.is_published), []).append(case)
    clauses = []
    for (machine, word, is_published), own in sorted(groups.items(), key=lambda group: group[0]):
        place = describe(own, cases)
        is_whole = sum(where == machine for where, *_ in groups) == 1
        how = _words(
            "computed without copies," if without_copies else "",
            "as published," if is_published else "",
        )
        parts = (how, word.text, place) if is_whole else (how, place, word.text)
        figures = tuple(_figure(case) for case in own if case.is_judged)
        clauses.append(Clause(number, machine, _words(*parts), figures, is_whole))
    return clauses


def _tell(clauses: Iterable[Clause]) -> list[str]:
    """The clauses as text, without what the clause before has said already."""
    texts: dict[str, None] = {}
    before: Clause | None = None
    for clause in clauses:
        known = before.figures[-1].unit if before and before.figures else None
        if before and clause.shares_place(before):
            last, _ = texts.popitem()
            texts[f"{last}, {_amount(clause.figures, known)}"] = None
        else:
            is_new = clause.machine and (not before or before.machine != clause.machine)
            start = f"on {clause.machine}: " if is_new else ""
            same = known if before and before.comparison == clause.comparison else None
            parts = (f"{start}{clause.place}", _amount(clause.figures, same))
            texts[", ".join(filter(None, parts))] = None
        before = clause
    return list(texts)


def _amount(figures: Iterable[Figure], known: Unit | None) -> str:
    """One or two numbers or the range of more, with as much of the unit as is not `known`."""
    amounts = []
    for unit, group in groupby(figures, key=lambda figure: figure.unit):
        same = list(group)
        texts = list(dict.fromkeys(figure.text for figure in same))
        if len(same) > 2 and len(texts) > 1:
            texts = [f"{min(same).text} to {max(same).text}"]
        what, baseline = unit.what, unit.baseline
        if known == unit:
            what = baseline = ""
        elif known and known.what == unit.what:
            what = what.partition(" ")[0] if baseline.startswith("than") else what
        numbers = enumerate_words(texts)
        amounts.append(_words(unit.subject, numbers, unit.measure, what, baseline))
        known = unit
    return enumerate_words(amounts)


def _word(case: CaseResult) -> Word:
    claim, finding, standing = case.claim, case.finding, case.standing
    if finding is None:
        return OPEN
    if isinstance(finding, RightTwice) or is_gain(claim):
        return COUNT
    if standing is Standing.MET:
        least = claim.published_range.low if claim.published_range else 0
        is_less = finding.value < least or (claim.compare == "points" and finding.value < 0)
        return NEARLY if is_less else YES
    if isinstance(finding, Ratio) and claim.at_least is not None and finding.low > 1:
        perhaps = "perhaps " if standing is Standing.UNDECIDED else ""
        return Word(1, f"yes, but {perhaps}less than {claim.at_least:g} times")
    return NO if standing is Standing.NOT_MET else UNDECIDED


def _figure(case: CaseResult) -> Figure:
    claim, finding = case.claim, case.finding
    assert finding is not None
    value, first, last = finding.value, claim.numerator, claim.sides[-1]
    own = "" if first.network == SUBJECT else NAMES.get(first.network, first.network)
    if isinstance(finding, RightTwice):
        measure = f"of {count_text(finding.pairs, 'pair')} of a motion and its reverse"
        return Figure(
            value, f"{value:g}", Unit(measure, "", "", f"{_name(first)} has both right in")
        )
    if is_gain(claim):
        what, subject = f"from {first.frames} to {last.frames} frames", _words(own or "it", "gains")
        return Figure(-value, f"{-value:.1f}", Unit("points", what, "", subject))
    if isinstance(finding, AccuracyDifference | AsPublished):
        group = f"on the {claim.group} classes" if claim.group else ""
        baseline = _words("than", _other(case), group)
        what = "more accurate" if value >= 0 else "less accurate"
        subject = f"{own} is" if own else ""
        return Figure(abs(value), f"{abs(value):.1f}", Unit("points", what, baseline, subject))
    less, more = AMOUNTS.get(claim.label, (f"less {claim.quantity}", f"more {claim.quantity}"))
    if claim.at_most is not None:
        percent = 100 * abs(value - 1)
        text = f"{percent:.0f}" if percent >= 9.95 else f"{percent:.2f}"
        unit = Unit("%", more if value >= 1 else less, f"than {_name(last)}")
        return Figure(percent, text, unit)
    if claim.quantity == "latency":
        return Figure(value, f"{value:.2f}", Unit("times", "as fast as", _name(first)))
    factor = max(value, 1 / value)
    unit = Unit("times", less if value >= 1 else more, f"than {_name(first)}")
    return Figure(factor, f"{factor:.2f}", unit)


def _other(case: CaseResult) -> str:
    """The other network of a case, with its frames where it has fewer."""
    first, last = case.claim.numerator, case.claim.sides[-1]
    own, against = case.case.frames, case.case.against
    if (first.network, first.depth) == (last.network, last.depth) and last.frames:
        return f"over {count_text(last.frames, 'frame')}"
    if not own or not against or not against.frames:
        return _name(last)
    amount = "half the frames" if own == 2 * against.frames else count_text(against.frames, "frame")
    if first == last:
        return "over fewer frames"
    return f"{_name(last)} over {amount}"


def _name(side: Side) -> str:
    """The network as papers write it, with its depth and frames if the side names both."""
    return _words(NAMES.get(side.network, side.network), describe_side(side))


def _words(*parts: str) -> str:
    return " ".join(filter(None, parts))
