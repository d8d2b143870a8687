"""Text that others wrote, as text and nothing else: on a terminal, in Markdown, LaTeX and CSV."""

import html
import re
from typing import Annotated, Any

from pydantic import BeforeValidator

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
# They reverse what is read, or hide where it ends; other format characters belong to scripts.
BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
CONTROLS = (*range(0x20), *range(0x7F, 0xA0))  # Unicode's category Cc, for ever
SURROGATES = range(0xD800, 0xE000)  # half a character each: no file and no terminal takes one
NO_XML = (0xFFFE, 0xFFFF)
LINES = "\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u2028\u2029"  # what ends a line, or stands for space
REPLACED = {
    **dict.fromkeys((*CONTROLS, *SURROGATES, *NO_XML, *map(ord, BIDI)), REPLACEMENT),
    **dict.fromkeys(map(ord, LINES), " "),
}
# In Markdown, with mathematics and mentions; an underscore within a word is none.
MARKUP = re.compile(r"([\\`*{}\[\]|~#@$]|(?<![^\W_])_|_(?![^\W_]))")
# In LaTeX; brackets and a star are options to the end of a row before them, quotes a shorthand.
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
# A spreadsheet takes for a formula what begins so, behind spaces and quotes too.
FORMULA = re.compile(r"[\s'\"]*[=+\-@\t\r]")
NUMBER = re.compile(r"[+-]?\d+(\.\d*)?(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)


def printable(text: str) -> str:
    """`text` in one line, without what steers a terminal or turns the direction of reading."""
    return text if text.isprintable() else text.translate(REPLACED)


def _printable(value: Any) -> Any:
    return printable(value) if isinstance(value, str) else value


Text = Annotated[str, BeforeValidator(_printable)]  # of a record: printable, whoever wrote it


def in_one_line(text: str) -> str:
    """`text` printable, with one space for each stretch of white space and none at its ends."""
    return " ".join(printable(text).split())


def markdown(text: str) -> str:
    """`text` in one line that is no markup, in a paragraph or in a cell of a table."""
    return MARKUP.sub(r"\\\1", html.escape(in_one_line(text), quote=False))


def latex(text: str) -> str:
    """`text` in one line that is no command, in a paragraph or in a cell of a table."""
    return in_one_line(text).translate(str.maketrans(LATEX))


def csv_cell(value: object) -> object:
    """`value` for a cell of a CSV file, where no text may be a formula; numbers stay numbers."""
    if not isinstance(value, str) or NUMBER.fullmatch(value) or not FORMULA.match(value):
        return value
    return f"'{value}"
