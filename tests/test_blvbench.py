"""The command's module: its packages come first, and its functions import what they need."""

import inspect
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import get_type_hints

import pytest
import torch
from torch import nn

import blvbench
import models
from bench.errors import BenchError
from bench.records.store import Store
from tests.records import measurement, point

CLIP = (1, 3, 4, 64, 64)
HEAVY = {"bench", "matplotlib", "numpy", "pandas", "pydantic", "torch"}


def run_python(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run `code` in a folder, whose modules come first on `sys.path`."""
    return subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with packages of our names."""
    for name in blvbench.PACKAGES:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
    return tmp_path


def test_our_packages_come_before_those_of_the_folder(folder: Path) -> None:
    names = ", ".join(blvbench.PACKAGES)
    show = f"print(*(module.__file__ for module in ({names})), sep='\\n')"
    printed = run_python(f"import blvbench, {names}; {show}", folder).stdout.splitlines()
    assert printed == [str(blvbench.ROOT / name / "__init__.py") for name in blvbench.PACKAGES]


def test_the_import_is_light(tmp_path: Path) -> None:
    code = f"import sys, blvbench; print(sorted(sys.modules.keys() & {HEAVY!r}))"
    assert run_python(code, tmp_path).stdout == "[]\n"


@pytest.mark.parametrize("package", ["bench", "models"])
@pytest.mark.parametrize("then", ["import blvbench", "blvbench.list_models()"])
def test_a_package_of_others_is_refused_in_one_line(folder: Path, package: str, then: str) -> None:
    first = "" if then.startswith("import") else "import blvbench, sys; sys.meta_path.pop(0); "
    result = run_python(f"{first}import {package}; {then}", folder)
    last = result.stderr.splitlines()[-1]
    assert f"{folder / package} was imported as '{package}'" in last
    assert "blvbench measure --model FILE.py:FACTORY" in last


def test_a_module_without_a_place_is_refused_too(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("models")
    monkeypatch.setitem(sys.modules, "models", module)
    with pytest.raises(ImportError, match="was imported as 'models'"):
        blvbench.list_models()


def test_every_function_says_what_it_takes_and_returns() -> None:
    from bench.instruments.latency import LatencySamples
    from bench.instruments.macs import MacCount
    from bench.instruments.memory import PeakMemory
    from models.checkpoint import Classifier
    from suites.fields import Mode, Precision

    names = {
        "Classifier": Classifier,
        "LatencySamples": LatencySamples,
        "LoadReport": models.LoadReport,
        "MacCount": MacCount,
        "Mode": Mode,
        "PeakMemory": PeakMemory,
        "Precision": Precision,
        "Store": Store,
        "Tensor": torch.Tensor,
        "nn": nn,
    }
    for name in blvbench.__all__:
        function = getattr(blvbench, name)
        hints = get_type_hints(function, localns=names)
        assert hints.keys() == {*inspect.signature(function).parameters, "return"}
        assert inspect.getdoc(function)


def make_tiny() -> nn.Module:
    return nn.Sequential(nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(3, 5))


def test_networks_are_listed_built_and_loaded(tmp_path: Path) -> None:
    assert blvbench.list_models() == models.list_models()
    model = blvbench.create_model("tsn", num_classes=5, frames=4, depth=18, width=0.25)
    assert model(torch.zeros(CLIP)).shape == (1, 5)
    models.save_checkpoint(model, tmp_path / "w.safetensors")
    assert blvbench.load_checkpoint(model, tmp_path / "w.safetensors").is_complete


def test_costs_are_counted_simulated_and_timed() -> None:
    model = make_tiny()
    assert blvbench.count_macs(model, CLIP).total == 3 * 5
    peak = blvbench.simulate_memory(make_tiny, CLIP, mode="infer")
    assert peak.by_kind["parameters"] == 2 * 512
    samples = blvbench.measure_latency(model, torch.zeros(CLIP))
    assert min(samples.seconds) > 0


def test_a_store_is_opened_for_reading(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with pytest.raises(BenchError, match="there is no store"):
        blvbench.open_store(path)
    with Store(path, create=True) as store:
        store.put("id", measurement(point()))
    with blvbench.open_store(str(path)) as store:
        assert store.measurements() == [measurement(point())]
        assert store.frame()["network"].tolist() == ["tsn"]
        with pytest.raises(BenchError):
            store.put("other", measurement(point()))


def test_the_command_has_the_report_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert blvbench.main([]) == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in blvbench.command_table())
    assert "report" in blvbench.command_table()


def test_a_job_measures_its_pack(monkeypatch: pytest.MonkeyPatch) -> None:
    from bench.runs.cluster import job

    packs: list[str] = []
    monkeypatch.setattr(job, "work", packs.append)
    blvbench.run_job("1.json")
    assert packs == ["1.json"]
