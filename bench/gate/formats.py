"""A gate's verdicts for programs that show them: JUnit, Markdown, annotations of GitHub.

What verdicts say may come from files of others: in every format it is text and nothing else.
"""

from collections import Counter
from collections.abc import Sequence
from xml.etree import ElementTree

from bench.gate.change import Outcome
from bench.gate.verdict import GateResult
from bench.text import in_one_line
from bench.text import markdown as as_markdown

HEADINGS = ("", "quantity", "of", "old", "new", "difference", "why")
LEVELS = {"fail": "error", "warn": "warning"}
MARKS = {"fail": "❌", "warn": "⚠️", "pass": "✅"}


def summary(verdicts: Sequence[GateResult]) -> str:
    """How many entries fared how, in a line."""
    counts = Counter(verdict.change.outcome for verdict in verdicts)
    parts = [f"{counts[outcome]} {outcome}" for outcome in Outcome if counts[outcome]]
    return ", ".join(parts) or "nothing to compare"


def row(verdict: GateResult) -> tuple[str, ...]:
    """The cells of a verdict under `HEADINGS`, each in one line of printable characters."""
    cells = (
        *(str(verdict.change.outcome), verdict.entry.label, verdict.where),
        *verdict.figures,
        verdict.change.reason,
    )
    return tuple(in_one_line(cell) for cell in cells)


def noted(verdicts: Sequence[GateResult]) -> list[GateResult]:
    """What is worth a reader's time: all but what is unchanged and passes."""
    return [
        v for v in verdicts if v.change.outcome is not Outcome.UNCHANGED or v.consequence != "pass"
    ]


def junit(verdicts: Sequence[GateResult]) -> str:
    """A test case for each verdict: a failure where the gate fails, skipped where it warns."""
    counts = Counter(verdict.consequence for verdict in verdicts)
    suite = ElementTree.Element(
        "testsuite",
        name="blvbench gate",
        tests=str(len(verdicts)),
        failures=str(counts["fail"]),
        skipped=str(counts["warn"]),
        errors="0",
    )
    for verdict in verdicts:
        case = ElementTree.SubElement(
            suite,
            "testcase",
            classname=in_one_line(verdict.entry.label),
            name=in_one_line(verdict.where),
        )
        if verdict.consequence != "pass":
            kind = "failure" if verdict.consequence == "fail" else "skipped"
            ElementTree.SubElement(case, kind, message=in_one_line(verdict.sentence))
        elif verdict in noted([verdict]):
            ElementTree.SubElement(case, "system-out").text = in_one_line(verdict.sentence)
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def markdown(verdicts: Sequence[GateResult]) -> str:
    """A summary and a table of what is worth a look, for a comment or a step's summary."""
    failed = any(verdict.consequence == "fail" for verdict in verdicts)
    lines = [f"### blvbench gate: {'failed' if failed else 'passed'}", "", f"{summary(verdicts)}."]
    shown = noted(verdicts)
    if shown:
        lines += ["", f"| {' | '.join(HEADINGS)} |", f"|{' --- |' * len(HEADINGS)}"]
    for verdict in shown:
        outcome, *cells = map(as_markdown, row(verdict))
        lines.append(f"| {' | '.join([f'{MARKS[verdict.consequence]} {outcome}', *cells])} |")
    return "\n".join(lines) + "\n"


def annotations(verdicts: Sequence[GateResult]) -> list[str]:
    """A workflow command of GitHub's for each verdict that fails or warns."""
    return [
        f"::{LEVELS[verdict.consequence]} title=blvbench gate::{_escaped(verdict.sentence)}"
        for verdict in verdicts
        if verdict.consequence in LEVELS
    ]


def _escaped(text: str) -> str:
    """Text that cannot start another workflow command."""
    return in_one_line(text).replace("%", "%25")
