import unicodedata

import pytest

from bench.text import CONTROLS, SURROGATES, csv_cell, latex, markdown, printable


def test_text_of_any_language_stays_unchanged() -> None:
    for text in ("blvnet_tam  depth 50", "Größe 3 × 4", "映像", "زبان\u200cها", "👩\u200d💻", ""):
        assert printable(text) == text


def test_all_control_characters_of_unicode_are_listed() -> None:
    listed = {*CONTROLS, *SURROGATES}
    for code in range(0x110000):
        assert (unicodedata.category(chr(code)) in ("Cc", "Cs")) == (code in listed)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\nb\r\nc\td", "a b  c d"),
        ("\x1b]0;title\x07", "\ufffd]0;title\ufffd"),
        ("\x9b2J\x00\x7f", "\ufffd2J\ufffd\ufffd"),
        ("abc\u202ecba\u2066", "abc\ufffdcba\ufffd"),
        ("\ud800 \uffff", "\ufffd \ufffd"),
        ("one\u2028two\x85three", "one two three"),
    ],
)
def test_control_characters_are_replaced(text: str, expected: str) -> None:
    assert printable(text) == expected


def test_markdown_is_escaped() -> None:
    assert markdown("[x](javascript:a)|`b`\n<i>$x$") == (
        "\\[x\\](javascript:a)\\|\\`b\\` &lt;i&gt;\\$x\\$"
    )


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("blvnet-TAM 3.5x, 映像", "blvnet-TAM 3.5x, 映像"),
        (r"\input{/etc/x}", r"\textbackslash{}input\{/etc/x\}"),
        ("5 % of $a_1$ & #2", r"5 \% of \$a\_1\$ \& \#2"),
        ("~x^^5c", r"\textasciitilde{}x\textasciicircum{}\textasciicircum{}5c"),
        ('[2pt]*<a>|"b"', "{[}2pt{]}{*}\\textless{}a\\textgreater{}\\textbar{}''b''"),
        ("one\ntwo\r\n\nthree", "one two three"),
    ],
)
def test_latex_is_escaped(text: str, escaped: str) -> None:
    assert latex(text) == escaped


@pytest.mark.parametrize("text", ["=1+1", "+x", "-x", "@x", "\t=1", "\r=1", " =1", '"=1', "'=1"])
def test_a_formula_becomes_text(text: str) -> None:
    assert csv_cell(text) == f"'{text}"


@pytest.mark.parametrize("value", [-1, -1.5, None, True, "-1.5", "+1e-3", "a=b", "tsn", "", "7"])
def test_other_cells_stay_unchanged(value: object) -> None:
    assert csv_cell(value) == value
