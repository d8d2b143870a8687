"""Which tensors a network runs on, and that the sizes do not depend on it."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensor
from torch.nn import functional

from bench.instruments.memory import simulate
from bench.workload.contentless import Device, run_contentless
from suites.fields import Mode, Precision

CLIP = (2, 3, 4, 8, 8)


class Head(nn.Module):
    """Features of a clip, N x T x 6, through `act` to N x 5."""

    def __init__(self, act: Callable[[Tensor], Tensor] = torch.relu) -> None:
        super().__init__()
        self.stem, self.head, self.act = nn.Linear(192, 6), nn.Linear(6, 5), act

    def forward(self, clip: Tensor) -> Tensor:
        frames = clip.transpose(1, 2).flatten(2)  # N x T x 3*H*W
        features: Tensor = self.head(self.act(self.stem(frames)).mean(1))
        return features


def kind(
    factory: Callable[[], nn.Module], precision: Precision = "fp32", device: Device = "gpu"
) -> str:
    """The tensors that the network runs on."""

    def run(model: nn.Module) -> str:
        logits = model(torch.zeros(CLIP))
        return "fake" if isinstance(logits, FakeTensor) else logits.device.type

    return run_contentless(factory, precision, run, device)


def attention(x: Tensor) -> Tensor:
    return functional.scaled_dot_product_attention(x, x, x)


def on_this_device(x: Tensor) -> Tensor:
    if x.device.type != "cpu":
        raise RuntimeError(f"no kernel for {x.device}")
    return x


def plus_a_constant(constant: Tensor) -> Callable[[Tensor], Tensor]:
    return lambda x: x + constant


def test_networks_run_on_meta_tensors() -> None:
    assert kind(Head) == "meta"


def test_what_the_meta_device_cannot_do_runs_on_fake_tensors() -> None:
    assert kind(Head, "bf16") == "fake"
    assert kind(lambda: Head(on_this_device)) == "fake"
    constant = torch.ones(6)
    assert kind(lambda: Head(plus_a_constant(constant))) == "fake"


def test_attention_runs_on_meta_tensors_where_its_kernels_are_known() -> None:
    assert kind(lambda: Head(attention)) == "meta"
    assert kind(lambda: Head(attention), device="cpu") == "fake"


def test_recurrent_networks_run_on_fake_tensors() -> None:
    class Recurrent(Head):
        def __init__(self) -> None:
            super().__init__()
            self.recurrent = nn.LSTM(6, 6, batch_first=True)
            self.act = lambda x: self.recurrent(x)[0]

    assert kind(Recurrent) == "fake"


@pytest.mark.parametrize("mode", ["train", "infer"])
def test_both_give_the_same_sizes(mode: Mode) -> None:
    """A network that asks for a device is the same one otherwise."""
    on_meta = simulate(lambda: Head(lambda x: x), CLIP, mode)
    assert simulate(lambda: Head(on_this_device), CLIP, mode) == on_meta


def test_an_error_of_the_network_is_raised() -> None:
    def failing(x: Tensor) -> Tensor:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        kind(lambda: Head(failing))


def test_an_error_is_raised_and_not_printed(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError, match="Calculated output size"):
        kind(lambda: Head(lambda x: functional.max_pool3d(x[:, None, None], 9)))
    assert capfd.readouterr() == ("", "")
