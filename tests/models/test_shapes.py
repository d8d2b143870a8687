"""Results on meta tensors under `Shapes` equal those of PyTorch alone."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode

from models.operators.aggregation import aggregate_frames
from models.shapes import Shapes
from tests.operators import Watch

aten = torch.ops.aten
META = torch.device("meta")


def tensor(*sizes: int, **options: Any) -> Tensor:
    return torch.empty(sizes, device=META, **options)


def layouts(out: Tensor | tuple[Tensor | None, ...]) -> list[Any]:
    results = [out] if isinstance(out, Tensor) else list(out)
    return [r if r is None else (r.shape, r.stride(), r.dtype, r.device) for r in results]


FORMATS = (torch.contiguous_format, torch.channels_last)
LAST = {"memory_format": torch.channels_last}
CALLS: dict[str, Callable[[], Any]] = {
    "convolution": lambda: functional.conv2d(tensor(2, 3, 8, 8), tensor(4, 3, 3, 3), padding=1),
    "channels last": lambda: functional.conv2d(
        tensor(2, 3, 8, 8, **LAST), tensor(4, 3, 3, 3, **LAST), stride=2
    ),
    "pool": lambda: functional.max_pool2d(tensor(2, 3, 9, 9), 3, 2, return_indices=True),
    "addition": lambda: tensor(2, 1, 4) + tensor(3, 1),
    "of an integer": lambda: tensor(3) + 1,
    "of a fraction": lambda: tensor(3, dtype=torch.int64) + 1.0,
    "types": lambda: tensor(3, dtype=torch.float16) * tensor(3),
    "gradients": lambda: aten.convolution_backward(
        tensor(2, 4, 8, 8),
        tensor(2, 3, 8, 8),
        tensor(4, 3, 3, 3),
        bias_sizes=[0],
        stride=[1, 1],
        padding=[1, 1],
        dilation=[1, 1],
        transposed=False,
        output_padding=[0, 0],
        groups=1,
        output_mask=[False, True, False],
    ),
    "batch norm": lambda: aten.native_batch_norm(
        tensor(2, 3, 4), *(tensor(3) for _ in range(4)), True, 0.1, 1e-5
    ),
    "a list": lambda: aggregate_frames(tensor(4, 3, 2, 2), tensor(2, 3, 3), 4, 2, [-1, 0]),
}


@pytest.mark.parametrize("call", CALLS)
def test_results_are_those_of_pytorch(call: str) -> None:
    expected = layouts(CALLS[call]())
    with Shapes():
        assert layouts(CALLS[call]()) == expected
        assert layouts(CALLS[call]()) == expected  # looked up


@pytest.mark.parametrize("format_of_result", FORMATS)
@pytest.mark.parametrize("format_of_weight", FORMATS)
@pytest.mark.parametrize("format_of_input", FORMATS)
def test_gradients_of_a_convolution_are_stored_as_on_a_cpu(
    format_of_input: torch.memory_format,
    format_of_weight: torch.memory_format,
    format_of_result: torch.memory_format,
) -> None:
    def strides(device: str) -> list[tuple[int, ...]]:
        result = torch.empty(2, 4, 8, 8, device=device, memory_format=format_of_result)
        x = torch.empty(2, 3, 8, 8, device=device, memory_format=format_of_input)
        weight = torch.empty(4, 3, 3, 3, device=device, memory_format=format_of_weight)
        settings = ([1, 1], [1, 1], [1, 1], False, [0, 0], 1, [True, True, True])
        gradients = aten.convolution_backward(result, x, weight, [4], *settings)
        return [gradient.stride() for gradient in gradients]

    with Shapes():
        assert strides("meta") == strides("cpu")


def test_what_is_looked_up_is_not_worked_out_again() -> None:
    with Watch() as watch, Shapes():
        x = tensor(7, 5, 3)
        for _ in range(3):
            torch.softmax(x, 1)
    assert [one.overloadpacket for one in watch.operators].count(aten._softmax) == 1


def test_the_default_type_decides_as_ever() -> None:
    whole = tensor(3, dtype=torch.int64)
    default = torch.get_default_dtype()
    with Shapes():
        assert (whole / 2).dtype == default
        try:
            torch.set_default_dtype(torch.float64)
            assert (whole / 2).dtype == torch.float64
        finally:
            torch.set_default_dtype(default)


def test_a_wrong_call_raises_each_time() -> None:
    with Shapes():
        for _ in range(2):
            with pytest.raises(RuntimeError):
                torch.bmm(tensor(2, 3, 4), tensor(2, 5, 4))


def test_views_stay_views_and_writes_stay_writes() -> None:
    with Shapes():
        x = tensor(4, 6)
        for _ in range(2):
            assert x.view(24).untyped_storage()._cdata == x.untyped_storage()._cdata
            assert x.add_(1) is x
            assert x.normal_() is x
            assert nn.init.kaiming_normal_(x) is x


def test_tensors_with_contents_are_computed() -> None:
    with Shapes():
        for _ in range(2):
            assert (torch.ones(2) + torch.ones(2)).tolist() == [2, 2]
            assert torch.zeros(2).fill_(3).tolist() == [3, 3]


def test_a_result_in_the_storage_of_an_argument_is_not_remembered() -> None:
    x = tensor(3, 4)
    with Shapes():
        for _ in range(2):
            assert x.to(torch.float32) is x
            assert x.contiguous() is x


@pytest.mark.parametrize("track", [True, False])
def test_batch_norms_return_no_statistics_in_evaluation(track: bool) -> None:
    """Like on a CPU; PyTorch alone returns them on the meta device."""
    norm = nn.BatchNorm2d(3, track_running_stats=track, device=META)
    norm.training = not track
    returned = []

    class See(TorchDispatchMode):
        def __torch_dispatch__(
            self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
        ) -> Any:
            out = func(*args, **(kwargs or {}))
            if "batch_norm" in str(func):
                returned.append([tuple(result.shape) for result in out])
            return out

    with Shapes(), See(), torch.no_grad():
        norm(tensor(2, 3, 4, 4))
    statistics = (0,) if track else (3,)
    assert returned == [[(2, 3, 4, 4), statistics, statistics]]
