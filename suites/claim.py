"""A claim: a published statement, the measurements that decide it, and the rule."""

from itertools import product
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, FiniteFloat, model_validator

from suites.fields import Count, Mode, Precision, Seed
from suites.published_range import PublishedRange
from suites.suite import CLAIMS, FOLDER
from suites.toml import Items, Option, Section, load_toml


class Side(Section):
    """One side of a claim: the fields in which its point differs from the case."""

    network: str
    depth: Count | None = None
    frames: Count | None = None
    batch: Count | None = None
    options: dict[str, Option] = Field(default_factory=dict)

    @property
    def label(self) -> str:
        """The network with the depth, options and frames that the side names."""
        depth = [] if self.depth is None else [f"depth {self.depth}"]
        options = [f"{name}={value}" for name, value in self.options.items()]
        count = "1 frame" if self.frames == 1 else f"{self.frames} frames"
        frames = [] if self.frames is None else [count]
        return " ".join([self.network, *depth, *options, *frames])


class Against(Section):
    """The depth and frames of a denominator, where they differ from those of its case."""

    depth: Count | None = None
    frames: Count | None = None


class Case(Section):
    """One case of a claim: the fields that the points of both sides share.

    `against` changes those of the denominator.
    """

    label: str
    depth: Count | None = None
    frames: Count | None = None
    batch: Count = 1
    mode: Mode = "infer"
    input_size: Count = 224
    num_classes: Count = 174
    precision: Precision = "fp32"
    dataset: str = ""
    seed: Seed = 0
    against: Against | None = None


class Claim(Section):
    """A published statement, judged at each of its cases.

    `compare` names the figure: `ratio` is numerator / denominator; `points` are the percentage
    points by which the numerator's accuracy exceeds the denominator's on the same clips;
    `right_twice` is the number of pairs of a motion and its reverse that the numerator has both
    right, without a denominator. Accuracies may be restricted to one `group` of classes.

    The bound is exactly one of three: `at_least`, `at_most`, or the `published_range` of a ratio,
    which may be missed by a tenth. For points it is `at_least`: 0 for "better", and less than 0,
    the margin, for "on par". Figures that depend on the machine are judged on each machine.

    `question` is a reader's question, which several claims may answer together. `origin` says
    whether the paper states the claim or it is only asked here, `source` where the paper does, or
    what is asked beyond it. `published` is the paper's statement in our words, `rule` the reason
    for the bound, and `measured_by` the command that measures what is missing.
    """

    id: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    question: str
    title: str
    origin: Literal["paper", "asked here"]
    source: str
    published: str = ""
    rule: str
    quantity: str
    instrument: str
    numerator: Side
    denominator: Side | None = None
    compare: Literal["ratio", "points", "right_twice"] = "ratio"
    group: str = ""
    published_range: PublishedRange | None = None
    at_least: FiniteFloat | None = None
    at_most: FiniteFloat | None = None
    cases: Items[Case]
    measured_by: str

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.origin == "paper" and not self.published:
            raise ValueError("published is missing: the paper's statement")
        if [self.published_range, self.at_least, self.at_most].count(None) != 2:
            raise ValueError("give exactly one of published_range, at_least and at_most")
        if (self.denominator is None) != (self.compare == "right_twice"):
            raise ValueError("right_twice has no denominator, a ratio and points have one")
        needed = {"points": self.at_least, "right_twice": self.at_most}
        if needed.get(self.compare, 0) is None:
            raise ValueError("points need at_least, right_twice needs at_most")
        if self.denominator is None and any(case.against for case in self.cases):
            raise ValueError("against is of a denominator, which right_twice does not have")
        for case, side in product(self.cases, self.sides):
            for key in ("depth", "frames"):
                if getattr(side, key) is None and getattr(case, key) is None:
                    raise ValueError(
                        f"case {case.label!r:.60} and {side.network!r:.60} both lack {key}"
                    )
        return self

    @property
    def label(self) -> str:
        """`quantity:instrument`, as a measurement has it."""
        return f"{self.quantity}:{self.instrument}"

    @property
    def sides(self) -> tuple[Side, ...]:
        """The numerator and, where there is one, the denominator."""
        return (self.numerator, self.denominator) if self.denominator else (self.numerator,)

    @property
    def expression(self) -> str:
        """The figure that the claim is judged by, in words."""
        sign = " minus " if self.compare == "points" else " / "
        what = "pairs right twice" if self.compare == "right_twice" else self.quantity
        group = f" in {self.group} classes" if self.group else ""
        return f"{what} of {sign.join(side.label for side in self.sides)}{group}"

    @property
    def bound(self) -> float:
        """`at_least` or `at_most`, or the least ratio that the published range allows."""
        if self.published_range:
            return self.published_range.bound
        (bound,) = (b for b in (self.at_least, self.at_most) if b is not None)
        return bound

    @property
    def condition(self) -> str:
        """When a case is met, in words: the figure and its bound."""
        if self.compare == "points":
            return f"the whole interval of the difference is above {self.bound:g} points"
        if self.compare == "right_twice":
            return f"at most {self.bound:g} pairs are right twice"
        end = "at least" if self.at_most is None else "at most"
        text = f"the ratio, and its whole interval if it has one, is {end} {self.bound:g}"
        if self.published_range:
            text += f", a tenth below the published {self.published_range}"
        return text

    @property
    def statement(self) -> str:
        """What the paper says; if the claim is only asked here, that the paper does not say it."""
        if self.origin == "paper":
            return self.published
        return f"not this, but: {self.published}" if self.published else "nothing about this"


class Claims(Section):
    """The content of a claims file."""

    claim: Items[Claim]


def load_claims(path: Path = FOLDER / f"{CLAIMS}.toml") -> tuple[Claim, ...]:
    """Read the claims. Raises `SuiteError` with the file and the first wrong key."""
    return load_toml(path, Claims).claim
