import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models.temporal import TemporalAggregation, TemporalShift


@settings(deadline=None, max_examples=40)
@given(
    clips=st.integers(1, 3),
    frames=st.integers(1, 9),
    channels=st.integers(1, 5),
    window=st.sampled_from([3, 5, 7]),
)
def test_aggregation_is_its_definition(clips: int, frames: int, channels: int, window: int) -> None:
    module = TemporalAggregation(channels, frames, window).double()
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


@settings(deadline=None, max_examples=40)
@given(clips=st.integers(1, 3), frames=st.integers(1, 9), channels=st.integers(1, 40))
def test_shift_is_its_definition(clips: int, frames: int, channels: int) -> None:
    x = torch.randn(clips, frames, channels, 2, 3)
    expected = x.clone()
    eighth = channels // 8
    for t in range(frames):
        after = x[:, t + 1, :eighth] if t + 1 < frames else 0
        before = x[:, t - 1, eighth : 2 * eighth] if t > 0 else 0
        expected[:, t, :eighth] = after
        expected[:, t, eighth : 2 * eighth] = before
    result = TemporalShift(frames)(x.flatten(0, 1)).unflatten(0, (clips, frames))
    assert torch.equal(result, expected)


@pytest.mark.parametrize(
    "module", [TemporalAggregation(8, 4), TemporalShift(4)], ids=["tam", "tsm"]
)
def test_the_input_is_left_as_it_was(module: torch.nn.Module) -> None:
    x = torch.randn(8, 8, 3, 3)
    before = x.clone()
    module(x)
    assert torch.equal(x, before)
