from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from bench.errors import BenchError, UnsupportedError
from bench.instruments import macs, macs_fvcore
from bench.instruments.macs import MacCount
from models.formulation import FORMULATIONS
from models.tam import WINDOWS
from tests.models.networks import ALL, build, label, small_clip
from tests.models.torchvision_images import ONE_OF_EACH
from tests.records import point


@pytest.mark.parametrize("variant", ALL, ids=label)
def test_both_counters_agree_and_know_every_operator(variant: tuple[str, dict[str, Any]]) -> None:
    name, options = variant
    model = build(name, **options)
    first = macs.count(model, small_clip(name))
    second = macs_fvcore.count(model, small_clip(name))
    assert first.uncounted == {}
    assert first.total > 0
    assert macs_fvcore.disagreement(first, second) == ""
    assert not any(map(macs_fvcore.may_have_macs, second.uncounted))
    assert (first.total == second.total) == (name != "mvit_v2_s")  # whose einsums fvcore rounds


@pytest.mark.parametrize("backbone", ONE_OF_EACH)
def test_both_counters_agree_on_an_image_network_of_torchvisions(backbone: str) -> None:
    model = build("tsm", backbone=backbone)
    first, second = (counter.count(model, small_clip("tsm")) for counter in (macs, macs_fvcore))
    assert first.uncounted == {}
    assert first.total == second.total > 0


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("formulation", FORMULATIONS)
@pytest.mark.parametrize("name", ["tam", "blvnet_tam"])
def test_both_counters_agree_on_a_formulation(name: str, formulation: str, window: int) -> None:
    model = build(name, depth=50, width=0.25, formulation=formulation, window=window)
    first = macs.count(model, small_clip(name, 2))
    second = macs_fvcore.count(model, small_clip(name, 2))
    assert first.uncounted == {}
    assert first.total == second.total
    assert macs_fvcore.disagreement(first, second) == ""


def test_products_of_activations_are_counted_as_by_the_other_counter() -> None:
    class Attention(nn.Module):
        def forward(self, clip: torch.Tensor) -> torch.Tensor:
            x = clip.flatten(2)  # N x 3 x L
            return torch.bmm(x, x.transpose(1, 2)).flatten(1)

    assert macs_fvcore.count(Attention(), (2, 3, 1, 4, 4)).total == 2 * 3 * 16 * 3


def test_a_disagreement_names_the_kind_and_both_counts() -> None:
    first = MacCount({"conv": 100, "matmul": 10_000}, {})
    assert macs_fvcore.disagreement(first, MacCount({"conv": 100, "matmul": 10_005}, {})) == ""
    second = MacCount({"conv": 101, "matmul": 10_006}, {})
    expected = "conv 100 and 101, linear and matmul 10,000 and 10,006"
    assert macs_fvcore.disagreement(first, second) == expected
    assert macs_fvcore.disagreement(MacCount({"linear": 7}, {}), MacCount({"matmul": 7}, {})) == ""


class Sequence(nn.Module):
    """`layer` over the clip's frames as a sequence of eight values a frame."""

    def __init__(self, layer: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, clip: torch.Tensor) -> torch.Tensor:
        return self.layer(clip.transpose(1, 2).flatten(2)[..., :8])  # N x T x 8


class Recurrent(nn.Module):
    def __init__(self, kind: Callable[..., nn.RNNBase], **options: Any) -> None:
        super().__init__()
        self.recurrent = kind(8, 5, batch_first=True, **options)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.recurrent(x)[0]


class Complex(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(8, 5, dtype=torch.cfloat))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (x.to(torch.cfloat) @ self.weight).real


