import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from models.blvnet_tam import PairAggregation, SplitAggregation
from models.tam import WINDOWS, Aggregation, PublishedAggregation, TemporalAggregation
from tests.models.aggregations import assert_same, clips_of, frames_of, module_of

KINDS: list[type[Aggregation]] = [
    TemporalAggregation,
    SplitAggregation,
    PairAggregation,
    PublishedAggregation,
]


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
