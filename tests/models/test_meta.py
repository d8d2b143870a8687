"""Networks on the meta device, also those whose building needs values."""

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch.utils.flop_counter import FlopCounterMode

from models.meta import build_on_meta, real_tensors


def reading(value: float = 1.0) -> nn.Module:
    """A network with a shared weight and a frozen one; building it reads a value."""
    first, second = nn.Linear(2, 2), nn.Linear(2, 2)
    second.weight = first.weight
    second.bias.requires_grad_(torch.full((1,), value).item() == 0)
    return nn.Sequential(first, second, nn.BatchNorm1d(2, dtype=torch.float16))


def test_a_network_is_built_on_meta() -> None:
    with FlopCounterMode(display=False):
        model = build_on_meta(lambda: nn.Linear(10**9, 10**9))
    assert model.weight.is_meta


def test_a_factory_that_reads_values_is_moved_to_meta() -> None:
    model = build_on_meta(reading)
    assert all(tensor.is_meta for tensor in model.state_dict().values())
    names = [name for name, _ in model.named_parameters()]
    assert names == ["0.weight", "0.bias", "1.bias", "2.weight", "2.bias"]
    parameters = dict(model.named_parameters())
    assert [name for name in names if not parameters[name].requires_grad] == ["1.bias"]
    assert parameters["2.weight"].dtype == torch.float16
    assert dict(model.named_buffers())["2.num_batches_tracked"].dtype == torch.int64


def test_a_factory_that_fails_anywhere_raises() -> None:
    def failing() -> nn.Module:
        raise KeyError(str(torch.empty(1).device))

    with pytest.raises(KeyError, match="cpu"):
        build_on_meta(failing)


def test_tensors_are_real_within_any_context() -> None:
    with torch.device("meta"), FakeTensorMode(), FlopCounterMode(display=False) as flops:
        with real_tensors():
            assert (torch.ones(2, 2) @ torch.ones(2, 2)).tolist() == [[2, 2], [2, 2]]
        tensor = torch.empty(1)
        assert tensor.is_meta
        assert isinstance(tensor, FakeTensor)
    assert flops.get_total_flops() == 0
