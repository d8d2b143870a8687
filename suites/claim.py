"""A claim: a published statement, the measurements that decide it, and the rule."""

from itertools import product
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, FiniteFloat, model_validator

from suites.fields import Count, Mode, Precision, Seed
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
        frames = [] if self.frames is None else [f"{self.frames} frames"]
        return " ".join([self.network, *depth, *options, *frames])


class Case(Section):
    """One case of a claim: the fields that the points of both sides share."""

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


class Claim(Section):
    """A published statement, judged at each of its cases.

    `compare` names the figure: `ratio` is numerator / denominator; `points` are the percentage
    points by which the numerator's accuracy exceeds the denominator's on the same clips; `level` is
    the numerator's accuracy in percent, without a denominator. Accuracies may be restricted to one
    `group` of classes. A case is met if the figure is at least `at_least`, or at most `at_most`:
    exactly one of them is given, and for points it is `at_least` 0. Figures that depend on the
    machine are judged on each machine.

    `question` is a reader's question, which several claims may answer together. `published` is the
    statement in the words of the source, `rule` the reason for the bound, and `measured_by` the
    command that measures what is missing.
    """

    id: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    question: str
    title: str
    source: str
    published: str
    rule: str
    quantity: str
    instrument: str
    numerator: Side
    denominator: Side | None = None
    compare: Literal["ratio", "points", "level"] = "ratio"
    group: str = ""
    at_least: FiniteFloat | None = None
    at_most: FiniteFloat | None = None
    cases: Items[Case]
    measured_by: str

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("give exactly one of at_least and at_most")
        if (self.denominator is None) != (self.compare == "level"):
            raise ValueError("a level has no denominator, a ratio and points have one")
        if self.compare == "points" and self.at_least != 0:
            raise ValueError("points need at_least = 0: no other bound is tested")
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
        group = f" in {self.group} classes" if self.group else ""
        return f"{self.quantity} of {sign.join(side.label for side in self.sides)}{group}"

    @property
    def bound(self) -> float:
        """`at_least` or `at_most`, whichever is given."""
        (bound,) = (b for b in (self.at_least, self.at_most) if b is not None)
        return bound


class Claims(Section):
    """The content of a claims file."""

    claim: Items[Claim]


def load_claims(path: Path = FOLDER / f"{CLAIMS}.toml") -> tuple[Claim, ...]:
    """Read the claims. Raises `SuiteError` with the file and the first wrong key."""
    return load_toml(path, Claims).claim
