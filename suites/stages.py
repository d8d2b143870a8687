"""The stages of measuring a report, for each plan, read from TOML."""

from typing import Literal, Self

from pydantic import Field, model_validator

from suites.suite import FOLDER, STAGES
from suites.toml import Items, Section, load_toml

Plan = Literal["quick", "full"]
ReportSection = Literal["macs", "memory", "budget", "accuracy", "latency", "published"]


class Stage(Section):
    """A stage: a `command` of blvbench, to which the store is added, and what it `brings`.

    `sections` are the sections of the page that are empty before it.
    """

    title: str
    brings: str
    command: Items[str]
    sections: Items[ReportSection] = ()


class Plans(Section):
    """Every stage by name, and the stages of the quick and of the full plan."""

    quick: Items[str]
    full: Items[str]
    stage: dict[str, Stage] = Field(min_length=1)

    @model_validator(mode="after")
    def _check_names(self) -> Self:
        for name in (*self.quick, *self.full):
            if name not in self.stage:
                raise ValueError(f"there is no stage {name!r}")
        return self


def load_stages(plan: Plan) -> tuple[Stage, ...]:
    """The stages of a plan, in their order."""
    plans = load_toml(FOLDER / f"{STAGES}.toml", Plans)
    names = plans.quick if plan == "quick" else plans.full
    return tuple(plans.stage[name] for name in names)
