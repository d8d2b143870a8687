"""Tasks: one quantity of one point by one instrument, and the identity of its result."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from itertools import product
from typing import Any

import models
from bench.errors import BenchError, UnsupportedError
from bench.instruments import instrument_version, read
from bench.instruments.reading import Reading
from bench.instruments.reference import reference_of
from bench.machine import environment
from bench.machine.device_errors import is_device_loss, is_shortage, shortage_text
from bench.records.catalogue import Instrument, find_instrument
from bench.records.measurement import CodeVersion, Measurement, Status
from bench.records.point import Point
from bench.records.record import Scalar
from bench.workload.networks import (
    configure,
    explain,
    explain_refusal,
    needs_values,
    network_libraries,
    network_notes,
    network_version,
)
from models import MissingLibraryError, NetworkError
from models.user_file import contained
from suites import PublishedSweep, Suite, Sweep

# Instruments that run every network on tensors without contents.
CONTENTLESS = ("memory:simulated", "traffic:operators")


@dataclass(frozen=True)
class Task:
    """One thing to measure. `point` has defaults in the fields that the instrument ignores.

    `pool` names the machines that will measure it, such as a partition of a cluster; "" is this
    machine. It stands for the machine in the identity, since a job learns only later where it runs.
    """

    point: Point
    instrument: Instrument
    pool: str = ""

    @cached_property
    def code(self) -> CodeVersion:
        """The versions of the source code that the figure will come from."""
        return CodeVersion(
            network=network_version(self.point),
            instrument=instrument_version(self.instrument),
        )

    @cached_property
    def identity(self) -> str:
        """A hash of everything that could change the figure."""
        libraries = {
            name: environment.installed_version(name)
            for name in (*self.instrument.libraries, *network_libraries(self.point))
        }
        content: dict[str, Any] = {
            "point": self.point.model_dump(),
            "instrument": [self.instrument.quantity, self.instrument.name],
            "code": self.code.model_dump(),
            "libraries": libraries,
        }
        if self.instrument.device:
            here = {"processor", "cores", "memory_bytes", "accelerator"}
            content["machine"] = self.pool or environment.current_environment(
                self.instrument.device
            ).model_dump(include=here)
            reference = reference_of(self.instrument.quantity, self.point)
            content["reference"] = network_version(reference) if reference else ""
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def identity_with(self, settings: Mapping[str, Scalar]) -> str:
        """The identity of a result that also depends on `settings`, such as the weights."""
        content = json.dumps([self.identity, settings], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()

    def measure(self) -> Measurement:
        """Run the instrument; a failure is a measurement with its reason.

        Output of the network goes to stderr, and torch's global state is restored.
        """
        try:
            notes = network_notes(self.point)
            with contained():
                reading = read(self.instrument, self.point)
        except (UnsupportedError, MissingLibraryError) as error:
            return self.without_figure("unsupported", str(error))
        except (Exception, SystemExit) as error:  # other points go on
            if is_shortage(error):
                return self.without_figure("oom", shortage_text(error))
            if is_device_loss(error):
                return self.without_figure("lost", shortage_text(error))
            if refusal := explain_refusal(self.point, error):
                return self.without_figure("unsupported", refusal)
            status: Status = "unsupported" if self._is_limited() else "failed"
            return self.without_figure(status, explain(self.point, error))
        return self.record(replace(reading, warnings=(*reading.warnings, *notes)))

    def _is_limited(self) -> bool:
        """Whether this instrument cannot measure every network that runs, such as this one."""
        return self.instrument.label in CONTENTLESS and needs_values(self.point)

    def has_lost_device(self, found: Measurement) -> bool:
        """Whether the device existed when this process began, but was gone when the task ran."""
        here = environment.current_environment(self.instrument.device)
        is_gone = here.accelerator and not found.environment.accelerator
        return bool(is_gone) and found.status == "unsupported"

    def without_figure(self, status: Status, reason: str) -> Measurement:
        """The measurement where there is only a status and a reason."""
        return self.record(Reading(()), status, reason)

    def record(self, reading: Reading, status: Status = "ok", reason: str = "") -> Measurement:
        """The measurement of this task with `reading`."""
        return Measurement(
            quantity=self.instrument.quantity,
            instrument=self.instrument.name,
            status=status,
            unit=self.instrument.unit,
            samples=reading.samples,
            reference=reading.reference,
            reason=reason,
            point=self.point,
            details=reading.details,
            settings=reading.settings,
            warnings=reading.warnings,
            code=self.code,
            environment=environment.current_environment(self.instrument.device),
            measured_at=datetime.now(UTC).isoformat(timespec="seconds"),
        )


def make_task(point: Point, quantity: str, pool: str = "") -> Task:
    """The task of a quantity, such as `macs` or `macs:fvcore`, at a point.

    A missing depth becomes the network's default. Raises `NetworkError` or `BenchError` for a point
    or a quantity that cannot be measured.
    """
    instrument = find_instrument(quantity)
    return Task(configure(instrument.canonical(point)), instrument, pool)


def make_suite_tasks(
    suite: Suite, name: str, files: Sequence[str] = (), pool: str = ""
) -> list[Task]:
    """Every task of a suite once, in the suite's order.

    Each sweep over lists also measures the networks in `files`, `path/to/file.py:factory`. Raises
    `BenchError` with the suite's `name` and the sweep for points that cannot be measured.
    """
    if files and not suite.sweep:
        raise BenchError(f"{name}: has only networks of published rows: leave out --model")
    sweeps: dict[str, tuple[Sweep | PublishedSweep, Iterator[Point]]] = {
        **{f"sweep.{n}": (one, _points(one, files)) for n, one in enumerate(suite.sweep, 1)},
        **{f"published.{n}": (one, _row_points(one)) for n, one in enumerate(suite.published, 1)},
    }
    tasks: dict[str, Task] = {}
    for place, (sweep, points) in sweeps.items():
        try:
            made = [make_task(point, q, pool) for point, q in product(points, sweep.quantities)]
        except (BenchError, NetworkError) as error:
            raise BenchError(f"{name}: {place}: {error}") from error
        tasks |= {task.identity: task for task in made}
    return list(tasks.values())


def _row_points(sweep: PublishedSweep) -> Iterator[Point]:
    for (row, input_size), batch, mode in product(sweep.rows, sweep.batches, sweep.modes):
        yield Point(
            network=row.network,
            depth=row.depth,
            options=row.options,
            frames=row.frames,
            batch=batch,
            mode=mode,
            input_size=input_size,
            num_classes=row.num_classes,
        )


def _points(sweep: Sweep, files: Sequence[str]) -> Iterator[Point]:
    for network in sweep.networks:
        models.get_network(network)  # only registered names: a suite must not run code of a file
    own = product(sweep.networks, sweep.depth_choices, sweep.option_sets)
    variants = [*own, *((file, None, {}) for file in files)]
    sizes = product(sweep.class_counts, sweep.frames, sweep.batches, sweep.modes)
    ways = product(sweep.precisions, sweep.executions, sweep.memory_formats, sweep.steps)
    for (network, depth, options), size, way, seed in product(variants, sizes, ways, sweep.seeds):
        num_classes, frames, batch, mode = size
        precision, execution, memory_format, step = way
        yield Point(
            network=network,
            depth=depth,
            frames=frames,
            batch=batch,
            mode=mode,
            input_size=sweep.input_size,
            num_classes=num_classes,
            precision=precision,
            execution=execution,
            memory_format=memory_format,
            step=step,
            options=tuple(sorted(options.items())),
            dataset=sweep.dataset,
            seed=seed,
        )
