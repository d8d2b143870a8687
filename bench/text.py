"""Escaping of text that others wrote, for terminals, Markdown, LaTeX and CSV."""

import html
import re
from typing import Annotated, Any

from pydantic import BeforeValidator

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
# They change the direction of text. Other format characters belong to scripts and stay.
BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
CONTROLS = (*range(0x20), *range(0x7F, 0xA0))  # Unicode's category Cc, which never changes
SURROGATES = range(0xD800, 0xE000)  # half a character each: no file accepts one
NO_XML = (0xFFFE, 0xFFFF)
LINES = "\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u2028\u2029"  # they end a line, or are white space
REPLACED = {
    **dict.fromkeys((*CONTROLS, *SURROGATES, *NO_XML, *map(ord, BIDI)), REPLACEMENT),
    **dict.fromkeys(map(ord, LINES), " "),
}
# Markup of Markdown, with mathematics and mentions. An underscore within a word is not markup.
MARKUP = re.compile(r"([\\`*{}\[\]|~#@$]|(?<![^\W_])_|_(?![^\W_]))")
# Markup of LaTeX. After the end of a row, brackets and a star are its options; quotes may be
# shorthands.
LATEX: dict[str, str | int | None] = {
    **{mark: rf"\{mark}" for mark in "{}%$#&_"},
    **{mark: f"{{{mark}}}" for mark in "[]*"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
}
# A spreadsheet reads text that begins like this as a formula, even after spaces and quotes.
FORMULA = re.compile(r"[\s'\"]*[=+\-@\t\r]")
NUMBER = re.compile(r"[+-]?\d+(\.\d*)?(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)


def printable(text: str) -> str:
    """`text` in one line, without control characters and changes of direction."""
    return text if text.isprintable() else text.translate(REPLACED)


def _printable(value: Any) -> Any:
    return printable(value) if isinstance(value, str) else value


Text = Annotated[str, BeforeValidator(_printable)]  # text of a record, always printable


def in_one_line(text: str) -> str:
    """`text` printable, with single spaces between words and none at its ends."""
    return " ".join(printable(text).split())


def markdown(text: str) -> str:
    """`text` in one line, escaped for a paragraph or a cell of a table."""
    return MARKUP.sub(r"\\\1", html.escape(in_one_line(text), quote=False))


def latex(text: str) -> str:
    """`text` in one line, escaped for a paragraph or a cell of a table."""
    return in_one_line(text).translate(str.maketrans(LATEX))


def csv_cell(value: object) -> object:
    """`value` for a cell of a CSV file: text is never a formula, numbers stay numbers."""
    if not isinstance(value, str) or NUMBER.fullmatch(value) or not FORMULA.match(value):
        return value
    return f"'{value}"
