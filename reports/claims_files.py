"""The claims as tables for a paper, in LaTeX and in Markdown."""

from collections.abc import Callable, Iterable, Sequence

from bench.claims.verdicts import ClaimResult, Verdict
from bench.text import latex, markdown

HEADINGS = ("claim", "the paper says", "measured", "verdict")
WIDTHS = (0.31, 0.16, 0.28, 0.14)  # shares of a line; the rest is space between the columns


def claims_tex(results: Iterable[ClaimResult]) -> str:
    """A LaTeX `longtable` in the style of booktabs, which may break over pages."""
    heading, *rows = (" & ".join(row) + r" \\" for row in _cells(results, latex))
    columns = "".join(rf">{{\raggedright\arraybackslash}}p{{{w}\linewidth}}" for w in WIDTHS)
    lines = [
        r"% \usepackage{array,booktabs,longtable}",
        rf"\begin{{longtable}}{{@{{}}{columns}@{{}}}}",
        r"\toprule",
        heading,
        r"\midrule",
        r"\endhead",
        r"\bottomrule",
        r"\endfoot",
        *(f"{row}\n\\addlinespace" for row in rows),
        r"\end{longtable}",
    ]
    return "\n".join(lines) + "\n"


def claims_md(results: Iterable[ClaimResult]) -> str:
    """A table in Markdown."""
    heading, *rows = (f"| {' | '.join(row)} |" for row in _cells(results, markdown))
    return "\n".join([heading, f"|{' --- |' * len(HEADINGS)}", *rows]) + "\n"


def _cells(results: Iterable[ClaimResult], escape: Callable[[str], str]) -> list[Sequence[str]]:
    """The headings, and a row for each claim."""
    rows = ((r.claim.title, r.claim.statement, _measured_cases(r), r.verdict) for r in results)
    return [tuple(map(escape, row)) for row in (HEADINGS, *rows)]


def _measured_cases(result: ClaimResult) -> str:
    """The cases with their figures, if any is measured."""
    return str(result.verdict if result.verdict is Verdict.NOT_MEASURED else result.sentence)
