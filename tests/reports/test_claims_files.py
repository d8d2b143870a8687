"""The table of claims for papers: its content, and that names in it are text."""

import re

import pytest

from bench.claims.verdicts import ClaimResult, judge
from bench.machine.environment import current_environment
from bench.records.measurement import Measurement
from reports.claims_files import claims_md, claims_tex
from tests.records import claim, measurement, point

ESCAPE = re.compile(r"\\[{}%$#&_]|\\text[a-z]+\{\}|\{[\[\]*]\}")


def judged(title: str, machine: str = "") -> list[ClaimResult]:
    """One claim: a ratio of 4 on `machine`, or nothing measured if it is ""."""
    environment = current_environment().model_copy(update={"processor": machine})
    latency = {
        "quantity": "latency",
        "instrument": "cpu",
        "unit": "seconds",
        "environment": environment,
    }
    records: list[Measurement] = [
        measurement(point(network=network), **latency, samples=(seconds,))
        for network, seconds in (("tsn", 4.0), ("tam", 1.0))
        if machine
    ]
    asked = claim(title=title, published="3-4x", quantity="latency", instrument="cpu")
    return judge([asked], records)


def test_a_table_in_markdown() -> None:
    heading, rule, row = claims_md(judged("a | b", "Fast")).splitlines()
    assert heading == "| claim | the paper says | measured | verdict |"
    assert rule == "| --- | --- | --- | --- |"
    assert row.startswith(r"| a \| b | 3-4x | As far as measured, met at depth 50 on Fast, ")
    assert row.endswith(" (4.000x); not measured at depth 101. | reproduced |")


def test_a_table_in_latex() -> None:
    lines = claims_tex(judged("50 % less")).splitlines()
    assert lines[0] == r"% \usepackage{array,booktabs,longtable}"
    assert lines[2:] == [
        r"\toprule",
        r"claim & the paper says & measured & verdict \\",
        r"\midrule",
        r"\endhead",
        r"\bottomrule",
        r"\endfoot",
        r"50 \% less & 3-4x & not measured here & not measured here \\",
        r"\addlinespace",
        r"\end{longtable}",
    ]


@pytest.mark.parametrize(
    "name",
    [
        *"{}\\%$#_&~^*",
        "one\ntwo",
        "a\\\\[9cm] b",
        r"\input{/etc/x}",
        r"\\ \end{tabular}",
        "^^5cinput",
        "x % y \\\\",
        r"$\undefined{",
        "\\_",
    ],
)
def test_names_are_no_commands(name: str) -> None:
    text = claims_tex(judged(name, name))
    (row,) = text.split("\\endfoot\n")[1].split("\\addlinespace")[0].splitlines()
    body = ESCAPE.sub("", row.removesuffix(r" \\"))
    assert body.count("&") == 3
    assert not re.search(r"[\\{}%$#_~^\[\]*]", body)
