"""Networks that people choose among today, as their authors or a model zoo print them.

Each row of `networks.csv` names its source. The row of a network that can be built has its name in
the registry, and how the source counts; the row of another says why it is not built.
"""

import csv
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Literal

from suites.counting import MEASURED_NORM, CountingRule
from suites.protocol import Protocol
from suites.published_row import PublishedRow
from suites.toml import parse_options

FILE = Path(__file__).with_suffix(".csv")
CLASSES = {"kinetics-400": 400, "kinetics-600": 600, "something-something-v2": 174}
GIGA, MEGA = 9, 6  # powers of ten of the printed figures
ALL_VIEWS = "all views"

Scope = Literal["view", "all views", "video", ""]


@dataclass(frozen=True)
class PrintedNetwork:
    """A network as printed; `row` is None if it is not built here, and `not_built` says why.

    `gflops` (multiply-accumulates) and `params_m` (millions) are as printed, "" if they are not.
    `flops_of` says what the GFLOPs are of: one view, all views of a video, or a video that is one
    view. `protocol` is None if clips, crops or pixels are not known.
    """

    source: str
    name: str
    frames_x_stride: str
    dataset: str
    top1: float
    protocol: Protocol | None
    pretraining: str
    gflops: str
    flops_of: Scope
    params_m: str
    row: PublishedRow | None
    not_built: str
    note: str

    @property
    def num_classes(self) -> int:
        """The number of classes of the data set."""
        return CLASSES[self.dataset]

    @property
    def printed_video_macs(self) -> float | None:
        """The MACs of all views of a video by the printed figure; None if it is not known."""
        if not self.gflops or (self.flops_of == "view" and not self.protocol):
            return None
        views = self.protocol.views if self.flops_of == "view" and self.protocol else 1
        return float(self.gflops) * 10**GIGA * views


@cache
def load_networks() -> tuple[PrintedNetwork, ...]:
    """Every row of the file, in its order."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return tuple(map(_network, csv.DictReader(file)))


def _network(cells: dict[str, str]) -> PrintedNetwork:
    test = [cells[name] for name in ("clips", "crops", "test_size")]
    clips, crops, size = (int(cell or 0) for cell in test)
    protocol = Protocol(clips, crops, size, cells["sampling"]) if all(test) else None
    return PrintedNetwork(
        source=cells["source"],
        name=cells["name"],
        frames_x_stride=cells["frames_x_stride"],
        dataset=cells["dataset"],
        top1=float(cells["top1"]),
        protocol=protocol,
        pretraining=cells["pretrain"],
        gflops=cells["gflops"],
        flops_of=cells["flops_of"],  # type: ignore[arg-type]
        params_m=cells["params_m"],
        row=_row(cells, protocol) if cells["network"] else None,
        not_built=cells["not_built"],
        note=cells["note"],
    )


def _row(cells: dict[str, str], protocol: Protocol | None) -> PublishedRow:
    macs, params = _figure(cells["gflops"], GIGA), _figure(cells["params_m"], MEGA)
    printed = {"macs": macs, "params": params}
    return PublishedRow(
        source=cells["source"],
        dataset=cells["dataset"],
        num_classes=CLASSES[cells["dataset"]],
        network=cells["network"],
        options=parse_options(cells["options"]),
        depth=int(cells["depth"]) if cells["depth"] else None,
        frames=int(cells["frames"]),
        input_size=int(cells["test_size"]),
        protocol=protocol,
        top1=float(cells["top1"]),
        top5=None,
        macs=macs[0] if macs else None,
        params=params[0] if params else None,
        note=cells["note"],
        pretraining=cells["pretrain"],
        own_rule=_rule(cells, protocol),
        units=tuple((name, figure[1]) for name, figure in printed.items() if figure),
    )


def _figure(text: str, power: int) -> tuple[int, int] | None:
    """A printed figure, and the value of its last digit."""
    if not text:
        return None
    number = Decimal(text)
    exponent = int(number.as_tuple().exponent)
    return int(number.scaleb(power)), 10 ** (exponent + power)


def _rule(cells: dict[str, str], protocol: Protocol | None) -> CountingRule:
    """How the source counts this row: what the counters of zoos add to MACs, and leave out."""
    norm, head = int(cells["norm_operations"] or 0), float(cells["head_positions"] or 1)
    parts = ["convolutions, linear layers and matrix products"]
    if norm:
        parts.append(f"{norm} operations for each element of a norm")
    if head != 1:
        parts.append(f"linear layers counted {head:g} times")
    if cells["flops_of"] == ALL_VIEWS:
        parts.append("for all views of a video")
    if cells["params_of"]:
        parts.append(f"the parameters of {cells['params_of']} alone")
    return CountingRule(
        operators=("conv", "linear", "matmul", *(["norm"] if norm else [])),
        roundings=(),
        reason=f"Counted, as printed digits agree: {', '.join(parts)}.",
        views=protocol.views if protocol and cells["flops_of"] == ALL_VIEWS else 1,
        norm_operations=norm or MEASURED_NORM,
        head_positions=head,
        params_of=cells["params_of"],
    )
