"""A page for every claim of suites/claims.toml, and an index of them."""

from bench.claims.verdicts import points_of
from bench.records.catalogue import find_instrument
from bench.text import markdown
from docs.markdown import code, contents, fence, link, table
from suites import Claim, load_claims

INDEX = """# The claims

What the paper claims, what is asked here beyond it, and which measurements decide each claim. The
verdicts are in the report, because they depend on what was measured.
[The method](../../method.md#verdicts) explains them.

"""


def claim_pages() -> dict[str, str]:
    """The pages by name: `index`, and one for each claim, named by its id."""
    claims = load_claims()
    return {"index": _index(claims), **{claim.id: _page(claim) for claim in claims}}


def _index(claims: tuple[Claim, ...]) -> str:
    headings = ("claim", "the paper says", "judged by")
    parts = [INDEX]
    for question in dict.fromkeys(claim.question for claim in claims):
        answers = [claim for claim in claims if claim.question == question]
        rows = [(link(c.title, c.id), markdown(c.statement), code(c.label)) for c in answers]
        parts.append(f"## {markdown(question)}\n\n{table(headings, rows)}\n")
    return "".join(parts) + contents(c.id for c in claims)


def _page(claim: Claim) -> str:
    return "\n".join(
        [
            f"# {markdown(claim.title)}\n",
            f"**The paper says:** {markdown(claim.statement)}\n",
            f"**Source:** {markdown(claim.source)}\n",
            "## What is compared\n",
            f"{_comparison(claim)}\n",
            _cases(claim),
            "## When it is met\n",
            f"A case is met if {markdown(claim.condition)}. {markdown(claim.rule)}\n",
            "## What measures it\n",
            fence(claim.measured_by),
            f"In a report, the claim is at `index.html#claim-{claim.id}`. If you have run "
            "`nox -s report` and `nox -s docs`, it is in "
            f'<a href="../../../report/index.html#claim-{claim.id}">your report</a>.\n',
        ]
    )


def _comparison(claim: Claim) -> str:
    """The figure that is compared, and the instrument, with a link to its description."""
    instrument = f"[{code(claim.label)}](../instruments.md)"
    what = code(claim.expression)
    how = {
        "ratio": f"The ratio {what}",
        "points": f"The difference {what} in percentage points, on the same clips",
        "right_twice": f"The number of {what}",
    }[claim.compare]
    machines = ", on each machine" if find_instrument(claim.label).device else ""
    return f"{how}, measured by {instrument}{machines}."


def _cases(claim: Claim) -> str:
    points, sides = points_of(claim), len(claim.sides)
    rows = [
        (markdown(case.label), *(code(str(p)) for p in points[sides * n : sides * (n + 1)]))
        for n, case in enumerate(claim.cases)
    ]
    return table(("case", "first", "second")[: 1 + sides], rows)
