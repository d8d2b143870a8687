from xml.etree import ElementTree

import pytest

from bench.gate import formats
from bench.gate.result import GateResult, compare_runs
from suites.rules import load_rules
from tests.bench.gate.entries import entry
from tests.records import point

EVIL = "<script>alert(1)</script>\n::error::%0A|*x*|\x1b[31m\x00`@all`"


def make_results(name: str = "tsn") -> list[GateResult]:
    """Four results: a failure, a warning, an improvement, and one without a change."""
    points = [point(network=name, depth=depth) for depth in (18, 34, 50, 101)]
    old = [entry(9, point=one) for one in (points[0], *points[2:])]
    new = [entry(n, point=one) for one, n in zip(points, (10, 1, 8, 9), strict=True)]
    return compare_runs(old, new, load_rules())


def test_a_summary_counts_outcomes() -> None:
    assert formats.summarise(make_results()) == "1 regressed, 1 new, 1 improved, 1 unchanged"
    assert formats.summarise([]) == "nothing to compare"


def test_results_that_changed_or_do_not_pass_are_noteworthy() -> None:
    assert [result.change.outcome for result in formats.noteworthy(make_results())] == [
        "regressed",
        "new",
        "improved",
    ]


def test_junit_has_a_case_for_each_result() -> None:
    root = ElementTree.fromstring(formats.junit(make_results()))
    suite = root[0]
    assert suite.attrib["tests"] == "4"
    assert (suite.attrib["failures"], suite.attrib["skipped"]) == ("1", "1")
    kinds = [[child.tag for child in case] for case in suite]
    assert kinds == [["failure"], ["skipped"], ["system-out"], []]
    assert "9 MACs to 10 MACs, +1" in suite[0][0].attrib["message"]
    assert suite[0].attrib["classname"] == "macs:flop_counter"


def test_markdown_has_a_row_for_each_noteworthy_result() -> None:
    text = formats.markdown(make_results())
    assert text.startswith("### blvbench gate: failed\n\n1 regressed, 1 new, 1 improved, 1 unch")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == 2 + 3
    assert "blvbench gate: passed\n\nnothing to compare.\n" in formats.markdown([])


def test_annotations_are_errors_and_warnings() -> None:
    error, warning = formats.annotations(make_results())
    assert error.startswith("::error title=blvbench gate::regressed: macs:flop_counter of tsn")
    assert warning.startswith("::warning title=blvbench gate::new: ")


@pytest.mark.parametrize("name", [EVIL, "\ud800", "\x85\u2028"])
def test_a_name_is_escaped_in_every_format(name: str) -> None:
    results = make_results(name)
    ElementTree.fromstring(formats.junit(results))
    text = formats.markdown(results)
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == 2 + 3
    assert "<script>" not in text
    assert {row.replace("\\|", "").count("|") for row in rows} == {8}
    annotations = formats.annotations(results)
    assert len(annotations) == 2
    assert not any("\n" in line or "%0A" in line for line in annotations)
    printed = [cell for result in results for cell in formats.to_row(result)]
    for output in (*printed, *annotations, formats.junit(results).replace("\n", ""), *rows):
        assert output.isprintable()
