from collections.abc import Sequence

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from models.aggregation import (
    WINDOWS,
    Aggregation,
    PairAggregation,
    PublishedAggregation,
    SplitAggregation,
    TemporalAggregation,
    TemporalAggregation3d,
)

KINDS: list[type[Aggregation]] = [
    TemporalAggregation,
    SplitAggregation,
    PairAggregation,
    PublishedAggregation,
]


def frames_of(count: int, channels: int) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    shape = (count, channels, 2, 3)
    return torch.randn(shape, generator=generator, dtype=torch.float64).requires_grad_()


def module_of(kind: type[Aggregation], channels: int, frames: int, window: int = 3) -> Aggregation:
    torch.manual_seed(1)
    return kind(channels, frames, window).double()


def assert_same(
    first: tuple[nn.Module, Sequence[Tensor]],
    second: tuple[nn.Module, Sequence[Tensor]],
    x: Tensor,
) -> None:
    """Two modules have the same weights and results, and gradients by `x` and the weights."""
    for one, other in zip(first[1], second[1], strict=True):
        torch.testing.assert_close(one, other)
    generator = torch.Generator().manual_seed(2)
    grads = [torch.randn(r.shape, generator=generator, dtype=r.dtype) for r in first[1]]
    got, expected = (
        torch.autograd.grad(results, (x, *module.parameters()), grads)
        for module, results in (first, second)
    )
    torch.testing.assert_close(got, expected)


@settings(deadline=None, max_examples=40)
@given(
    clips=st.integers(1, 3),
    frames=st.integers(1, 9),
    channels=st.integers(1, 5),
    window=st.sampled_from(WINDOWS),
    kind=st.sampled_from([TemporalAggregation, PublishedAggregation]),
)
def test_aggregation_is_its_definition(
    clips: int, frames: int, channels: int, window: int, kind: type[Aggregation]
) -> None:
    module = module_of(kind, channels, frames, window)
    x = torch.randn(clips, frames, channels, 2, 3, dtype=torch.float64)
    reach = window // 2
    expected = torch.zeros_like(x)
    for t in range(frames):
        for k in range(-reach, reach + 1):
            if 0 <= t + k < frames:
                weight = module.weights[k + reach].reshape(1, channels, 1, 1)
                expected[:, t] += weight * x[:, t + k]
    result = module(x.flatten(0, 1)).unflatten(0, (clips, frames))
    torch.testing.assert_close(result, expected.relu())


clips_of = given(
    clips=st.integers(1, 3),
    pairs=st.integers(1, 5),
    channels=st.integers(1, 4),
    window=st.sampled_from(WINDOWS),
)


@settings(deadline=None, max_examples=40)
@clips_of
def test_a_split_one_gives_odd_and_even_frames(
    clips: int, pairs: int, channels: int, window: int
) -> None:
    whole, split = (
        module_of(kind, channels, 2 * pairs, window)
        for kind in (TemporalAggregation, SplitAggregation)
    )
    x = frames_of(clips * 2 * pairs, channels)
    every = whole(x)
    assert_same((split, split(x)), (whole, [every[1::2], every[::2]]), x)


@settings(deadline=None, max_examples=40)
@clips_of
def test_a_pair_one_is_over_frames_that_are_equal_by_pairs(
    clips: int, pairs: int, channels: int, window: int
) -> None:
    whole, by_pairs = (
        module_of(kind, channels, 2 * pairs, window)
        for kind in (TemporalAggregation, PairAggregation)
    )
    x = frames_of(clips * pairs, channels)
    every = whole(x.repeat_interleave(2, dim=0))
    assert_same((by_pairs, by_pairs(x)), (whole, [every[1::2], every[::2]]), x)


@settings(deadline=None, max_examples=20)
@clips_of
def test_the_published_way_computes_the_same(
    clips: int, pairs: int, channels: int, window: int
) -> None:
    efficient, published = (
        module_of(kind, channels, pairs, window)
        for kind in (TemporalAggregation, PublishedAggregation)
    )
    x = frames_of(clips * pairs, channels)
    assert_same((efficient, [efficient(x)]), (published, [published(x)]), x)


@settings(deadline=None, max_examples=20)
@clips_of
def test_with_time_as_an_axis_it_is_the_same(
    clips: int, pairs: int, channels: int, window: int
) -> None:
    folded = module_of(TemporalAggregation, channels, pairs, window)
    unfolded = TemporalAggregation3d(channels, window).double()
    weights = torch.stack(list(folded.weights), dim=2)  # C x 1 x window x 1 x 1
    unfolded.load_state_dict({"0.weight": weights.detach()})
    x = frames_of(clips * pairs, channels)
    clip = x.unflatten(0, (clips, pairs)).transpose(1, 2)  # N x C x T x H x W
    torch.testing.assert_close(folded(x), unfolded(clip).transpose(1, 2).flatten(0, 1))


@pytest.mark.parametrize("kind", KINDS)
def test_the_input_is_left_as_it_was(kind: type[Aggregation]) -> None:
    x = frames_of(8, 8).detach()
    before = x.clone()
    module_of(kind, 8, 4)(x)
    assert torch.equal(x, before)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_under_autocast(kind: type[Aggregation], dtype: torch.dtype) -> None:
    module, x = module_of(kind, 8, 4), frames_of(8, 8)
    expected = module(x)
    (by_weight,) = torch.autograd.grad(sum_of(expected), module.weights[0])
    single = module.float()
    with torch.autocast("cpu", torch.bfloat16):
        got = single(x.detach().to(dtype))
    results, precise = (each if isinstance(each, list) else [each] for each in (got, expected))
    for result, exact in zip(results, precise, strict=True):
        assert result.dtype in {dtype, torch.bfloat16}
        torch.testing.assert_close(result.double(), exact, rtol=0.02, atol=0.02)
    (gradient,) = torch.autograd.grad(sum_of(got), single.weights[0])
    assert gradient.dtype == torch.float32
    torch.testing.assert_close(gradient.double(), by_weight, rtol=0.05, atol=0.05)


def sum_of(results: Tensor | list[Tensor]) -> Tensor:
    return torch.stack([each.sum() for each in results]).sum()
