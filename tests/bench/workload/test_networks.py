"""Networks of ours by name, and of a user's file, as points of a measurement."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from bench.records.point import Point
from bench.runs.tasks import make_suite_tasks, make_task
from bench.workload import networks
from models import NetworkError
from models.errors import ClipError
from models.trial import Findings
from models.user_file import UserNetwork, load_factory
from suites import Suite, Sweep
from tests.models.own_files import count, counted
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
        assert clip.shape[2] >= 3, "too short"
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
    record = make_task(own_point(file, batch=2, mode="train", frames=4), quantity).measure()
    assert record.status == "ok"
    assert record.value > 0
    assert record.point.network == f"{file}:Net"


READS_VALUES = """
import torch
from torch import nn

MEAN = torch.tensor(0.45)
{above}
class Net(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        {inside}
        self.norm = nn.BatchNorm3d(3)
        self.head = nn.Linear(3, num_classes)

    def forward(self, clip):
        print("forward")
        return self.head(self.norm(clip - MEAN).mean((2, 3, 4)))
"""
IN_FILE = READS_VALUES.format(above="RATES = torch.linspace(0, 0.1, 3).tolist()", inside="")
IN_FACTORY = READS_VALUES.format(
    above="", inside="self.rates = [x.item() for x in torch.linspace(0, 0.1, 3)]"
)


@pytest.mark.parametrize("source", [IN_FILE, IN_FACTORY], ids=["file", "factory"])
@pytest.mark.parametrize(
    "surrounding", [nullcontext, partial(torch.device, "meta"), FakeTensorMode]
)
@pytest.mark.parametrize(
    ("quantity", "mode"),
    [
        ("params", "infer"),
        ("macs", "infer"),
        ("macs:fvcore", "infer"),
        ("memory", "infer"),
        ("memory", "train"),
    ],
)
def test_a_network_whose_building_reads_values_is_measured(
    file: Path,
    source: str,
    surrounding: Callable[[], AbstractContextManager[object]],
    quantity: str,
    mode: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file.write_text(source)
    with surrounding():
        load_factory(f"{file}:Net")
    where = own_point(file, batch=2, mode=mode, frames=2, num_classes=5)
    record = make_task(where, quantity).measure()
    assert record.status == "ok", record.reason
    if quantity == "params":
        assert record.value == 3 + 3 + 3 * 5 + 5
    assert capsys.readouterr().out == ""


def test_it_is_built_on_meta(file: Path) -> None:
    file.write_text(IN_FACTORY)
    model = networks.build_on_meta(own_point(file, frames=2))
    assert all(parameter.is_meta for parameter in model.parameters())


def test_a_file_that_changes_torchs_state_changes_no_other_figure(file: Path) -> None:
    before = make_task(point(), "memory").measure().value
    change = "import torch\ntorch.set_default_dtype(torch.float64)\n"
    file.write_text(f"{change}{NET}        {change.splitlines()[1]}\n")
    make_task(own_point(file, frames=4), "memory").measure()
    assert make_task(point(), "memory").measure().value == before


ACTS = """
import torch

def act(now):
    if now == {where!r}:
        {action}

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        act("factory")

    def forward(self, clip):
        act("forward")
        return clip.new_empty(1, 5)

act("file")
"""


def torch_state() -> tuple[object, ...]:
    cudnn = torch.backends.cudnn
    return (
        torch.get_default_dtype(),
        torch.is_grad_enabled(),
        torch.empty(1).device,
        torch.get_default_device(),
        torch.get_rng_state().tolist(),
        torch.get_num_threads(),
        (cudnn.enabled, cudnn.benchmark, cudnn.deterministic),
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
    )


@pytest.mark.parametrize(
    "change",
    [
        "torch.set_default_dtype(torch.float64)",
        "torch.set_grad_enabled(False)",
        "torch.set_default_device('meta')",
        "torch.manual_seed(3)",
        "torch.set_num_threads(torch.get_num_threads() + 1)",
        "torch.backends.cudnn.benchmark = not torch.backends.cudnn.benchmark",
        "torch.backends.cudnn.deterministic = not torch.backends.cudnn.deterministic",
        "torch.backends.cudnn.enabled = not torch.backends.cudnn.enabled",
        "torch.use_deterministic_algorithms(True, warn_only=True)",
    ],
)
@pytest.mark.parametrize("where", ["file", "factory", "forward"])
def test_torchs_global_state_is_left_alone(file: Path, change: str, where: str) -> None:
    file.write_text(ACTS.format(where=where, action=change))
    before = torch_state()
    for quantity in ("macs", "memory"):
        make_task(own_point(file, num_classes=5), quantity).measure()
        assert torch_state() == before
    with torch.device("meta"):
        networks.build(own_point(file))
        assert torch.empty(1).is_meta
    assert torch_state() == before


@pytest.mark.parametrize("where", ["file", "factory", "forward"])
def test_what_a_file_prints_goes_to_stderr(
    file: Path, where: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(ACTS.format(where=where, action="print('hello')"))
    make_task(own_point(file, num_classes=5), "macs").measure()
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "hello" in printed.err


def test_a_file_is_executed_and_checked_once(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[object] = []
    check = UserNetwork.check

    def recorded(network: UserNetwork, *arguments: Any, trains: bool) -> Findings:
        checked.append(arguments)
        return check(network, *arguments, trains=trains)

    monkeypatch.setattr(UserNetwork, "check", recorded)
    file.write_text(counted(NET))
    for quantity in ("params", "macs", "memory"):
        found = make_task(own_point(file, frames=4), quantity)
        assert found.identity
        assert found.measure().status == "ok"
    assert count(file) == len(checked) == 1
    make_task(own_point(file, frames=6), "params")
    assert (count(file), len(checked)) == (1, 2)


def test_an_identity_does_not_depend_on_what_was_measured_before(file: Path) -> None:
    source = NET.replace(
        "    def forward", "        __import__(f'models.of_{self.frames}')\n\n    def forward"
    )
    file.write_text(source)
    for frames in (4, 6):
        (file.parent / "models" / f"of_{frames}.py").write_text("")
    first = make_task(own_point(file, frames=4), "macs").identity
    second = make_task(own_point(file, frames=6), "macs").identity
    networks._checked.clear()
    assert make_task(own_point(file, frames=6), "macs").identity == second
    assert make_task(own_point(file, frames=4), "macs").identity == first


def test_a_users_network_is_told_the_clip_and_takes_options(file: Path) -> None:
    where = own_point(file, frames=4, num_classes=9, options={"width": 6})
    model = networks.build(where)
    assert model.frames == 4
    assert sum(p.numel() for p in model.parameters()) == 6 * 3 * 27 + 6 + 9 * 6 + 9


def test_a_change_of_any_of_its_files_is_another_identity(file: Path) -> None:
    before = make_task(own_point(file), "macs").identity
    assert make_task(own_point(file), "macs").identity == before
    layers = file.parent / "models" / "layers.py"
    layers.write_text(f"{LAYERS}\n# changed\n")
    changed = make_task(own_point(file), "macs").identity
    assert changed != before
    file.write_text(f"{NET}\n# changed\n")
    assert make_task(own_point(file), "macs").identity not in (before, changed)


def test_a_depth_is_refused(file: Path) -> None:
    with pytest.raises(NetworkError, match="comes in one depth: leave depth 50 out"):
        make_task(own_point(file).model_copy(update={"depth": 50}), "macs")


def test_a_depth_that_the_factory_names_is_an_option(file: Path) -> None:
    file.write_text(NET.replace("width=4", "width=4, depth=18"))
    with pytest.raises(NetworkError, match="use --option depth=50"):
        make_task(own_point(file).model_copy(update={"depth": 50}), "macs")


def test_a_clip_that_it_cannot_take_is_refused(file: Path) -> None:
    with pytest.raises(NetworkError, match=r"cannot take a clip of \(1, 3, 2, 16, 16\)"):
        make_task(own_point(file, frames=2), "macs")


def test_a_suite_is_swept_with_a_users_network_too(file: Path) -> None:
    sweep = Sweep(
        networks=("tsn",), depths=(18, 50), frames=(4, 8), quantities=("macs",), input_size=32
    )
    suite = Suite(title="", description="", sweep=(sweep,))
    own = f"{file}:Net"
    points = [t.point for t in make_suite_tasks(suite, "s", [own])]
    assert [(p.network, p.depth, p.frames) for p in points] == [
        *(("tsn", depth, frames) for depth in (18, 50) for frames in (4, 8)),
        *((own, None, frames) for frames in (4, 8)),
    ]


def test_a_suite_cannot_name_a_file_itself(file: Path) -> None:
    sweep = Sweep(networks=(f"{file}:Net",), frames=(4,), quantities=("macs",))
    with pytest.raises(ValueError, match=r"sweep\.1: there is no network"):
        make_suite_tasks(Suite(title="", description="", sweep=(sweep,)), "s")


def test_a_point_is_configured_as_its_network_understands_it() -> None:
    with_defaults = point(network="tam", depth=None, options={"window": 3, "width": 1})
    assert networks.configure(with_defaults) == point(network="tam", depth=50)
    assert networks.configure(point(network="i3d", depth=None)).depth is None


@pytest.mark.parametrize(
    ("fields", "size"),
    [
        ({"network": "hiera", "frames": 16}, 224),
        ({"network": "mvit_v2_l", "frames": 40}, 312),
        ({"network": "vjepa2", "options": {"variant": "giant_384"}}, 384),
        ({"network": "tsn", "options": {"backbone": "vit_b_16"}}, 224),
        ({"network": "tsn", "options": {"backbone": "vit_h_14"}}, 224),
    ],
)
def test_a_network_of_one_size_of_frames_says_which(fields: dict[str, Any], size: int) -> None:
    own = point(depth=None, input_size=size, **fields)
    assert networks.configure(own) == own
    other = own.model_copy(update={"input_size": 320})
    with pytest.raises(NetworkError, match=f" takes frames of {size} px, not 320 px: use {size}$"):
        networks.configure(other)


def test_frames_of_any_size_are_taken_by_the_other_backbones() -> None:
    for backbone in ("inception_v1", "mobilenet_v2", "swin_t"):
        any_size = point(depth=None, input_size=320, options={"backbone": backbone})
        assert networks.configure(any_size) == any_size


def test_a_refused_clip_is_told_from_a_failure() -> None:
    small, error = point(network="r3d_18", frames=2), RuntimeError("nothing is left\nof it")
    assert networks.explain_refusal(small, error) == (
        "r3d_18 cannot take 2 frames of 224 px (4 frames of 64 px are enough): "
        "RuntimeError: nothing is left"
    )
    large = small.model_copy(update={"frames": 4})
    assert networks.explain_refusal(large, error) == ""
    assert networks.explain_refusal(large.model_copy(update={"input_size": 63}), error)
    assert networks.explain_refusal(small, AttributeError("a bug")) == ""
    assert networks.explain_refusal(large, ClipError("too square")) == "too square"
