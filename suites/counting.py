"""How the sources of published figures count MACs and parameters, and how they round them."""

from collections.abc import Mapping
from dataclasses import dataclass

from suites.errors import SuiteError

MEASURED_NORM = 2  # operations that `macs` counts for each element of a norm


@dataclass(frozen=True)
class CountingRule:
    """How a source counts: the kinds of operators in its MACs, and how it rounds printed figures.

    `operators` are kinds of operators as in `bench.instruments.macs`. `roundings` are numbers of
    significant digits: a figure is rounded to each in turn; they are empty if all digits are
    printed. `reason` is the evidence for the rule. MACs are printed for `views` clips together. A
    norm counts as `norm_operations` for each element. `head_positions` is how often linear layers
    were counted, for each time that they are computed. Parameters are of the module `params_of`, or
    if it is "" of the network.
    """

    operators: tuple[str, ...]
    roundings: tuple[int, ...]
    reason: str
    views: int = 1
    norm_operations: int = MEASURED_NORM
    head_positions: float = 1
    params_of: str = ""

    def count(self, by_operator: Mapping[str, float]) -> int:
        """The figure for a network with these measured counts, not rounded."""
        factors = {"norm": self.norm_operations / MEASURED_NORM, "linear": self.head_positions}
        clip = sum(by_operator.get(kind, 0) * factors.get(kind, 1) for kind in self.operators)
        return self.views * round(clip)

    def round_count(self, count: int) -> int:
        """`count` as the source prints it."""
        for digits in self.roundings:
            count = round_half_up(count, 10 ** max(0, len(str(count)) - digits))
        return count


def round_half_up(count: int, unit: int) -> int:
    """`count` as a multiple of `unit`, half up."""
    return (count + unit // 2) // unit * unit


# By the beginning of the name of the source.
COUNTING_RULES = {
    "IBM/action-recognition-pytorch@67cc96f benchmark_mini.md": CountingRule(
        operators=("conv",),
        roundings=(),
        reason="Convolutions alone, to the last digit: a frame of ResNet-50 is 4,087,136,256, the "
        "same for 87 and for 200 classes. Some rows of I3D were counted on an older variant of the "
        "authors' code; their current code gives the figures measured here.",
    ),
    "open-mmlab/mmaction2@": CountingRule(
        operators=("conv", "norm"),
        roundings=(5, 4),
        reason="Convolutions and batch norms (two operations an element) of the backbone: its "
        "tools/analysis_tools/get_flops.py runs extract_feat, which has no classifier. That prints "
        "three decimals (62.655G, 23.865M), which the table has rounded again (62.66G, 23.87M).",
    ),
    "Motionformer": CountingRule(
        operators=("conv", "linear"),
        roundings=(4,),
        reason="One view of bLVNet-TAM at depth 101 over 64 frames gives 128.6 G.",
    ),
    "X-ViT": CountingRule(
        operators=("conv", "linear"),
        roundings=(2,),
        reason="Nine views of bLVNet-TAM at depth 50 over 48 frames of 256 pixels give 840 G.",
        views=9,
    ),
    "IBM/BigLittleNet@": CountingRule(
        operators=("conv",),
        roundings=(3,),
        reason="Convolutions alone: with the classifier, depth 50 would print as 2.86 G.",
    ),
}


def find_rule(source: str) -> CountingRule:
    """How a source counts. Raises `SuiteError` for a source without a rule."""
    for start, rule in COUNTING_RULES.items():
        if source.startswith(start):
            return rule
    raise SuiteError(f"{source}: has no counting rule: add it to COUNTING_RULES")
