import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils.flop_counter import FlopCounterMode

from models.operators.shift import shift_frames

FORMATS = [torch.contiguous_format, torch.channels_last]


def frames_of(
    count: int,
    channels: int,
    memory_format: torch.memory_format = torch.contiguous_format,
    dtype: torch.dtype = torch.float64,
) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn((count, channels, 2, 3), generator=generator, dtype=torch.float64)
    return x.to(dtype).to(memory_format=memory_format).requires_grad_()


def definition(x: Tensor, frames: int, channels: int, steps: int) -> Tensor:
    shifted = []
    for clip in x.split(frames):
        for t in range(frames):
            frame = clip[t].clone()
            for part, source in ((0, t + steps), (channels, t - steps)):
                inside = 0 <= source < frames
                moved = clip[source, part : part + channels] if inside else 0
                frame[part : part + channels] = moved
            shifted.append(frame)
    return torch.stack(shifted)


def gradient(result: Tensor, x: Tensor) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    grad = torch.randn(result.shape, generator=generator, dtype=result.dtype)
    (by_x,) = torch.autograd.grad(result, x, grad)
    return by_x


def assert_as_defined(x: Tensor, frames: int, channels: int, steps: int) -> None:
    got, expected = (f(x, frames, channels, steps) for f in (shift_frames, definition))
    assert torch.equal(got, expected)
    assert torch.equal(gradient(got, x), gradient(expected, x))


@settings(deadline=None, max_examples=60)
@given(
    clips=st.integers(1, 3),
    frames=st.integers(1, 6),
    channels=st.integers(0, 3),
    rest=st.integers(0, 3),
    steps=st.integers(-7, 7),
    memory_format=st.sampled_from(FORMATS),
)
def test_it_is_its_definition(
    clips: int,
    frames: int,
    channels: int,
    rest: int,
    steps: int,
    memory_format: torch.memory_format,
) -> None:
    x = frames_of(clips * frames, max(1, 2 * channels + rest), memory_format)
    assert_as_defined(x, frames, channels, steps)


@pytest.mark.parametrize("memory_format", FORMATS, ids=["contiguous", "channels-last"])
@pytest.mark.parametrize(("frames", "channels", "steps"), [(1, 1, 1), (4, 1, 1), (4, 2, -3)])
def test_gradients_are_those_of_small_steps(
    frames: int, channels: int, steps: int, memory_format: torch.memory_format
) -> None:
    x = frames_of(4, 5, memory_format)

    def result(x: Tensor) -> Tensor:
        return shift_frames(x, frames, channels, steps)

    assert torch.autograd.gradcheck(result, (x,))
    assert torch.autograd.gradgradcheck(result, (x,))


@pytest.mark.filterwarnings("ignore:The .grad attribute")  # opcheck reads it of its own copies
@pytest.mark.parametrize("memory_format", FORMATS, ids=["contiguous", "channels-last"])
def test_torch_finds_the_operator_well_formed(memory_format: torch.memory_format) -> None:
    x = frames_of(8, 5, memory_format, torch.float32)
    for steps in (1, -1):
        torch.library.opcheck(shift_frames, (x, 4, 2, steps))


@pytest.mark.parametrize("memory_format", FORMATS, ids=["contiguous", "channels-last"])
def test_memory_format_is_that_of_the_input(memory_format: torch.memory_format) -> None:
    x = frames_of(8, 5, memory_format)
    shifted = shift_frames(x, 4, 2, 1)
    (grad,) = torch.autograd.grad(shifted, x, torch.ones_like(shifted))
    for each in (shifted, grad):
        assert [f for f in FORMATS if each.is_contiguous(memory_format=f)] == [memory_format]


@pytest.mark.parametrize("memory_format", FORMATS, ids=["contiguous", "channels-last"])
def test_frames_may_lie_apart(memory_format: torch.memory_format) -> None:
    x = frames_of(16, 5, memory_format)
    for view in (x[::2], x.transpose(2, 3), x[:, :1].expand(-1, 5, -1, -1)):
        assert_as_defined(view, 4, 2, 1)


def test_a_gradient_may_be_expanded() -> None:
    x = frames_of(8, 5)
    got, expected = (
        torch.autograd.grad(f(x, 4, 2, 1).sum(), x) for f in (shift_frames, definition)
    )
    assert torch.equal(*got, *expected)


@pytest.mark.parametrize("memory_format", FORMATS, ids=["contiguous", "channels-last"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_tensors_without_contents_have_the_same_shapes(
    dtype: torch.dtype, memory_format: torch.memory_format
) -> None:
    def run(x: Tensor) -> list[tuple[object, ...]]:
        shifted = shift_frames(x, 4, 2, 1)
        (grad,) = torch.autograd.grad(shifted, x, shifted)
        return [(each.shape, each.dtype, each.stride()) for each in (shifted, grad)]

    x = frames_of(8, 5, memory_format, dtype)
    real = run(x)
    assert {found for _, found, _ in real} == {dtype}
    assert run(x.to("meta")) == real
    with FakeTensorMode() as mode:
        assert run(mode.from_tensor(x)) == real


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision(dtype: torch.dtype) -> None:
    assert_as_defined(frames_of(8, 5, dtype=dtype), 4, 2, 1)


def test_the_input_is_left_as_it_was_and_not_kept() -> None:
    x = frames_of(8, 5)
    before = x.detach().clone()
    kept: list[Tensor] = []
    with torch.autograd.graph.saved_tensors_hooks(kept.append, lambda nothing: nothing):
        shift_frames(x, 4, 2, 1)
    assert torch.equal(x, before)
    assert kept == []


def test_a_copy_is_no_arithmetic() -> None:
    with FlopCounterMode(display=False) as counter:
        shift_frames(torch.zeros(8, 5, 2, 3), 4, 2, 1)
    assert counter.get_flop_counts()["Global"] == {torch.ops.blvbench.shift_frames: 0}


@pytest.mark.parametrize("device", ["cpu", "meta"])
@pytest.mark.parametrize(
    ("shape", "channels", "message"),
    [
        ((8, 4, 3), 1, r"takes \(N\*4\) x C x H x W"),
        ((7, 4, 3, 3), 1, r"not \(7, 4, 3, 3\)"),
        ((8, 3, 3, 3), 2, "at least 4 channels"),
        ((8, 4, 3, 3), -1, "at least -2 channels"),
    ],
)
def test_what_makes_no_sense_is_refused(
    shape: tuple[int, ...], channels: int, message: str, device: str
) -> None:
    with pytest.raises(ValueError, match=message):
        shift_frames(torch.zeros(shape, device=device), 4, channels, 1)
