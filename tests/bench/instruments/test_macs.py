from collections.abc import Callable

import pytest
import torch
from torch import nn

import models
from bench.errors import BenchError
from bench.instruments import macs, params
from models.tam import WINDOWS
from tests.records import point

# (network, depth, frames): parameters and convolution MACs at 174 classes, 224 x 224, one clip
PUBLISHED = {
    ("tsn", 50, 8): (23_864_558, 32_697_090_048),
    ("tam", 50, 8): (23_903_918, 32_831_963_136),
    ("i3d_resnet", 50, 8): (46_517_870, 64_180_322_304),
    ("blvnet_tam", 50, 16): (25_020_142, 23_848_452_096),
    ("blvnet_tam", 101, 16): (40_177_134, 32_146_358_272),
}
LINEAR_PER_FRAME = 2048 * 174

# (network, depth, pooling): the same of 87 classes and 8 frames, from the authors' benchmark table
# (IBM/action-recognition-pytorch@67cc96f, benchmark_mini.md)
PUBLISHED_MINI = {
    ("tsn", 18, "none"): (11_221_143, 14_508_490_752),
    ("tsn", 18, "max"): (11_221_143, 7_520_780_288),
    ("tsn", 50, "max"): (23_686_295, 14_135_984_128),
    ("tam", 18, "max"): (11_225_559, 7_535_155_712),
    ("tam", 50, "max"): (23_725_655, 14_213_054_464),
    ("i3d_resnet", 18, "none"): (33_210_903, 43_217_190_912),
    ("i3d_resnet", 18, "max"): (33_210_903, 22_472_425_472),
    ("i3d_resnet", 50, "max"): (46_339_607, 29_460_135_936),
    ("s3d_resnet", 18, "none"): (15_425_559, 21_329_215_488),
    ("s3d_resnet", 18, "max"): (15_425_559, 12_125_732_864),
    ("s3d_resnet", 50, "none"): (27_485_079, 39_517_814_784),
    ("s3d_resnet", 50, "max"): (27_485_079, 19_672_203_264),
}


@pytest.mark.parametrize(("network", "depth", "frames"), PUBLISHED)
def test_published_figures_to_the_digit(network: str, depth: int, frames: int) -> None:
    parameters, conv = PUBLISHED[network, depth, frames]
    options = {"formulation": "published"} if network == "blvnet_tam" else {}
    with torch.device("meta"):
        model = models.create_model(network, num_classes=174, frames=frames, depth=depth, **options)
    counted = macs.count(model, (1, 3, frames, 224, 224))
    classified = frames // 2 if network == "blvnet_tam" else frames
    assert params.count(model) == parameters
    assert counted.by_operator["conv"] == conv
    assert counted.by_operator["linear"] == classified * LINEAR_PER_FRAME
    assert counted.total == conv + classified * LINEAR_PER_FRAME


@pytest.mark.parametrize(("network", "depth", "pooling"), PUBLISHED_MINI)
def test_published_figures_of_the_mini_benchmark(network: str, depth: int, pooling: str) -> None:
    with torch.device("meta"):
        model = models.create_model(
            network, num_classes=87, frames=8, depth=depth, temporal_pooling=pooling
        )
    counted = macs.count(model, (1, 3, 8, 224, 224))
    found = (params.count(model), counted.by_operator["conv"])
    assert found == PUBLISHED_MINI[network, depth, pooling]


