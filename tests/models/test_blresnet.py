import torch
from torch import Tensor, nn

from models.blresnet import (
    BigLittleModule,
    BigLittleStem,
    BLResNet,
    Bottleneck,
    residual_blocks,
)


def test_fusions_empty_the_list_and_change_the_size_by_their_stride() -> None:
    def frames() -> list[Tensor]:
        return [torch.ones(2, 8, 16, 16), torch.ones(2, 8, 16, 16)]

    for fusion, shape in (
        (BigLittleStem(8, alpha=2), (2, 8, 8, 8)),
        (BigLittleModule(8, 12, 4, 2, alpha=2, beta=4), (2, 12, 8, 8)),
        (BigLittleModule(8, 12, 4, 1, alpha=2, beta=4), (2, 12, 16, 16)),
    ):
        inputs = frames()
        assert fusion(inputs).shape == shape
        assert inputs == []


def test_a_fresh_block_is_its_shortcut() -> None:
    network = BLResNet(50, alpha=2, beta=4, width=0.1).eval()
    block = network.last_stage[1]
    x = torch.randn(2, network.features, 3, 3)
    assert torch.equal(block(x), x.relu())


def test_only_the_last_of_several_blocks_may_lack_its_last_relu() -> None:
    def relus(count: int) -> list[bool]:
        blocks = residual_blocks(8, 8, count, last_relu=False)
        return [isinstance(block.last, nn.ReLU) for block in blocks]

    assert relus(1) == [True]
    assert relus(3) == [True, True, False]


def test_a_block_applies_its_temporal_module_before_the_downsampling() -> None:
    class Zero(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.zeros_like(x)

    x = torch.ones(2, 8, 4, 4)
    changed = Bottleneck(8, 12, temporal=Zero()).eval()
    kept = Bottleneck(8, 8, temporal=Zero()).eval()
    with torch.no_grad():
        assert not changed(x).any()
        assert torch.equal(kept(x), x)
