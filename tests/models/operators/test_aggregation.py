import itertools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from models.operators.aggregation import aggregate_frames, aggregate_frames_backward

FORMATS = [torch.contiguous_format, torch.channels_last]
CHANNELS, HEIGHT, WIDTH = 3, 2, 4


class Case(NamedTuple):
    """The arguments of an aggregation: T, K, the stride and one start for each result."""

    frames: int
    taps: int
    stride: int
    starts: tuple[int, ...]

    @property
    def settings(self) -> tuple[int, int, list[int]]:
        return self.frames, self.stride, list(self.starts)


CASES = [
    Case(1, 3, 1, (-1,)),
    Case(4, 3, 1, (-1,)),
    Case(3, 7, 1, (-3,)),  # sees more frames than there are
    Case(4, 3, 2, (0, -1)),
    Case(6, 2, 1, (0, -1)),
    Case(6, 1, 3, (0, 1, 2)),
]


def tensors(
    case: Case,
    *,
    clips: int = 2,
    channels: int = CHANNELS,
    dtype: torch.dtype = torch.float64,
    memory_format: torch.memory_format = torch.contiguous_format,
) -> tuple[Tensor, Tensor]:
    """Frames and weights that require gradients."""
    generator = torch.Generator().manual_seed(0)
    shape = (clips * case.frames, channels, HEIGHT, WIDTH)
    x = torch.randn(shape, generator=generator, dtype=torch.float64)
    weight = torch.randn(
        (len(case.starts), case.taps, channels), generator=generator, dtype=torch.float64
    )
    x = x.to(dtype).to(memory_format=memory_format)
    return x.requires_grad_(), weight.to(dtype).requires_grad_()


