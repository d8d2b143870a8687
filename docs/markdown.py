"""Parts of a page in Markdown: tables, code and links."""

from collections.abc import Iterable, Sequence

from bench.text import markdown


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; its cells are Markdown."""
    lines = (headings, ["---"] * len(headings), *rows)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def code(text: str) -> str:
    """`text` as code; it may be in a cell of a table."""
    return f"`{text.replace('|', chr(92) + '|')}`"


def fence(text: str) -> str:
    """A block of code."""
    return f"```text\n{text}\n```\n"


def contents(names: Iterable[str]) -> str:
    """A hidden table of contents for Sphinx: the index page shows its own."""
    return "\n".join(["```{toctree}", ":hidden:", "", *names, "```", ""])


def link(text: str, page: str) -> str:
    """A link to a page in the same folder."""
    return f"[{markdown(text)}]({page}.md)"
