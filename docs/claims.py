"""A page for every claim of suites/claims.toml, and a table of them."""

from bench.claims.verdicts import points_of
from bench.records.catalogue import find_instrument
from bench.text import markdown
from docs.markdown import code, contents, fence, link, table
from suites import Claim, load_claims

INDEX = """# The claims

What the paper publishes, and which measurements decide it. The verdicts are in the report, for they
follow from what was measured. [The method](../../method.md#verdicts) says how a verdict is found.

"""


def claim_pages() -> dict[str, str]:
    """The pages by name: `index`, and the claims by their ids."""
    claims = load_claims()
    return {"index": _index(claims), **{claim.id: _page(claim) for claim in claims}}


def _index(claims: tuple[Claim, ...]) -> str:
    headings = ("claim", "published", "judged by")
    parts = [INDEX]
    for question in dict.fromkeys(claim.question for claim in claims):
        asked = [claim for claim in claims if claim.question == question]
        rows = [(link(c.title, c.id), markdown(c.published), code(c.label)) for c in asked]
        parts.append(f"## {markdown(question)}\n\n{table(headings, rows)}\n")
    return "".join(parts) + contents(c.id for c in claims)


def _page(claim: Claim) -> str:
    return "\n".join(
        [
            f"# {markdown(claim.title)}\n",
            f"**Published:** {markdown(claim.published)}\n",
            f"**Where:** {markdown(claim.source)}\n",
            "## What is compared\n",
            f"{_compared(claim)}\n",
            _cases(claim),
            "## When it is met\n",
            f"A case is met where {_bound(claim)}. {markdown(claim.rule)}\n",
            "## What measures it\n",
            fence(claim.measured_by),
            f"In a report the claim stands at `index.html#claim-{claim.id}`: "
            f'<a href="../../../report/index.html#claim-{claim.id}">this one</a>, where '
            "`nox -s report` and `nox -s docs` wrote side by side.\n",
        ]
    )


def _compared(claim: Claim) -> str:
    """The quantity, with a link to what its instrument does, and the sides."""
    instrument = f"[{code(claim.label)}](../instruments.md)"
    what = code(claim.expression)
    how = {
        "ratio": f"The ratio {what}, by",
        "points": f"The percentage points of {what}, on the same clips, by",
        "level": f"The {what}, by itself, by",
    }[claim.compare]
    machines = " On every machine that measured it." if find_instrument(claim.label).device else ""
    return f"{how} the instrument {instrument}.{machines}"


def _cases(claim: Claim) -> str:
    points, sides = points_of(claim), len(claim.sides)
    rows = [
        (markdown(case.label), *(code(str(p)) for p in points[sides * n : sides * (n + 1)]))
        for n, case in enumerate(claim.cases)
    ]
    return table(("case", "first", "second")[: 1 + sides], rows)


def _bound(claim: Claim) -> str:
    if claim.compare == "points":
        return "the first network is shown to be better"
    end, beyond = ("at least", "below") if claim.at_most is None else ("at most", "above")
    if claim.compare == "level":
        return f"not all of the accuracy's interval lies {beyond} {claim.bound:g} %"
    return f"the ratio is {end} {claim.bound:g}, with all of its interval where it has one"
