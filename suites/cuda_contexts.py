"""What a process takes of a GPU besides PyTorch's memory: the CUDA context, as people printed it.

Source: the `source` column. A context holds the driver's state and the kernels that are loaded.
Since PyTorch 1.13 kernels are loaded as they are used (`lazy`), before that `all` at once. What a
network's step loads is not printed anywhere, so the allowance is a range: from the smallest context
to the largest, which has all kernels. No source gives more than one figure for an architecture.
"""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_suffix(".csv")


@dataclass(frozen=True)
class CudaContext:
    """One printed figure, in bytes, without the segment of a tensor that it was printed with.

    `architecture` is "" where the source names no GPU.
    """

    source: str
    architecture: str
    size_bytes: int


@cache
def load_contexts() -> tuple[CudaContext, ...]:
    """Every printed context."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return tuple(
            CudaContext(
                source=row["source"],
                architecture=row["architecture"],
                size_bytes=int(row["printed_bytes"]) - int(row["segment_bytes"]),
            )
            for row in csv.DictReader(file)
        )


def context_allowance() -> tuple[int, int]:
    """The smallest and the largest printed context, in bytes."""
    sizes = [context.size_bytes for context in load_contexts()]
    return min(sizes), max(sizes)


def process_range(reserved_bytes: float) -> tuple[float, float]:
    """What a process takes of a GPU that has reserved so many bytes: the least and the most."""
    least, most = context_allowance()
    return reserved_bytes + least, reserved_bytes + most
