import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import models
from models.formulation import FORMULATIONS
from models.tam import Aggregation
from models.tsm import TemporalShift
from tests.models.networks import build, lively, logits

NARROW = 0.25


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


def test_the_input_is_left_as_it_was() -> None:
    x = torch.randn(8, 8, 3, 3)
    before = x.clone()
    TemporalShift(4)(x)
    assert torch.equal(x, before)


@pytest.mark.parametrize(("depth", "shifts"), [(18, 8), (50, 16), (101, 18), (152, 26)])
def test_tsm_shifts_every_second_block_of_long_networks(depth: int, shifts: int) -> None:
    with torch.device("meta"):
        model = build("tsm", depth=depth)
    assert sum(isinstance(module, TemporalShift) for module in model.modules()) == shifts


@settings(max_examples=15, deadline=None)
@given(
    frames=st.integers(1, 9),
    formulation=st.sampled_from([*FORMULATIONS]),
    seed=st.integers(0, 2**16),
)
def test_tsm_is_a_tam_that_moves_channels(frames: int, formulation: str, seed: int) -> None:
    torch.manual_seed(seed)
    shift = lively(models.create_model("tsm", num_classes=3, frames=frames, depth=18, width=NARROW))
    aggregation = models.create_model(
        "tam", num_classes=3, frames=frames, depth=18, width=NARROW, formulation=formulation
    )
    state = aggregation.double().eval().state_dict()
    aggregation.load_state_dict({**state, **shift.state_dict()})
    for module in aggregation.modules():
        if isinstance(module, Aggregation):
            imitate_shift(module)
    clip = torch.randn(2, 3, frames, 32, 32, dtype=torch.float64)
    torch.testing.assert_close(logits(aggregation, clip), logits(shift, clip))


def imitate_shift(module: Aggregation) -> None:
    """Weights that shift: an eighth of the channels from the next frame, an eighth from before.

    They are 0 or 1 and a block's input comes from a ReLU, so the module's own ReLU changes nothing.
    """
    before, here, after = module.weights
    eighth = len(here) // 8
    with torch.no_grad():
        before.zero_()[eighth : 2 * eighth] = 1
        here.zero_()[2 * eighth :] = 1
        after.zero_()[:eighth] = 1
