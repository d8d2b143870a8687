"""Peak training memory that a public model zoo measured on real GPUs, to compare simulations with.

Source: the `source` column. Measured by `torch.cuda.max_memory_allocated`, in fp32, with SGD and
momentum, on frames of 224 x 224; batch and frames are those of one GPU.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).with_suffix(".csv")


@dataclass(frozen=True)
class GpuPeak:
    """One published figure, in MiB."""

    source: str
    network: str
    depth: int
    batch: int
    frames: int
    num_classes: int
    peak_mib: int


def load_gpu_peaks() -> list[GpuPeak]:
    """Every published peak."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return [
            GpuPeak(
                source=row["source"],
                network=row["family"],
                depth=int(row["depth"]),
                batch=int(row["batch"]),
                frames=int(row["frames"]),
                num_classes=int(row["num_classes"]),
                peak_mib=int(row["peak_mib"]),
            )
            for row in csv.DictReader(file)
        ]
