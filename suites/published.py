"""Published results of the authors: accuracies, MACs and parameters, as printed.

Each row names its source: repository, commit and file. The rows of `networks.csv` are read by
`suites.networks`; those whose network can be built are among the published rows.
"""

import csv
from functools import cache
from pathlib import Path

from suites.errors import SuiteError
from suites.networks import load_networks
from suites.protocol import Protocol
from suites.published_row import PublishedRow
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


# What networks were pretrained on, by the beginning of the name of the source.
PRETRAINING = {
    "IBM/bLVNet-TAM@": "IN1k",  # its README trains from bLResNets of ImageNet
    "mit-han-lab/temporal-shift-module@": "IN1k",  # its README trains from ImageNet on both
    "open-mmlab/mmaction2@": "IN1k",  # its configurations are called imagenet-pretrained
}


def load_published() -> tuple[PublishedRow, ...]:
    """Every row of the file in its order, then the networks of today that can be built.

    Raises `SuiteError` for a family and backbone without a network.
    """
    return (*_read(FILE), *(one.row for one in load_networks() if one.row))


@cache
def _read(path: Path) -> tuple[PublishedRow, ...]:
    with path.open(encoding="utf-8", newline="") as file:
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
        pretraining=next(
            (PRETRAINING[s] for s in PRETRAINING if cells["source"].startswith(s)), ""
        ),
    )


def _protocol(cells: dict[str, str]) -> Protocol | None:
    clips, crops, size = (_count(cells[name]) for name in ("clips", "crops", "test_size"))
    if clips is None or crops is None or size is None:
        return None
    return Protocol(clips, crops, size, cells["sampling"])


def _count(cell: str) -> int | None:
    return int(cell) if cell else None
