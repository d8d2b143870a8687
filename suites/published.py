"""Published results of the authors: accuracies, MACs of one clip and parameters, as printed.

Each row names its source: repository, commit and file.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

from suites.errors import SuiteError
from suites.protocol import Protocol
from suites.toml import Option

FILE = Path(__file__).with_name("published_results.csv")

NO_POOLING = "none"  # the default of every network, which a row's options leave out

# For each published family and backbone: the name of our network, and its options.
NETWORKS: dict[tuple[str, str], tuple[str, dict[str, Option]]] = {
    ("tsn", "resnet"): ("tsn", {}),
    ("tsn", "inception-v1"): ("tsn", {"backbone": "inception_v1"}),
    ("tam", "resnet"): ("tam", {}),
    ("tam", "inception-v1"): ("tam", {"backbone": "inception_v1"}),
    ("tsm", "resnet"): ("tsm", {}),
    ("i3d", "resnet"): ("i3d_resnet", {}),
    ("i3d", "inception-v1"): ("i3d", {}),
    ("s3d", "resnet"): ("s3d_resnet", {}),
    ("s3d", "inception-v1"): ("s3d", {}),
    ("blvnet_tam", "blresnet"): ("blvnet_tam", {}),
    ("blresnet", "blresnet"): ("tsn_blnet", {}),  # an image network is a TSN of one frame
}


@dataclass(frozen=True)
class CountingRule:
    """How a source counts: the kinds of operators in its MACs, and how it rounds printed figures.

    `operators` are kinds of operators as in `bench.instruments.macs`. `roundings` are numbers of
    significant digits: a figure is rounded to each in turn; they are empty if all digits are
    printed. `reason` is the evidence for the rule. MACs are printed for `views` clips together.
    """

    operators: tuple[str, ...]
    roundings: tuple[int, ...]
    reason: str
    views: int = 1

    def round_count(self, count: int) -> int:
        """`count` as the source prints it."""
        for digits in self.roundings:
            unit = 10 ** max(0, len(str(count)) - digits)
            count = (count + unit // 2) // unit * unit  # half up
        return count


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


@dataclass(frozen=True)
class PublishedRow:
    """One row of a source's table, with the name of the network in the registry.

    `depth` is None if the network has no choice of depths. `options` are sorted, without those at
    their defaults. `input_size` is the side of a frame in pixels, for which `macs` are printed.
    `protocol` is that of the accuracy, None if it is not known. `top1` and `top5` are in percent;
    accuracies, `macs` and `params` are None if they are not published.
    """

    source: str
    dataset: str
    num_classes: int
    network: str
    options: tuple[tuple[str, Option], ...]
    depth: int | None
    frames: int
    input_size: int
    protocol: Protocol | None
    top1: float | None
    top5: float | None
    macs: int | None
    params: int | None
    note: str

    @property
    def figures(self) -> dict[str, int]:
        """The published costs by quantity, `macs` and `params`."""
        costs = {"macs": self.macs, "params": self.params}
        return {quantity: value for quantity, value in costs.items() if value is not None}

    @property
    def reference(self) -> str:
        """The source of the accuracy with its protocol."""
        return f"{self.source}, {self.protocol or 'protocol not known'}"

    @property
    def rule(self) -> CountingRule:
        """How the source counts. Raises `SuiteError` for a source without a rule."""
        for start, rule in COUNTING_RULES.items():
            if self.source.startswith(start):
                return rule
        raise SuiteError(f"{self.source}: has no counting rule: add it to COUNTING_RULES")


def load_published() -> tuple[PublishedRow, ...]:
    """Every published row, in the order of the file.

    Raises `SuiteError` for a family and backbone without a network.
    """
    with FILE.open(encoding="utf-8", newline="") as file:
        return tuple(map(_row, csv.DictReader(file)))


def _row(cells: dict[str, str]) -> PublishedRow:
    family = cells["family"], cells["backbone"]
    if family not in NETWORKS:
        raise SuiteError(
            f"{FILE.name}: {' with '.join(family)} is not a network: add it to NETWORKS"
        )
    network, options = NETWORKS[family]
    if cells["temporal_pooling"] != NO_POOLING:
        options = options | {"temporal_pooling": cells["temporal_pooling"]}
    return PublishedRow(
        source=cells["source"],
        dataset=cells["dataset"],
        num_classes=int(cells["num_classes"]),
        network=network,
        options=tuple(sorted(options.items())),
        depth=_count(cells["depth"]),
        frames=int(cells["frames"]),
        input_size=int(cells["input_size"]),
        protocol=_protocol(cells),
        top1=float(cells["top1"]) if cells["top1"] else None,
        top5=float(cells["top5"]) if cells["top5"] else None,
        macs=_count(cells["macs"]),
        params=_count(cells["params"]),
        note=cells["note"],
    )


def _protocol(cells: dict[str, str]) -> Protocol | None:
    clips, crops, size = (_count(cells[name]) for name in ("clips", "crops", "test_size"))
    if clips is None or crops is None or size is None:
        return None
    return Protocol(clips, crops, size, cells["sampling"])


def _count(cell: str) -> int | None:
    return int(cell) if cell else None
