"""Files with networks of their own, for the tests of what loads them."""

import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from torch import nn

# What `build` and `check` import is no trace of a user's file.
import models.adapter
import models.shapes
import models.slowfast
import models.trial  # noqa: F401
from models import NetworkError
from models.own_imports import OUR_NAMES
from models.user_file import UserNetwork, load_factory

CLIP = (1, 3, 2, 8, 8)
CLASSES = 5

PLAIN = """
    import torch
    from torch import nn

    class Net(nn.Module):
        def __init__(self, num_classes, width=4):
            super().__init__()
            self.conv = nn.Conv3d(3, width, 3, padding=1)
            self.norm = nn.BatchNorm3d(width)
            self.head = nn.Linear(width, num_classes)

        def forward(self, clip):
            return self.head(self.norm(self.conv(clip)).mean((2, 3, 4)))
"""
LATER = """
    import importlib
    from torch import nn

    class Net(nn.Module):
        def __init__(self, num_classes):
            super().__init__()
            from models.parts import Head
            self.head = Head(num_classes)
            self.again = importlib.import_module("models.parts").Head

        def forward(self, clip):
            import models.parts
            from models import pool
            from models.pool import mean
            assert isinstance(self.head, models.parts.Head) and self.again is models.parts.Head
            return self.head(mean(clip) + pool.mean(clip))
"""
PARTS = """
    from torch import nn

    class Head(nn.Linear):
        def __init__(self, num_classes):
            super().__init__(3, num_classes)

        def forward(self, x):
            from .scale import FACTOR
            from . import scale
            import bench.scale
            return super().forward(x) * FACTOR * scale.FACTOR * bench.scale.FACTOR
"""
LATER_FILES = {
    "net.py": LATER,
    "models/parts.py": PARTS,
    "models/pool.py": "def mean(x):\n    return x.mean((2, 3, 4))",
    "models/scale.py": "FACTOR = 2",
    "bench/__init__.py": "",
    "bench/scale.py": "FACTOR = 3",
}
EMPTY = "class Net(__import__('torch').nn.Module): pass"
COUNTER = "runs.txt"


def counted(source: str) -> str:
    """`source`, which tells each time that it is executed."""
    tell = f"""
        import pathlib
        with pathlib.Path(__file__).with_name({COUNTER!r}).open("a") as file:
            file.write(".")
    """
    return dedent(tell) + dedent(source)


def count(path: Path) -> int:
    """How often a counted file was executed."""
    return len(path.with_name(COUNTER).read_text())


def imports() -> tuple[object, ...]:
    """What an import depends on; third-party modules that come in meanwhile do not count."""
    own = {
        name: id(module)
        for name, module in sys.modules.items()
        if name.partition(".")[0] in OUR_NAMES or name.startswith("_blvbench")
    }
    return own, id(sys.path), sys.path[:], id(sys.meta_path), sys.meta_path[:]


def build(network: UserNetwork, **options: object) -> nn.Module:
    return network.build(CLIP, CLASSES, options)


def load(path: Path, factory: str = "Net") -> UserNetwork:
    return load_factory(f"{path}:{factory}")


def value(path: Path) -> Any:
    """What the file calls VALUE, by way of a factory that shows it."""
    factory = "def Net():\n    net = nn.Identity()\n    net.value = VALUE\n    return net\n"
    path.write_text(f"{path.read_text()}\nfrom torch import nn\n{factory}")
    return build(load(path)).value


def message(action: Callable[[], object]) -> str:
    with pytest.raises(NetworkError) as caught:
        action()
    text = str(caught.value)
    assert len(text.splitlines()) == 1, text
    return text


def source_files(network: UserNetwork) -> tuple[Path, ...]:
    """The file, then sorted what has been imported from its folder so far."""
    main, *others = network.sources().contents
    return (main, *sorted(others))
