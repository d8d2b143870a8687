"""The claims alone, as tables to take into a paper: LaTeX and Markdown."""

from collections.abc import Callable, Iterable, Sequence

from bench.claims import ClaimResult, Verdict
from bench.text import latex, markdown

HEADINGS = ("claim", "published", "measured", "verdict")
COLUMNS = r"p{0.34\linewidth}p{0.18\linewidth}p{0.28\linewidth}p{0.1\linewidth}"


def claims_tex(results: Iterable[ClaimResult]) -> str:
    """A `tabular` in the manner of the package booktabs."""
    heading, *rows = _cells(results, latex)
    lines = [
        r"% \usepackage{booktabs}",
        rf"\begin{{tabular}}{{@{{}}{COLUMNS}@{{}}}}",
        r"\toprule",
        " & ".join(heading) + r" \\",
        r"\midrule",
        *(" & ".join(row) + r" \\" for row in rows),
        r"\bottomrule",
        r"\end{tabular}",
    ]
    return "\n".join(lines) + "\n"


def claims_md(results: Iterable[ClaimResult]) -> str:
    """A table in Markdown."""
    heading, *rows = (f"| {' | '.join(row)} |" for row in _cells(results, markdown))
    return "\n".join([heading, f"|{' --- |' * len(HEADINGS)}", *rows]) + "\n"


def _cells(results: Iterable[ClaimResult], escape: Callable[[str], str]) -> list[Sequence[str]]:
    """The headings, and a row for each claim."""
    rows = ((r.claim.title, r.claim.published, _measured(r), r.verdict) for r in results)
    return [tuple(map(escape, row)) for row in (HEADINGS, *rows)]


def _measured(result: ClaimResult) -> str:
    """The figure of each case that is measured."""
    cases = [case.summary for case in result.cases if case.is_measured]
    return "; ".join(cases) or Verdict.NOT_MEASURED
