from pathlib import Path

import pytest

import models
from bench import source
from bench.instruments import MODULES

PARTS = '''"""Parts."""
import torch


def half(x):
    """Half."""
    return x / 2
'''
FILES = {
    "models/__init__.py": "",
    "models/parts.py": PARTS,
    "models/one.py": "from models import parts\nfrom models.parts import torch\n",
    "models/other.py": "import json\n",
    "bench/__init__.py": "",
    "bench/text.py": "def markdown(text):\n    return text\n",
    "bench/instrument.py": "from bench.text import markdown\nfrom models.one import parts\n",
}


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    monkeypatch.setattr(source, "ROOT", tmp_path)
    return tmp_path


def version(module: str) -> str:
    for cached in (source.code_version, source._own_imports, source._code):
        cached.cache_clear()
    return source.code_version(module)


@pytest.mark.parametrize(
    ("changed", "affected"),
    [
        ("models/parts", True),
        ("models/one", True),
        ("models/other", False),
        ("bench/instrument", True),
        ("bench/text", False),  # what only writes
    ],
)
def test_a_version_changes_with_the_code_that_a_module_computes_with(
    tree: Path, changed: str, affected: bool
) -> None:
    before = version("bench.instrument")
    assert version("bench.instrument") == before
    with (tree / f"{changed}.py").open("a") as file:
        file.write("x = 1\n")
    assert (version("bench.instrument") != before) is affected


@pytest.mark.parametrize(
    ("old", "new", "affected"),
    [
        ("Half.", "A half.", False),
        ("Parts.", "Several parts.", False),
        ("import torch\n", "import torch  # a comment\n", False),
        ("x / 2", "(x / 2)", False),
        ("x / 2", "x / 3", True),
        ("x / 2", "x / 2.0", True),
        ("half(x)", "half(x=1)", True),
        ('"""Half."""', 'print("""Half.""")', True),
    ],
)
def test_docstrings_comments_and_formatting_do_not_change_it(
    tree: Path, old: str, new: str, affected: bool
) -> None:
    before = version("bench.instrument")
    file = tree / "models/parts.py"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new, 1))
    assert (version("bench.instrument") != before) is affected


def test_networks_of_other_files_have_other_versions() -> None:
    names = ["models.tsn", "models.tam", "models.blvnet", "models.blvnet_tam", "models.i3d_resnet"]
    assert len({version(name) for name in names}) == len(names)


def test_no_figure_depends_on_what_writes_stores_judges_or_prints() -> None:
    load_user_networks = {models.get_network(name).module for name in models.list_models()}
    rooms = ("claims", "choice", "gate", "runs", "commands")
    apart = ("bench.text", "bench.records.store", "bench.records.measurement", "models.checkpoint")
    for module in {*MODULES.values(), *load_user_networks}:
        closure = source._closure(module)
        assert not closure & set(apart)
        assert not [name for name in closure if name.split(".")[1] in rooms]


def test_an_instrument_depends_on_the_steps_and_clips_that_it_measures() -> None:
    closure = source._closure("bench.instruments.memory.simulated")
    assert {"bench.workload.steps", "bench.workload.clips", "models.shapes"} <= closure
    assert source._closure("bench.instruments.latency") > {"bench.workload.timers"}
