from xml.etree import ElementTree

import pytest

from bench.gate import formats
from bench.gate.result import GateResult, compare_runs
from suites.rules import load_rules
from tests.bench.gate.entries import entry
from tests.records import point

EVIL = "<script>alert(1)</script>\n::error::%0A|*x*|\x1b[31m\x00`@all`"


def verdicts(name: str = "tsn") -> list[GateResult]:
    """One that fails, one that warns, one improvement and one that is unchanged."""
    where = [point(network=name, depth=depth) for depth in (18, 34, 50, 101)]
    old = [entry(9, point=one) for one in (where[0], *where[2:])]
    new = [entry(n, point=one) for one, n in zip(where, (10, 1, 8, 9), strict=True)]
    return compare_runs(old, new, load_rules())


def test_a_summary_counts_outcomes() -> None:
    assert formats.summarise(verdicts()) == "1 regressed, 1 new, 1 improved, 1 unchanged"
    assert formats.summarise([]) == "nothing to compare"


def test_only_what_is_worth_a_look_is_shown() -> None:
    assert [v.change.outcome for v in formats.noteworthy(verdicts())] == [
        "regressed",
        "new",
        "improved",
    ]


def test_junit_has_a_case_for_each_verdict() -> None:
    root = ElementTree.fromstring(formats.junit(verdicts()))
    suite = root[0]
    assert suite.attrib["tests"] == "4"
    assert (suite.attrib["failures"], suite.attrib["skipped"]) == ("1", "1")
    kinds = [[child.tag for child in case] for case in suite]
    assert kinds == [["failure"], ["skipped"], ["system-out"], []]
    assert "9 MACs to 10 MACs, +1" in suite[0][0].attrib["message"]
    assert suite[0].attrib["classname"] == "macs:flop_counter"


def test_markdown_is_a_table_of_whole_rows() -> None:
    text = formats.markdown(verdicts())
    assert text.startswith("### blvbench gate: failed\n\n1 regressed, 1 new, 1 improved, 1 unch")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == 2 + 3
    assert "blvbench gate: passed\n\nnothing to compare.\n" in formats.markdown([])


def test_annotations_are_errors_and_warnings() -> None:
    error, warning = formats.annotations(verdicts())
    assert error.startswith("::error title=blvbench gate::regressed: macs:flop_counter of tsn")
    assert warning.startswith("::warning title=blvbench gate::new: ")


@pytest.mark.parametrize("name", [EVIL, "\ud800", "\x85\u2028"])
def test_a_name_is_text_in_every_format(name: str) -> None:
    judged = verdicts(name)
    ElementTree.fromstring(formats.junit(judged))
    text = formats.markdown(judged)
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == 2 + 3
    assert "<script>" not in text
    assert {row.replace("\\|", "").count("|") for row in rows} == {8}
    annotations = formats.annotations(judged)
    assert len(annotations) == 2
    assert not any("\n" in line or "%0A" in line for line in annotations)
    printed = [cell for verdict in judged for cell in formats.to_row(verdict)]
    for output in (*printed, *annotations, formats.junit(judged).replace("\n", ""), *rows):
        assert output.isprintable()
