"""Peak training memory that a public model zoo measured on real GPUs, to compare simulations with.

Source: the `source` column, which names repository, commit and file. Measured by
`torch.cuda.max_memory_allocated`; batch and frames are those of one GPU.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

from suites.fields import Precision
from suites.step import StepOptions
from suites.toml import Option, parse_options

FILE = Path(__file__).with_suffix(".csv")


@dataclass(frozen=True)
class GpuPeak:
    """One published figure, in MiB, and the training step of its source.

    `config` is the source's name of the run, `pytorch` the generation of the zoo: 0.x is of 2020
    and 2021, 1.x of 2022 and 2023. A row that contradicts another is `contradicted_by` its config.
    A row that cannot be simulated yet `waits_for` something.
    """

    source: str
    config: str
    network: str
    variant: str
    options: tuple[tuple[str, Option], ...]
    depth: int | None
    batch: int
    frames: int
    num_classes: int
    input_size: int
    precision: Precision
    step: StepOptions
    pytorch: str
    peak_mib: int
    contradicted_by: str
    waits_for: str
    note: str


def load_gpu_peaks() -> list[GpuPeak]:
    """Every published peak."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return [_peak(row) for row in csv.DictReader(file)]


def _peak(row: dict[str, str]) -> GpuPeak:
    texts = ("source", "config", "network", "variant", "pytorch")
    remarks = ("contradicted_by", "waits_for", "note")
    counts = ("batch", "frames", "num_classes", "input_size", "peak_mib")
    step = ("optimizer", "gradients", "parallel")
    fields: dict[str, object] = {name: row[name] for name in (*texts, "precision", *remarks)}
    fields |= {name: int(row[name]) for name in counts}
    fields["depth"] = int(row["depth"]) if row["depth"] else None
    fields["options"] = parse_options(row["options"])
    fields["step"] = StepOptions.model_validate({name: row[name] for name in step})
    return GpuPeak(**fields)  # type: ignore[arg-type]  # a test checks the types
