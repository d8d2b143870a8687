"""The parts of a page that pages share."""

from collections.abc import Iterable, Sequence

from bench.text import markdown


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are Markdown themselves."""
    lines = (headings, ["---"] * len(headings), *rows)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def code(text: str) -> str:
    """`text` as code, in a cell too."""
    return f"`{text.replace('|', chr(92) + '|')}`"


def fence(text: str) -> str:
    """A block of code."""
    return f"```text\n{text}\n```\n"


def contents(names: Iterable[str]) -> str:
    """The pages below an index, which its table already shows."""
    return "\n".join(["```{toctree}", ":hidden:", "", *names, "```", ""])


def link(text: str, page: str) -> str:
    """A link to a page beside this one."""
    return f"[{markdown(text)}]({page}.md)"