def definition(
    x: Tensor, weight: Tensor, frames: int, stride: int, starts: Sequence[int]
) -> list[Tensor]:
    results = []
    for taps, start in zip(weight, starts, strict=True):
        result = []
        for clip in x.split(frames):
            for i in range(frames // stride):
                total = torch.zeros_like(clip[0])
                for k, tap in enumerate(taps):
                    t = stride * i + start + k
                    if 0 <= t < frames:
                        total = total + tap[:, None, None] * clip[t]
                result.append(total.relu())
        results.append(torch.stack(result))
    return results


def gradients(results: Sequence[Tensor], *inputs: Tensor) -> tuple[Tensor, ...]:
    """The gradients for the inputs of a sum with a different weight for every element."""
    generator = torch.Generator().manual_seed(1)
    grads = [torch.randn(r.shape, generator=generator, dtype=r.dtype) for r in results]
    return torch.autograd.grad(results, inputs, grads)


def assert_as_defined(x: Tensor, weight: Tensor, case: Case) -> None:
    got = aggregate_frames(x, weight, *case.settings)
    expected = definition(x, weight, *case.settings)
    torch.testing.assert_close(got, expected)
    torch.testing.assert_close(gradients(got, x, weight), gradients(expected, x, weight))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    stride, taps = draw(st.integers(1, 3)), draw(st.integers(1, 7))
    starts = st.lists(st.integers(1 - taps, stride - 1), min_size=1, max_size=3)
    return Case(stride * draw(st.integers(1, 4)), taps, stride, tuple(draw(starts)))


@settings(deadline=None, max_examples=60)
@given(
    case=cases(),
    clips=st.integers(1, 3),
    channels=st.integers(1, 4),
    memory_format=st.sampled_from(FORMATS),
)
def test_it_is_its_definition(
    case: Case, clips: int, channels: int, memory_format: torch.memory_format
) -> None:
    x, weight = tensors(case, clips=clips, channels=channels, memory_format=memory_format)
    assert_as_defined(x, weight, case)


@pytest.mark.parametrize("memory_format", FORMATS, ids=["contiguous", "channels-last"])
@pytest.mark.parametrize("case", CASES)
def test_gradients_are_those_of_small_steps(case: Case, memory_format: torch.memory_format) -> None:
    x, weight = tensors(case, memory_format=memory_format)

    def results(x: Tensor, weight: Tensor) -> tuple[Tensor, ...]:
        return tuple(aggregate_frames(x, weight, *case.settings))

    assert torch.autograd.gradcheck(results, (x, weight))


@pytest.mark.filterwarnings("ignore:The .grad attribute")  # opcheck reads it of its own copies
@pytest.mark.parametrize("memory_format", FORMATS, ids=["contiguous", "channels-last"])
@pytest.mark.parametrize("case", [CASES[0], CASES[3]])
def test_torch_finds_the_operators_well_formed(
    case: Case, memory_format: torch.memory_format
) -> None:
    x, weight = tensors(case, memory_format=memory_format, dtype=torch.float32)
    torch.library.opcheck(aggregate_frames, (x, weight, *case.settings))
    with torch.no_grad():
        results = aggregate_frames(x, weight, *case.settings)
        grads = [torch.randn_like(result) for result in results]
        torch.library.opcheck(
            aggregate_frames_backward, (grads, x, weight, results, *case.settings)
        )


@pytest.mark.parametrize("memory_format", FORMATS, ids=["contiguous", "channels-last"])
def test_memory_format_is_that_of_the_input(memory_format: torch.memory_format) -> None:
    x, weight = tensors(CASES[3], memory_format=memory_format)
    results = aggregate_frames(x, weight, *CASES[3].settings)
    grad, _ = gradients(results, x, weight)
    for frames in (*results, grad):
        assert [f for f in FORMATS if frames.is_contiguous(memory_format=f)] == [memory_format]


@pytest.mark.parametrize("memory_format", FORMATS, ids=["contiguous", "channels-last"])
def test_frames_may_lie_apart(memory_format: torch.memory_format) -> None:
    case = Case(4, 3, 2, (0, -1))
    x, weight = tensors(case, clips=4, memory_format=memory_format)
    for view in (x[::2], x[:8].flip(3).transpose(2, 3), x[:8, :1].expand(-1, CHANNELS, -1, -1)):
        assert_as_defined(view, weight, case)
    assert_as_defined(x, weight.mT.contiguous().mT, case)


def test_a_gradient_may_be_expanded_or_missing() -> None:
    case = CASES[3]
    x, weight = tensors(case)
    got = aggregate_frames(x, weight, *case.settings)
    expected = definition(x, weight, *case.settings)
    sums = (torch.autograd.grad(big.sum(), (x, weight)) for big, _ in (got, expected))
    torch.testing.assert_close(*sums)


@pytest.mark.parametrize("wanted", [0, 1], ids=["frames", "weights"])
def test_one_gradient_may_be_wanted_alone(wanted: int) -> None:
    case = CASES[3]
    inputs = tensors(case)
    inputs[1 - wanted].requires_grad_(False)
    got = aggregate_frames(*inputs, *case.settings)
    expected = definition(inputs[0], inputs[1], *case.settings)
    torch.testing.assert_close(gradients(got, inputs[wanted]), gradients(expected, inputs[wanted]))


def described(frames: Sequence[Tensor]) -> list[tuple[Any, ...]]:
    return [(each.shape, each.dtype, each.stride()) for each in frames]


@pytest.mark.parametrize(
    ("case", "dtype", "memory_format"),
    list(itertools.product(CASES[2:4], [torch.float32, torch.bfloat16], FORMATS)),
)
def test_tensors_without_contents_have_the_same_shapes(
    case: Case, dtype: torch.dtype, memory_format: torch.memory_format
) -> None:
    def run(x: Tensor, weight: Tensor) -> list[tuple[Any, ...]]:
        results = aggregate_frames(x, weight, *case.settings)
        return described([*results, *torch.autograd.grad(results, (x, weight), results)])

    x, weight = tensors(case, dtype=dtype, memory_format=memory_format)
    real = run(x, weight)
    assert run(x.to("meta"), weight.to("meta")) == real
    with FakeTensorMode() as mode:
        assert run(mode.from_tensor(x), mode.from_tensor(weight)) == real


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("case", CASES[1:4])
def test_half_precision(case: Case, dtype: torch.dtype) -> None:
    x, weight = tensors(case, dtype=dtype)
    precise = x.detach().double().requires_grad_(), weight.detach().double().requires_grad_()
    got = aggregate_frames(x, weight, *case.settings)
    expected = definition(precise[0], precise[1], *case.settings)
    grads = [torch.ones_like(each) for each in got]
    for one, other in zip(
        [*got, *torch.autograd.grad(got, (x, weight), grads)],
        [*expected, *torch.autograd.grad(expected, precise, [g.double() for g in grads])],
        strict=True,
    ):
        assert one.dtype == dtype
        rounding = case.taps * torch.finfo(dtype).eps * other.abs().max().item()
        torch.testing.assert_close(one.double(), other, rtol=0, atol=rounding)


def test_weights_sum_up_in_single_precision() -> None:
    x = torch.ones(1, 1, 64, 65, dtype=torch.bfloat16)
    weight = torch.ones(1, 1, 1, dtype=torch.bfloat16, requires_grad=True)
    for image in (x, x.expand(8, -1, -1, -1)):
        (result,) = aggregate_frames(image, weight, len(image), 1, [0])
        (grad,) = torch.autograd.grad(result.sum(), weight)
        torch.testing.assert_close(grad.item(), float(image.numel()), rtol=2**-8, atol=0)


@pytest.mark.parametrize("memory_format", FORMATS, ids=["contiguous", "channels-last"])
def test_the_inputs_are_left_as_they_were(memory_format: torch.memory_format) -> None:
    case = CASES[3]
    x, weight = tensors(case, memory_format=memory_format)
    before = x.detach().clone(), weight.detach().clone()
    results = aggregate_frames(x, weight, *case.settings)
    kept = [result.detach().clone() for result in results]
    gradients(results, x, weight)
    torch.testing.assert_close((x.detach(), weight.detach()), before, rtol=0, atol=0)
    torch.testing.assert_close(results, kept, rtol=0, atol=0)


def test_backward_keeps_the_inputs_and_the_results() -> None:
    x, weight = tensors(CASES[3])
    kept = set()

    def keep(tensor: Tensor) -> Tensor:
        kept.add(tensor.untyped_storage().data_ptr())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        results = aggregate_frames(x, weight, *CASES[3].settings)
    assert kept == {each.untyped_storage().data_ptr() for each in (x, weight, *results)}


def peak_bytes(run: Callable[[], object]) -> int:
    """The peak of the bytes that `run` allocates on the CPU."""
    with profile(
        activities=[ProfilerActivity.CPU], profile_memory=True, acc_events=True
    ) as profiler:
        held = run()
    events = profiler.profiler.kineto_results.events()
    changes = sorted((e.start_ns(), e.nbytes()) for e in events if e.name() == "[memory]")
    del held
    return max(itertools.accumulate(change for _, change in changes))


@pytest.mark.parametrize("memory_format", FORMATS, ids=["contiguous", "channels-last"])
def test_nothing_is_allocated_beside_the_results(memory_format: torch.memory_format) -> None:
    x = torch.randn(16, 4, 32, 32).to(memory_format=memory_format)
    weight = torch.randn(2, 3, 4)
    frame = x[0].numel() * x.element_size()

    def forward() -> list[Tensor]:
        return aggregate_frames(x, weight, 8, 2, [0, -1])

    def backward() -> tuple[Tensor, Tensor]:
        return aggregate_frames_backward(results, x, weight, results, 8, 2, [0, -1])

    results = forward()
    rows = weight.numel() * 32 * weight.element_size() + 1024  # and a few scalars
    assert 16 * frame <= peak_bytes(forward) <= 16 * frame + rows
    assert 16 * frame <= peak_bytes(backward) <= 18 * frame + rows  # a frame's gradient and product


def test_flops_by_hand() -> None:
    x, weight = torch.zeros(8, 5, 3, 7), torch.zeros(2, 3, 5)
    with FlopCounterMode(display=False) as counter:
        aggregate_frames(x, weight, 4, 2, [0, -1])
    elements = 2 * (8 // 2) * 5 * 3 * 7
    assert counter.get_total_flops() == elements * 3 * 2


@pytest.mark.parametrize("device", ["cpu", "meta"])
@pytest.mark.parametrize(
    ("x", "weight", "settings", "message"),
    [
        ((8, 3, 2), (1, 3, 3), (4, 1, [-1]), r"takes \(N\*4\) x C x H x W"),
        ((7, 3, 2, 2), (1, 3, 3), (4, 1, [-1]), r"not \(7, 3, 2, 2\)"),
        ((8, 3, 2, 2), (1, 3, 3), (4, 3, [-1]), "stride that divides 4, not .* and 3"),
        ((8, 3, 2, 2), (1, 3, 3), (0, 1, [-1]), r"\(N\*0\) x C x H x W"),
        ((8, 3, 2, 2), (1, 3, 3), (4, 0, [-1]), "a stride that divides 4"),
        ((8, 3, 2, 2), (1, 3, 3), (-2, 1, [-1]), r"\(N\*-2\) x C x H x W"),
        ((8, 3, 2, 2), (1, 3, 4), (4, 1, [-1]), "weights of 1 x K x 3"),
        ((8, 3, 2, 2), (1, 3, 3), (4, 1, [0, -1]), "weights of 2 x K x 3"),
        ((8, 3, 2, 2), (3, 3), (4, 1, [-1]), r"not \(3, 3\)"),
        ((8, 3, 2, 2), (1, 3, 3), (4, 1, [-3]), r"starts above -3 and below 1, not \[-3\]"),
        ((8, 3, 2, 2), (1, 3, 3), (4, 2, [2]), r"starts above -3 and below 2, not \[2\]"),
    ],
)
def test_what_makes_no_sense_is_refused(
    x: tuple[int, ...],
    weight: tuple[int, ...],
    settings: tuple[int, int, list[int]],
    message: str,
    device: str,
) -> None:
    with pytest.raises(ValueError, match=message):
        aggregate_frames(
            torch.zeros(x, device=device), torch.zeros(weight, device=device), *settings
        )


def test_weights_of_another_type_are_refused() -> None:
    x, weight = tensors(CASES[1])
    with pytest.raises(ValueError, match=r"weights of torch\.float64, not torch\.float32"):
        aggregate_frames(x, weight.float(), *CASES[1].settings)
