"""The machines, each with the versions of Python and the packages that it measured with."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.records.measurement import Environment, Measurement
from bench.wording import count_text


@dataclass(frozen=True)
class MachineEntry:
    """The description of a machine, and the versions of Python and the packages, by name.

    Several versions of one package are listed in one text.
    """

    description: str
    versions: tuple[tuple[str, str], ...]


def build_environments(measurements: Sequence[Measurement]) -> tuple[MachineEntry, ...]:
    """An entry for each machine, sorted by name."""
    by_machine: dict[str, list[Environment]] = {}
    for m in measurements:
        seen = by_machine.setdefault(m.environment.machine, [])
        if m.environment not in seen:
            seen.append(m.environment)
    return tuple(_entry(environments) for _, environments in sorted(by_machine.items()))


def _entry(environments: Sequence[Environment]) -> MachineEntry:
    versions: dict[str, set[str]] = {}
    for environment in environments:
        for name, version in (("Python", environment.python), *environment.packages.items()):
            versions.setdefault(name, set()).add(version)
    return MachineEntry(
        "; ".join(sorted({_describe(environment) for environment in environments})),
        tuple((name, ", ".join(sorted(texts))) for name, texts in versions.items()),
    )


def _describe(environment: Environment) -> str:
    host = (
        f"{environment.processor}, {count_text(environment.cores, 'core')}, "
        f"{environment.memory_bytes / 2**30:.1f} GiB, {environment.system}"
    )
    return f"{environment.machine}, with {host}" if environment.accelerator else host
