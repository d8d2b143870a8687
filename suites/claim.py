"""A claim: what was published, which measurements decide it, and by what rule."""

from itertools import product
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from suites.suite import CLAIMS, FOLDER
from suites.toml import Count, Items, Option, Section, load_toml


class Side(Section):
    """One side of a ratio: the fields that tell its point from the case's."""

    network: str
    depth: Count | None = None
    frames: Count | None = None
    batch: Count | None = None
    options: dict[str, Option] = Field(default_factory=dict)

    @property
    def label(self) -> str:
        """The network with the options that it is built with."""
        return " ".join([self.network, *(f"{name}={v}" for name, v in self.options.items())])


class Case(Section):
    """A place where the claim is judged, and the fields that both sides share."""

    label: str
    depth: Count | None = None
    frames: Count | None = None
    batch: Count = 1
    mode: Literal["train", "infer"] = "infer"
    input_size: Count = 224
    num_classes: Count = 174
    precision: Literal["fp32", "tf32", "bf16", "fp16"] = "fp32"


class Claim(Section):
    """A published statement, judged at every case by the ratio numerator / denominator.

    A case is met where the ratio is at least `at_least`, or at most `at_most`: exactly one of the
    two is given. What a machine measures is judged on each machine. `published` is the range in
    the source's words, `rule` why the bound is what it is, `measured_by` the command that measures
    what is missing.
    """

    id: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    title: str
    source: str
    published: str
    rule: str
    quantity: str
    instrument: str
    numerator: Side
    denominator: Side
    at_least: float | None = None
    at_most: float | None = None
    cases: Items[Case]
    measured_by: str

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("give exactly one of at_least and at_most")
        for case, side in product(self.cases, (self.numerator, self.denominator)):
            for key in ("depth", "frames"):
                if getattr(side, key) is None and getattr(case, key) is None:
                    raise ValueError(f"case {case.label!r} and {side.network} both lack {key}")
        return self

    @property
    def label(self) -> str:
        """`quantity:instrument`, as a measurement has it."""
        return f"{self.quantity}:{self.instrument}"

    @property
    def bound(self) -> float:
        """`at_least` or `at_most`, whichever is given."""
        (bound,) = (b for b in (self.at_least, self.at_most) if b is not None)
        return bound


class Claims(Section):
    """The content of a claims file."""

    claim: Items[Claim]


def load_claims(path: Path = FOLDER / f"{CLAIMS}.toml") -> tuple[Claim, ...]:
    """Read the claims; raises `SuiteError` that names the file and the first wrong key."""
    return load_toml(path, Claims).claim
