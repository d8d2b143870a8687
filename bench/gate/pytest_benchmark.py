"""Files that pytest-benchmark writes with `--benchmark-json`: an entry for each benchmark."""

from pathlib import Path
from typing import Any

from bench.errors import BenchError
from bench.gate.entry import BENCHMARK, Entry
from bench.json_file import explain

KEY = "benchmarks"  # no other file has this key
INSTRUMENT = "pytest"
ADVICE = "write it with pytest --benchmark-json=FILE"


def parse(path: Path, content: dict[str, Any]) -> list[Entry]:
    """The entries of the `content` of a file, named after the tests; samples are seconds a call.

    Raises `BenchError` with the file and the benchmark.
    """
    benchmarks = content.get(KEY)
    if not isinstance(benchmarks, list):
        raise BenchError(f"{path}: {KEY}: is not a list: {ADVICE}")
    conditions = _conditions(content)
    found: dict[str, Entry] = {}
    for number, data in enumerate(benchmarks, start=1):
        entry = _entry(path, number, data, conditions)
        if entry.benchmark in found:
            raise BenchError(
                f"{path}: benchmark {number}: {entry.benchmark:.120} is a duplicate: {ADVICE}"
            )
        found[entry.benchmark] = entry
    return list(found.values())


def _entry(path: Path, number: int, data: Any, conditions: dict[str, str]) -> Entry:
    try:
        samples = data["stats"].get("data")
        if not samples:
            raise BenchError("has no raw samples")
        return Entry(
            quantity=BENCHMARK,
            instrument=INSTRUMENT,
            unit="seconds",
            benchmark=data["fullname"],
            samples=tuple(samples),
            conditions=conditions,
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        what = f"lacks {error}" if isinstance(error, KeyError) else explain(error)
        raise BenchError(f"{path}: benchmark {number}: {what}: {ADVICE}") from error


def _conditions(content: dict[str, Any]) -> dict[str, str]:
    """The machine and the Python that ran the benchmarks, as far as the file names them."""
    machine = content.get("machine_info")
    machine = machine if isinstance(machine, dict) else {}
    cpu = machine.get("cpu")
    cpu = cpu if isinstance(cpu, dict) else {}
    found = {
        "machine": cpu.get("brand_raw") or machine.get("processor") or machine.get("machine"),
        "cores": cpu.get("count"),
        "python": machine.get("python_version"),
    }
    return {name: str(value) for name, value in found.items() if value and _is_plain(value)}


def _is_plain(value: object) -> bool:
    return isinstance(value, int | str)
