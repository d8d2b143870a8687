"""The results of a gate as JUnit, Markdown and GitHub annotations.

Texts may come from files of others: every format escapes them.
"""

from collections import Counter
from collections.abc import Sequence
from xml.etree import ElementTree

from bench.gate.change import Outcome
from bench.gate.result import GateResult
from bench.text import in_one_line
from bench.text import markdown as as_markdown

HEADINGS = ("", "quantity", "of", "old", "new", "difference", "why")
LEVELS = {"fail": "error", "warn": "warning"}
ICONS = {"fail": "❌", "warn": "⚠️", "pass": "✅"}


def summarise(results: Sequence[GateResult]) -> str:
    """The number of entries with each outcome, in one line."""
    counts = Counter(result.change.outcome for result in results)
    parts = [f"{counts[outcome]} {outcome}" for outcome in Outcome if counts[outcome]]
    return ", ".join(parts) or "nothing to compare"


def to_row(result: GateResult) -> tuple[str, ...]:
    """The cells of a result under `HEADINGS`, each one line of printable characters."""
    cells = (
        str(result.change.outcome),
        result.entry.label,
        result.where,
        *result.figures,
        result.change.reason,
    )
    return tuple(in_one_line(cell) for cell in cells)


def noteworthy(results: Sequence[GateResult]) -> list[GateResult]:
    """The results for a reader: all except those that are unchanged and pass."""
    return [
        result
        for result in results
        if result.change.outcome is not Outcome.UNCHANGED or result.consequence != "pass"
    ]


def junit(results: Sequence[GateResult]) -> str:
    """A test case for each result: a failure if the gate fails, skipped if it warns."""
    counts = Counter(result.consequence for result in results)
    suite = ElementTree.Element(
        "testsuite",
        name="blvbench gate",
        tests=str(len(results)),
        failures=str(counts["fail"]),
        skipped=str(counts["warn"]),
        errors="0",
    )
    for result in results:
        case = ElementTree.SubElement(
            suite,
            "testcase",
            classname=in_one_line(result.entry.label),
            name=in_one_line(result.where),
        )
        if result.consequence != "pass":
            kind = "failure" if result.consequence == "fail" else "skipped"
            ElementTree.SubElement(case, kind, message=in_one_line(result.sentence))
        elif result in noteworthy([result]):
            ElementTree.SubElement(case, "system-out").text = in_one_line(result.sentence)
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def markdown(results: Sequence[GateResult]) -> str:
    """A summary and a table of the noteworthy results, for a comment or the summary of a step."""
    failed = any(result.consequence == "fail" for result in results)
    lines = [f"### blvbench gate: {'failed' if failed else 'passed'}", "", f"{summarise(results)}."]
    rows = noteworthy(results)
    if rows:
        lines += ["", f"| {' | '.join(HEADINGS)} |", f"|{' --- |' * len(HEADINGS)}"]
    for result in rows:
        outcome, *cells = map(as_markdown, to_row(result))
        lines.append(f"| {' | '.join([f'{ICONS[result.consequence]} {outcome}', *cells])} |")
    return "\n".join(lines) + "\n"


def annotations(results: Sequence[GateResult]) -> list[str]:
    """A GitHub workflow command for each result that fails or warns."""
    return [
        f"::{LEVELS[result.consequence]} title=blvbench gate::{_escape(result.sentence)}"
        for result in results
        if result.consequence in LEVELS
    ]


def _escape(text: str) -> str:
    """Text that cannot begin another workflow command."""
    return in_one_line(text).replace("%", "%25")
