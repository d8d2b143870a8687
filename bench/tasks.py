"""Tasks: one quantity of one point by one instrument, with the identity it is stored under."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from itertools import product

import models
from bench import environment
from bench.errors import BenchError
from bench.instruments import Instrument, Reading, build, find_instrument
from bench.records import CodeVersion, Measurement, Point, Status
from bench.source import code_version
from models import NetworkError
from suites import Suite, Sweep


@dataclass(frozen=True)
class Task:
    """Something to measure. `point` is canonical: what the instrument ignores is at its default."""

    point: Point
    instrument: Instrument

    @cached_property
    def code(self) -> CodeVersion:
        """The versions of the source that the figure comes from."""
        network = models.get_network(self.point.network)
        return CodeVersion(
            network=code_version(network.module),
            instrument=code_version(self.instrument.module, self.instrument.read, build),
        )

    @cached_property
    def identity(self) -> str:
        """A hash of all that could change the figure: equal identities give equal figures."""
        libraries = {
            name: environment.installed_version(name) for name in self.instrument.libraries
        }
        content = {
            "point": self.point.model_dump(),
            "instrument": [self.instrument.quantity, self.instrument.name],
            "code": self.code.model_dump(),
            "libraries": libraries,
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def measure(self) -> Measurement:
        """Run the instrument; its failure is a measurement too, with the reason."""
        try:
            reading = self.instrument.read(self.point)
        except Exception as error:  # whatever a network raises is the result of this point alone
            reason = f"{type(error).__name__}: {error}".partition("\n")[0]
            return self._record("failed", Reading(()), reason)
        return self._record("ok", reading)

    def _record(self, status: Status, reading: Reading, reason: str = "") -> Measurement:
        return Measurement(
            quantity=self.instrument.quantity,
            instrument=self.instrument.name,
            status=status,
            unit=self.instrument.unit,
            samples=reading.samples,
            reason=reason,
            point=self.point,
            details=reading.details,
            warnings=reading.warnings,
            code=self.code,
            environment=environment.current(),
            measured_at=datetime.now(UTC).isoformat(timespec="seconds"),
        )


def task(point: Point, quantity: str) -> Task:
    """The task of a quantity, `macs` or `macs:fvcore`, at a point.

    Raises `NetworkError` or `BenchError` for a point or a quantity that cannot be measured.
    """
    models.get_network(point.network).check(
        frames=point.frames, depth=point.depth, options=dict(point.options)
    )
    instrument = find_instrument(quantity)
    return Task(instrument.canonical(point), instrument)


def suite_tasks(suite: Suite, name: str) -> list[Task]:
    """Every task of a suite once, in the suite's order.

    Raises `BenchError` with the suite's `name` and the sweep for what cannot be measured.
    """
    tasks: dict[str, Task] = {}
    for number, sweep in enumerate(suite.sweep, start=1):
        try:
            tasks |= {t.identity: t for t in _sweep_tasks(sweep)}
        except (BenchError, NetworkError) as error:
            raise BenchError(f"{name}: sweep.{number}: {error}") from error
    return list(tasks.values())


def _sweep_tasks(sweep: Sweep) -> Iterator[Task]:
    for point, quantity in product(_points(sweep), sweep.quantities):
        yield task(point, quantity)


def _points(sweep: Sweep) -> Iterable[Point]:
    axes = (sweep.networks, sweep.depths, sweep.frames, sweep.batches, sweep.modes)
    for network, depth, frames, batch, mode in product(*axes):
        yield Point(
            network=network,
            depth=depth,
            frames=frames,
            batch=batch,
            mode=mode,
            input_size=sweep.input_size,
            num_classes=sweep.num_classes,
            options=tuple(sorted(sweep.options.items())),
        )