class Both(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.bilinear = nn.Bilinear(8, 8, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.bilinear(x, x)


class Weighted(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(8))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x @ self.weight


def attend(x: torch.Tensor) -> torch.Tensor:
    return nn.functional.scaled_dot_product_attention(x, x[:, :2], x[:, :2, :3])


def multiply_and_add(x: torch.Tensor) -> torch.Tensor:
    return torch.baddbmm(x[:, :, :4], x, x.transpose(1, 2))


def multi_head(*, frozen: bool) -> nn.Module:
    encoder = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    return encoder.requires_grad_(not frozen)


N, T = 2, 4
PRODUCTS: dict[str, tuple[Callable[[], Any], int]] = {
    "attention": (lambda: attend, N * T * 2 * (8 + 3)),
    "batched": (lambda: multiply_and_add, N * T * T * 8),
    "lstm": (lambda: Recurrent(nn.LSTM, num_layers=2), N * T * 4 * 5 * (8 + 5 + 5 + 5)),
    "both ways": (lambda: Recurrent(nn.LSTM, bidirectional=True), N * T * 2 * 4 * 5 * (8 + 5)),
    "projected": (lambda: Recurrent(nn.LSTM, proj_size=3), N * T * (4 * 5 * (8 + 3) + 5 * 3)),
    "gru": (lambda: Recurrent(nn.GRU), N * T * 3 * 5 * (8 + 5)),
    "rnn": (lambda: Recurrent(nn.RNN), N * T * 5 * (8 + 5)),
    "complex": (Complex, N * T * 8 * 5 * 4),
    "bilinear": (Both, N * T * 8 * 8 * 5 * 2),
    "vector": (Weighted, N * T * 8),
    "encoder": (
        lambda: multi_head(frozen=False),
        N * T * (4 * 8 * 8 + 2 * 8 * 16) + 2 * N * T * T * 8,
    ),
    "frozen": (
        lambda: multi_head(frozen=True),
        N * T * (4 * 8 * 8 + 2 * 8 * 16) + 2 * N * T * T * 8,
    ),
}


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
@pytest.mark.parametrize("name", PRODUCTS)
def test_products_of_every_kind_are_counted_by_hand_and_by_both_counters(name: str) -> None:
    make, expected = PRODUCTS[name]
    model = Sequence(make())
    first = macs.count(model, (N, 3, T, 2, 2))
    second = macs_fvcore.count(model, (N, 3, T, 2, 2))
    assert first.total == second.total == expected
    assert macs_fvcore.disagreement(first, second) == ""
    assert first.uncounted == {}
    assert not any(map(macs_fvcore.may_have_macs, second.uncounted))


OWN = """
import torch
from torch import nn

class Product(torch.autograd.Function):
    @staticmethod
    def forward(context, x, weight):
        return x @ weight

class Net(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(3, num_classes))

    def forward(self, clip):
        spectrum = torch.fft.fft2(clip).real
        return Product.apply(spectrum.mean((2, 3, 4)), self.weight)
"""


def test_what_is_left_out_and_a_disagreement_are_warned_of(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(OWN)
    network = f"{tmp_path / 'own.py'}:Net"
    own = point(network=network, depth=None, frames=1, input_size=8, num_classes=7)
    assert macs.read(own).warnings == ("aten._fft_c2c is in no table and is not counted",)
    assert macs_fvcore.read(own).warnings == (
        "flop_counter and fvcore disagree: linear and matmul 21 and 0",
        "aten::fft_fft2 is in no table and is not counted",
        "prim::PythonOp.Product is in no table and is not counted",
    )


def test_a_shape_that_is_no_clip_is_refused() -> None:
    with pytest.raises(BenchError, match=r"\(N, C, T, H, W\)"):
        macs_fvcore.count(nn.Flatten(), (1, 3, 4, 8))


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")
def test_a_scripted_network_cannot_be_traced() -> None:
    model = nn.Sequential(torch.jit.script(nn.Flatten()), nn.Linear(12, 2))
    with pytest.raises(UnsupportedError, match="cannot trace a scripted one"):
        macs_fvcore.count(model, (1, 3, 1, 2, 2))
