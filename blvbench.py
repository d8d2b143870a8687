"""The command `blvbench`, and the Python interface. A clip is N x C x T x H x W.

Import this module before the packages beside it. From then on, `import bench`, `models`, `reports`
and `suites` find these packages, whatever else on `sys.path` has such a name. The import takes
milliseconds: each function imports torch and the rest when it is called.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor, nn

    from bench.instruments.latency import LatencySamples
    from bench.instruments.macs import MacCount
    from bench.instruments.memory import PeakMemory
    from bench.records.store import Store
    from models import LoadReport
    from models.checkpoint import Classifier
    from suites.fields import Mode, Precision

__all__ = [
    "count_macs",
    "create_model",
    "list_models",
    "load_checkpoint",
    "measure_latency",
    "open_store",
    "simulate_memory",
]

ROOT = Path(__file__).resolve().parent
PACKAGES = {"bench", "models", "reports", "suites"}


class _OwnPackages:
    """Finds the packages beside this file, as a finder of `sys.meta_path`."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        return PathFinder.find_spec(name, [str(ROOT)]) if name in PACKAGES else None


def _check_packages() -> None:
    """Raise `ImportError` if another project's package has the name of one of ours."""
    for name in sys.modules.keys() & PACKAGES:
        module = sys.modules[name]
        places = [*getattr(module, "__path__", ()), getattr(module, "__file__", None) or "a module"]
        if Path(places[0]).resolve() != ROOT / name:
            raise ImportError(
                f"{places[0]} was imported as {name!r}, which is also a package of blvbench: "
                "use both in one process with 'blvbench measure --model FILE.py:FACTORY'"
            )


_check_packages()
sys.meta_path.insert(0, _OwnPackages)


def list_models() -> list[str]:
    """Return the names that `create_model` takes, sorted."""
    _check_packages()
    import models

    return models.list_models()


def create_model(
    name: str, *, num_classes: int, frames: int, depth: int | None = None, **options: Any
) -> "nn.Module":
    """Build a network that maps a clip, N x 3 x `frames` x H x W, to logits, N x `num_classes`.

    `depth` defaults to 50 if the network has depths. `blvbench models` lists the depths and the
    options. Raises `models.NetworkError` for an unknown name, depth or option, and for a number of
    frames or classes that the network cannot take.
    """
    _check_packages()
    import models

    return models.create_model(name, num_classes=num_classes, frames=frames, depth=depth, **options)


def load_checkpoint(
    model: "nn.Module", path: str | Path, *, classifier: "Classifier" = "load"
) -> "LoadReport":
    """Load a file of the weights of `model`, a network that `create_model` built.

    The file is one that blvbench saved or that the network's authors published; nothing in it is
    run. `classifier="replace"` keeps the network's own classifier. Raises `models.CheckpointError`,
    with the report as `report`, unless every weight of the file and of the network has its
    counterpart; the network then stays as it was.
    """
    _check_packages()
    import models

    return models.load_checkpoint(model, path, classifier=classifier)


def count_macs(model: "nn.Module", clip_shape: tuple[int, ...]) -> "MacCount":
    """Count the multiply-accumulates of one forward pass of `model` over a clip.

    `clip_shape` is (N, C, T, H, W); N = 1 gives the MACs of one clip. Nothing is computed, and
    `model` stays as it was. `total` of the result covers convolutions, linear layers and matrix
    products; `uncounted` lists the operators that no table has. Raises `bench.errors.BenchError`
    for another shape.
    """
    _check_packages()
    from bench.instruments.macs import count

    return count(model, clip_shape)


def simulate_memory(
    model_factory: "Callable[[], nn.Module]",
    clip_shape: tuple[int, ...],
    mode: "Mode" = "train",
    precision: "Precision" = "fp32",
    step: "Mapping[str, object] | None" = None,
) -> "PeakMemory":
    """Simulate the peak memory of one step of the network that `model_factory` builds, in bytes.

    `clip_shape` is (N, C, T, H, W). `mode` is "train" (forward, loss, backward, update) or "infer"
    (forward without gradients); `precision` is "fp32", "bf16" or "fp16". `step` has the options of
    `suites.step.StepOptions` that are not at their defaults: {"optimizer": "adamw", "parallel":
    "ddp"}. The result has `peak_bytes`, of tensors, and `reserved_bytes`, of PyTorch's CUDA
    allocator. It takes no GPU and computes nothing. Raises `bench.errors.BenchError` for another
    mode or shape and for training a network without parameters, `suites.errors.SuiteError` for
    another option.
    """
    _check_packages()
    from bench.instruments.memory import simulate
    from suites.step import StepOptions
    from suites.toml import read_section

    options = read_section(dict(step or {}), StepOptions, "step")
    return simulate(model_factory, clip_shape, mode, precision, options)


def measure_latency(
    model: "nn.Module",
    clip: "Tensor",
    mode: "Mode" = "infer",
    precision: "Precision" = "fp32",
    *,
    reference: "tuple[nn.Module, Tensor] | None" = None,
) -> "LatencySamples":
    """Time steps of `model` over `clip`, N x C x T x H x W, in seconds per batch.

    Model and clip are on one device, the CPU or a GPU. A `reference` (model, clip) is timed in
    turn, so that the ratio holds on a busy machine. `mode` is as for `simulate_memory`; training
    changes the weights. Raises `bench.errors.BenchError` for another mode.
    """
    _check_packages()
    from bench.instruments.latency import measure

    return measure(model, clip, mode, precision, reference=reference)


def open_store(path: str | Path) -> "Store":
    """Open the store that `blvbench run` wrote at `path`, for reading; use it with `with`.

    `measurements()` of the result is a list, oldest first, and `frame()` a pandas frame with a row
    for each. Raises `bench.errors.BenchError` if the file is not a store, is damaged or is of
    another format.
    """
    _check_packages()
    from bench.records.store import Store

    return Store(Path(path))


def command_table() -> dict[str, tuple[str, str]]:
    """Return the module and the summary of each command of `blvbench`, by name."""
    from bench.commands import COMMANDS

    summary = "write the report of a store as HTML, Markdown, CSV and JSON"
    return {**COMMANDS, "report": ("reports.command", summary)}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command, of `sys.argv` by default, and return its exit code."""
    from bench.commands import main as run

    return run(argv, commands=command_table())


def run_job(pack: str) -> None:
    """Measure the pack in the file at `pack`: what a scheduler's job calls.

    It is here because the job starts in a folder of the user, and imports this module first.
    """
    from bench.runs.cluster.job import work

    work(pack)


if __name__ == "__main__":
    sys.exit(main())
