"""The house: rooms import only the rooms below them, and every module has its tests."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("bench", "models", "reports", "suites")

# From the bottom up: a module imports modules of its own room and of rooms before it.
ROOMS = (
    "models",
    "suites",
    "bench",  # the modules at its root: errors, text, wording, JSON files, fingerprints of source
    "bench.records",
    "bench.machine",
    "bench.workload",
    "bench.video",
    "bench.instruments",
    "bench.runs",
    "bench.claims",
    "bench.gate",
    "bench.choice",
    "bench.commands",
    "reports",
)
# Modules whose tests are in another file than their own mirror.
TESTED_ELSEWHERE = {
    "bench.instruments.reading": "tests/bench/instruments/test_instruments.py",
    "bench.video.data_set": "tests/bench/commands/options/test_videos.py",
    "models.operators.aggregation_triton": "tests/models/operators/test_triton.py",
    "models.operators.cuda": "tests/models/operators/test_triton.py",
    "models.operators.shift_triton": "tests/models/operators/test_triton.py",
    "models.operators.tile_triton": "tests/models/operators/test_triton.py",
}
# Rooms that judge records and need no instrument.
JUDGES = ("bench.claims", "bench.gate")


def own_modules() -> list[str]:
    """Every module of the project, without `__main__`, which is above the house."""
    paths = (path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    names = (".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths)
    return sorted(name.removesuffix(".__init__") for name in names if "__main__" not in name)


def source_of(module: str) -> Path:
    path = ROOT.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def imports_of(module: str) -> Iterator[str]:
    """The project's modules that a module imports, wherever in its source."""
    known = set(own_modules())
    for node in ast.walk(ast.parse(source_of(module).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module:
            members = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from ([one for one in members if one in known] or [node.module])


def room_of(module: str) -> str:
    """The innermost room that a module is in; "" for another package."""
    return max((r for r in ROOMS if f"{module}.".startswith(f"{r}.")), key=len, default="")


@pytest.mark.parametrize("module", own_modules())
def test_a_module_imports_only_rooms_below_its_own(module: str) -> None:
    room = room_of(module)
    rooms = {room_of(name) for name in imports_of(module)} - {""}
    assert {r for r in rooms if ROOMS.index(r) > ROOMS.index(room)} == set()


@pytest.mark.parametrize("room", JUDGES)
def test_verdicts_need_no_instrument_and_no_run(room: str) -> None:
    modules = [name for name in own_modules() if room_of(name) == room]
    used = {room_of(name) for module in modules for name in imports_of(module)}
    assert not used & {"bench.instruments", "bench.workload", "bench.runs", "bench.machine"}


def test_models_imports_nothing_of_the_others() -> None:
    for module in own_modules():
        if room_of(module) == "models":
            assert {room_of(name) for name in imports_of(module)} <= {"", "models"}


def mirror_of(module: str) -> Path:
    """The file of a module's tests: tests/bench/records/test_store.py for bench.records.store."""
    folder, name = source_of(module).relative_to(ROOT).parent, module.rpartition(".")[2]
    return Path(TESTED_ELSEWHERE.get(module, f"tests/{folder}/test_{name}.py"))


def test_every_module_has_its_mirror_under_tests() -> None:
    modules = [name for name in own_modules() if source_of(name).name != "__init__.py"]
    assert [name for name in modules if not (ROOT / mirror_of(name)).is_file()] == []
    assert set(TESTED_ELSEWHERE) <= set(modules)
