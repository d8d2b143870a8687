"""The commands in a folder whose packages have the names of ours, as an install and as a wheel."""

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("bench", "models", "reports", "suites")
NETWORK = """
from torch import nn
from models.layers import head

class Net(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.head = head(num_classes)

    def forward(self, clip):
        from models.layers import NAME
        import reports, suites
        assert (NAME, reports.NAME, suites.NAME) == ("bench", "reports", "suites")
        return self.head(clip.mean((2, 3, 4)))

def build(num_classes):
    return Net(num_classes)
"""
LAYERS = """
from bench import NAME
from torch import nn

def head(classes):
    return nn.Linear(3, classes)
"""
SUITE = """
title = "t"
description = "d"
[[sweep]]
networks = ["tsn"]
depths = [18]
frames = [2, 4]
input_size = 64
quantities = ["macs", "memory"]
"""
SHIPPED = ("blvbench.py", "suites/claims.toml", "reports/assets/report.css")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository of somebody else."""
    for name in PACKAGES:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(f"NAME = {name!r}")
    (tmp_path / "models" / "layers.py").write_text(LAYERS)
    (tmp_path / "net.py").write_text(NETWORK)
    (tmp_path / "suite.toml").write_text(SUITE)
    return tmp_path


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    build = "from hatchling.build import build_wheel; import sys; build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", build, str(folder)], cwd=ROOT, check=True)
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="session")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel, and the libraries of this one, without this checkout."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    libraries = sysconfig.get_path("purelib")
    # A path alone: the .pth files of that folder, such as this checkout's, are not read.
    (site / "libraries.pth").write_text(libraries)
    return folder


def test_the_wheel_has_what_is_needed(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert set(SHIPPED) <= set(names)
    assert any(name.endswith("/LICENSE") for name in names)
    assert not [name for name in names if name.startswith(("tests/", "docs/"))]


@pytest.mark.parametrize("installed", ["editable", "wheel"])
def test_the_commands_run_beside_packages_of_the_same_names(
    folder: Path, installed: str, request: pytest.FixtureRequest
) -> None:
    python = Path(sys.executable)
    if installed == "wheel":
        python = request.getfixturevalue("environment") / "bin" / "python"
    by_script = [str(python), "-c", "import sys; from blvbench import main; sys.exit(main())"]
    by_module = [str(python), "-m", "blvbench"]

    def run(command: list[str], *arguments: str) -> str:
        return subprocess.run(
            [*command, *arguments],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": "."},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    where = run([str(python), "-c", "import blvbench; print(blvbench.ROOT)"]).strip()
    assert (Path(where) == ROOT) is (installed == "editable")
    assert "blvnet_tam" in run(by_script, "models")
    measured = run(by_script, "measure", "--model", "net.py:build", "--num-classes", "5")
    assert "net.py:build" in measured
    stores = [("suite.toml", "--jobs", "2"), ("suite.toml", "--executor", "submitit-local")]
    for number, options in enumerate(stores):
        printed = run(by_module, "run", *options, "--store", f"{number}.sqlite")
        assert "4 measured, 0 found in the store, 0 failed" in printed
