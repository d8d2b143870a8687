import torch
from hypothesis import settings
from torch import nn

from models.i3d_resnet import TemporalAggregation3d
from models.tam import TemporalAggregation
from tests.models.aggregations import clips_of, frames_of, module_of
from tests.models.networks import build


@settings(deadline=None, max_examples=20)
@clips_of
def test_with_time_as_an_axis_a_tam_computes_the_same(
    clips: int, pairs: int, channels: int, window: int
) -> None:
    folded = module_of(TemporalAggregation, channels, pairs, window)
    unfolded = TemporalAggregation3d(channels, window).double()
    weights = torch.stack(list(folded.weights), dim=2)  # C x 1 x window x 1 x 1
    unfolded.load_state_dict({"0.weight": weights.detach()})
    x = frames_of(clips * pairs, channels)
    clip = x.unflatten(0, (clips, pairs)).transpose(1, 2)  # N x C x T x H x W
    torch.testing.assert_close(folded(x), unfolded(clip).transpose(1, 2).flatten(0, 1))


def test_kernels_are_those_of_an_inflated_resnet() -> None:
    with torch.device("meta"):
        model = build("i3d_resnet", depth=50)
    kernels = [m.kernel_size for m in model.modules() if isinstance(m, nn.Conv3d)]
    assert kernels.count((3, 7, 7)) == 1  # the stem
    assert kernels.count((3, 3, 3)) == 16  # one in each block
    assert kernels.count((1, 1, 1)) == 16 * 2 + 4  # two in each block, one in each stage
    assert len(kernels) == 1 + 16 + 36
