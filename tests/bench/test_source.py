from pathlib import Path

import pytest

from bench import source


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    files = {
        "models/__init__.py": "",
        "models/parts.py": "import torch\n",
        "models/one.py": "from models import parts\nfrom models.parts import torch\n",
        "models/other.py": "import json\n",
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    monkeypatch.setattr(source, "ROOT", tmp_path)
    return tmp_path


def version(module: str) -> str:
    source.code_version.cache_clear()
    source._own_imports.cache_clear()
    return source.code_version(module)


@pytest.mark.parametrize(
    ("changed", "affected"), [("parts", True), ("one", True), ("other", False)]
)
def test_a_version_changes_with_the_file_and_what_it_imports(
    tree: Path, changed: str, affected: bool
) -> None:
    before = version("models.one")
    assert version("models.one") == before
    with (tree / f"models/{changed}.py").open("a") as file:
        file.write("x = 1\n")
    assert (version("models.one") != before) is affected


def test_functions_join_a_version() -> None:
    plain = version("bench.params")
    assert source.code_version("bench.params") == plain
    assert source.code_version("bench.params", functions=(version,)) != plain


def test_networks_of_other_files_have_other_versions() -> None:
    names = ["models.tsn", "models.tam", "models.blvnet", "models.blvnet_tam", "models.i3d_resnet"]
    source.code_version.cache_clear()
    source._own_imports.cache_clear()
    assert len({source.code_version(name) for name in names}) == len(names)
