"""The rules of the gate: how a quantity is compared with its baseline, and the consequences."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, FiniteFloat, model_validator

from suites.errors import SuiteError
from suites.fields import Count
from suites.suite import FOLDER, GATE_RULES
from suites.toml import Items, Section, load_toml

Consequence = Literal["fail", "warn", "pass"]
Test = Literal["exact", "samples", "answers"]


class Consequences(Section):
    """The consequence of each outcome: the gate fails, warns or passes.

    By default it does not fail for causes that may lie outside of the change: another machine,
    other versions, too few samples. A rule may set other consequences.
    """

    regressed: Consequence = "fail"
    failed: Consequence = "fail"
    missing: Consequence = "fail"
    new: Consequence = "warn"
    other_environment: Consequence = "warn"
    cannot_tell: Consequence = "warn"
    improved: Consequence = "pass"
    unchanged: Consequence = "pass"


class Rule(Section):
    """How `quantities` are tested; each is a quantity, or one instrument: `memory:simulated`.

    `exact`: any difference counts. `samples`: the medians of samples, or of their ratios to a
    reference, must differ by the share `min_effect`, and the p-value of Mann and Whitney's test
    must be below `alpha`. `answers`: the p-value of the exact test on an accuracy must be below
    `alpha`. Fewer than `min_samples` are not compared. `needs_reference` refuses samples that were
    timed alone.
    """

    quantities: Items[str]
    test: Test
    min_effect: Annotated[FiniteFloat, Field(ge=0)] = 0.0
    alpha: Annotated[FiniteFloat, Field(gt=0, le=1)] = 0.05
    min_samples: Count = 1
    needs_reference: bool = False
    outcomes: Consequences = Consequences()


class Rules(Section):
    """The content of a file of rules; no quantity has two rules."""

    rule: Items[Rule]

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        names = [name for rule in self.rule for name in rule.quantities]
        if twice := {name for name, times in Counter(names).items() if times > 1}:
            raise ValueError(f"{min(twice)!r:.60} has two rules")
        return self

    def find(self, quantity: str, instrument: str) -> Rule:
        """The rule of a quantity by an instrument. Raises `SuiteError` if there is none."""
        by_name = {name: rule for rule in self.rule for name in rule.quantities}
        for name in (f"{quantity}:{instrument}", quantity):
            if name in by_name:
                return by_name[name]
        raise SuiteError(
            f"there is no rule for {quantity}:{instrument}: add one to the gate's rules"
        )


def load_rules(path: Path = FOLDER / f"{GATE_RULES}.toml") -> Rules:
    """Read the rules. Raises `SuiteError` with the file and the first wrong key."""
    return load_toml(path, Rules)
