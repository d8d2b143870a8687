"""Networks of ours by name, and of a user's file, as points of a measurement."""

from pathlib import Path

import pytest

from bench import networks
from bench.records import Point
from bench.tasks import suite_tasks, task
from models import NetworkError
from suites import Suite, Sweep
from tests.records import point

NET = """
from torch import nn
from models.layers import classifier

class Net(nn.Module):
    def __init__(self, clip_shape, num_classes, width=4):
        super().__init__()
        self.frames = clip_shape[2]
        self.conv = nn.Conv3d(3, width, 3)
        self.head = classifier(width, num_classes)

    def forward(self, clip):
        return self.head(self.conv(clip[:, :, : self.frames]).mean((2, 3, 4)))
"""
LAYERS = """
from torch import nn

def classifier(width, num_classes):
    return nn.Linear(width, num_classes)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "layers.py").write_text(LAYERS)
    (tmp_path / "net.py").write_text(NET)
    return tmp_path / "net.py"


def own_point(file: Path, **fields: object) -> Point:
    return point(network=f"{file}:Net", depth=None, input_size=16, **fields)


@pytest.mark.parametrize("quantity", ["params", "macs", "macs:fvcore", "memory"])
def test_every_quantity_of_a_users_network_is_measured(file: Path, quantity: str) -> None:
    record = task(own_point(file, batch=2, mode="train", frames=4), quantity).measure()
    assert record.status == "ok"
    assert record.value > 0
    assert record.point.network == f"{file}:Net"


def test_a_users_network_is_told_the_clip_and_takes_options(file: Path) -> None:
    where = own_point(file, frames=4, num_classes=9, options={"width": 6})
    model = networks.build(where)
    assert model.frames == 4
    assert sum(p.numel() for p in model.parameters()) == 6 * 3 * 27 + 6 + 9 * 6 + 9


def test_a_change_of_any_of_its_files_is_another_identity(file: Path) -> None:
    before = task(own_point(file), "macs").identity
    assert task(own_point(file), "macs").identity == before
    layers = file.parent / "models" / "layers.py"
    layers.write_text(f"{LAYERS}\n# changed\n")
    changed = task(own_point(file), "macs").identity
    assert changed != before
    file.write_text(f"{NET}\n# changed\n")
    assert task(own_point(file), "macs").identity not in (before, changed)


def test_a_depth_is_refused(file: Path) -> None:
    with pytest.raises(NetworkError, match="comes in one depth: leave depth 50 out"):
        task(own_point(file).model_copy(update={"depth": 50}), "macs")


def test_a_clip_that_it_cannot_take_is_refused(file: Path) -> None:
    with pytest.raises(NetworkError, match=r"cannot take a clip of \(1, 3, 2, 16, 16\)"):
        task(own_point(file, frames=2), "macs")  # its kernel is longer


def test_a_suite_is_swept_with_a_users_network_too(file: Path) -> None:
    sweep = Sweep(
        networks=("tsn",), depths=(18, 50), frames=(4, 8), quantities=("macs",), input_size=32
    )
    suite = Suite(title="", description="", sweep=(sweep,))
    own = f"{file}:Net"
    points = [t.point for t in suite_tasks(suite, "s", [own])]
    assert [(p.network, p.depth, p.frames) for p in points] == [
        *(("tsn", depth, frames) for depth in (18, 50) for frames in (4, 8)),
        *((own, None, frames) for frames in (4, 8)),
    ]


def test_a_suite_cannot_name_a_file_itself(file: Path) -> None:
    sweep = Sweep(networks=(f"{file}:Net",), frames=(4,), quantities=("macs",))
    with pytest.raises(ValueError, match=r"sweep\.1: there is no network"):
        suite_tasks(Suite(title="", description="", sweep=(sweep,)), "s")


def test_a_point_is_configured_as_its_network_understands_it() -> None:
    with_defaults = point(network="tam", depth=None, options={"window": 3, "width": 1})
    assert networks.configured(with_defaults) == point(network="tam", depth=50)
    assert networks.configured(point(network="i3d", depth=None)).depth is None