@pytest.mark.parametrize("depth", [50, 101])
@pytest.mark.parametrize("window", WINDOWS)
def test_equal_frames_of_a_pair_are_weighed_once(depth: int, window: int) -> None:
    def convolutions(formulation: str) -> int:
        with torch.device("meta"):
            model = models.create_model(
                "blvnet_tam",
                num_classes=174,
                frames=16,
                depth=depth,
                window=window,
                formulation=formulation,
            )
        return macs.count(model, (1, 3, 16, 224, 224)).by_operator["conv"]

    # What stages 1 to 3 read, of which the frames of a pair are equal: window // 2 + 1 pairs reach
    # into a window, so each of the 16 frames is spared window // 2 multiplications an element.
    elements = 64 * 56 * 56 + 256 * 28 * 28 + 512 * 14 * 14
    spared = 16 * elements * (window // 2)
    assert convolutions("published") - convolutions("efficient") == spared


class Small(nn.Module):
    """One of each kind that is counted."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv3d(3, 6, 3, padding=1, groups=3, bias=False)
        self.norm = nn.BatchNorm3d(6)
        self.pool = nn.AvgPool3d(2)
        self.classifier = nn.Linear(6, 5)

    def forward(self, clip: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.norm(self.conv(clip)))
        return self.classifier(self.pool(x).mean((2, 3, 4)))


def test_hand_arithmetic() -> None:
    counted = macs.count(Small(), (2, 3, 4, 8, 8))
    elements = 2 * 6 * 4 * 8 * 8
    assert counted.by_operator == {
        "conv": elements * 27,  # one input channel a group
        "linear": 2 * 6 * 5,
        "norm": 2 * elements,
        "elementwise": elements,
        "pool": elements,
        "reduction": elements // 8,
    }
    assert counted.total == elements * 27 + 60
    assert counted.uncounted == {}


def test_products_of_activations_are_macs() -> None:
    class Attention(nn.Module):
        def forward(self, clip: torch.Tensor) -> torch.Tensor:
            x = clip.flatten(2)  # N x 3 x L
            return torch.bmm(x, x.transpose(1, 2)).flatten(1)

    counted = macs.count(Attention(), (2, 3, 1, 4, 4))
    assert counted.by_operator == {"matmul": 2 * 3 * 16 * 3}
    assert counted.total == 2 * 3 * 16 * 3


def test_a_norm_of_activations_is_a_reduction() -> None:
    class Length(nn.Module):
        def forward(self, clip: torch.Tensor) -> torch.Tensor:
            return torch.linalg.vector_norm(clip.flatten(2), dim=2)

    counted = macs.count(Length(), (2, 3, 4, 8, 8))
    assert counted.by_operator == {"reduction": 2 * 3 * 4 * 8 * 8}
    assert counted.uncounted == {}


@pytest.mark.parametrize(
    "activation",
    [
        nn.CELU,
        nn.ELU,
        nn.Hardsigmoid,
        nn.Hardswish,
        nn.Hardtanh,
        nn.LeakyReLU,
        nn.Mish,
        nn.ReLU6,
        nn.SELU,
        nn.SiLU,
    ],
)
@pytest.mark.parametrize("inplace", [False, True])
def test_an_activation_is_elementwise_in_place_or_not(
    activation: Callable[..., nn.Module], inplace: bool
) -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(48, 5), activation(inplace=inplace))
    counted = macs.count(model, (2, 3, 1, 4, 4))
    assert counted == macs.MacCount({"linear": 2 * 48 * 5, "elementwise": 2 * 5}, {})


def test_an_unknown_operator_is_listed() -> None:
    class Odd(nn.Module):
        def forward(self, clip: torch.Tensor) -> torch.Tensor:
            return torch.fft.fft(clip).real.mean((2, 3, 4))

    assert macs.count(Odd(), (1, 3, 1, 4, 4)).uncounted == {"aten._fft_r2c": 1}


@pytest.mark.parametrize(
    "shape", [(1, 3, 4, 8), (1, 3, 0, 8, 8), (-1, 3, 4, 8, 8), (1, 3, 4, 8, 8.0)]
)
def test_a_shape_that_is_no_clip_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(BenchError, match=r"\(N, C, T, H, W\)"):
        macs.count(Small(), shape)


def test_an_operator_that_nobody_counts_is_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = macs.MacCount({"conv": 7}, {"b": 1, "a": 2})
    monkeypatch.setattr(macs, "count", lambda *_: counted)
    monkeypatch.setattr(macs, "build_on_meta", lambda _: None)
    reading = macs.read(point())
    assert reading.samples == (7,)
    assert reading.warnings == tuple(f"{name} is in no table and is not counted" for name in "ab")
    assert reading.details["uncounted"] == {"b": 1, "a": 2}


@pytest.mark.parametrize("backbone", ["densenet121", "regnet_y_400mf", "swin_v2_t", "vit_b_32"])
def test_every_operator_of_an_image_network_is_counted(backbone: str) -> None:
    with torch.device("meta"):
        model = models.create_model("tsn", num_classes=5, frames=1, backbone=backbone)
    assert macs.count(model, (1, 3, 1, 224, 224)).uncounted == {}
