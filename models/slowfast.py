"""SlowFast: two ResNets (models/resnet3d.py) over one clip, at two frame rates.

The fast pathway sees every frame with an eighth of the channels. The slow one sees one frame in 8
or 4; at the entry of each stage, convolutions of the fast features join its input.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor, nn

from models.chain import Chain
from models.clip import check_clip
from models.formulation import EFFICIENT, FORMULATIONS, save_memory
from models.head import ConsensusHead
from models.initialise import initialise
from models.layouts import Layout, Rule
from models.norm import BatchNorm3d
from models.registry import register
from models.resnet import BLOCKS, STAGE_WIDTHS, STEM_WIDTH, build_stage
from models.resnet3d import (
    SPATIAL_STRIDES,
    Parts3d,
    clip_means,
    convolution3d,
    normed,
    parts3d,
    pooled_stem,
)
from models.widths import WIDTHS, scale_channels
from models.zoo_layouts import (
    CAFFE2_BLOCKS,
    CAFFE2_TRAINING,
    PYTORCHVIDEO_BLOCKS,
    SLOWFAST_BLOCKS,
    caffe2_trunk,
    pytorchvideo_classifier,
    pytorchvideo_trunk,
    slowfast_trunk,
)

DEPTHS = (50, 101)
FAST_SHARE = 8  # the slow pathway has so many times the channels of the fast one
# slow frames x their distance -> frames of the clip for each slow frame
RATIOS = {"4x16": 8, "8x8": 4, "16x8": 4}
LATERAL_FRAMES = 5  # that a lateral convolution spans
LATERAL_FRAMES_OF = {(50, "8x8"): 7}  # (depth, sampling), where it differs
# blocks of stage 3 that convolve in time, where not all do
TEMPORAL_BLOCKS_OF = {"16x8": 6}

FLAT, TEMPORAL = (parts3d(normed((1, 3, 3)), entry=(time, 1, 1)) for time in (1, 3))

PYTORCHVIDEO = Layout(
    (
        *pytorchvideo_trunk(r"slow\.", "multipathway_blocks.0."),
        *pytorchvideo_trunk(r"fast\.", "multipathway_blocks.1."),
        (r"^laterals\.(\d)\.conv1\.", r"blocks.\1.multipathway_fusion.conv_fast_to_slow."),
        (r"^laterals\.(\d)\.bn1\.", r"blocks.\1.multipathway_fusion.norm."),
        *PYTORCHVIDEO_BLOCKS,
        pytorchvideo_classifier(block=6),
    )
)
_FUSIONS: tuple[Rule, ...] = tuple(
    (rf"^laterals\.{stage}\.", f"s{stage + 1}_fuse.") for stage in range(4)
)
SLOWFAST = Layout(
    (
        *slowfast_trunk(r"slow\.", 0),
        *slowfast_trunk(r"fast\.", 1),
        *_FUSIONS,
        (r"_fuse\.conv1\.", "_fuse.conv_f2s."),
        (r"_fuse\.bn1\.", "_fuse.bn."),
        *SLOWFAST_BLOCKS,
    )
)


def caffe2(depth: int) -> Layout:
    """Caffe2's files; a lateral convolution is named after the layers before it."""
    last = [f"res{stage}_{blocks - 1}_branch2c_bn" for stage, blocks in enumerate(BLOCKS[depth], 2)]
    laterals = [
        (rf"^laterals\.{number}\.", f"t_{source}_subsample.")
        for number, source in enumerate(("pool1", *last[:-1]))
    ]
    return Layout(
        (
            *caffe2_trunk(r"slow\."),
            *caffe2_trunk(r"fast\.", "t_"),
            *laterals,
            (r"_subsample\.conv1\.", "_subsample_"),
            (r"_subsample\.bn1\.", "_subsample_bn_"),
            *CAFFE2_BLOCKS,
        ),
        CAFFE2_TRAINING,
    )


def slow_frames(frames: int, count: int) -> list[int]:
    """The `count` frames of the slow pathway: evenly spread from the first to the last frame."""
    return [index * (frames - 1) // max(count - 1, 1) for index in range(count)]


def lateral(channels: int, span: int, ratio: int) -> Chain:
    """A convolution along time that brings fast features to the slow pathway's frame rate.

    It maps N x `channels` x T x H x W to twice the channels and T / `ratio` time steps.
    """
    return Chain(
        OrderedDict(
            conv1=convolution3d((span, 1, 1), channels, 2 * channels, (ratio, 1, 1)),
            bn1=BatchNorm3d(2 * channels),
            relu=nn.ReLU(inplace=True),
        )
    )


class Pathway(nn.Module):
    """The stem and the stages of a ResNet of `depth` layers; `channels` are those of their outputs.

    The kernel of the stem spans `stem_frames`; `parts` are those of a block, by the positions of
    the stage and of the block in it. `joined` channels are added to the input of each stage.
    """

    def __init__(
        self,
        depth: int,
        stem_frames: int,
        parts: Callable[[int, int], Parts3d],
        *,
        width: float,
        joined: Sequence[int] = (0, 0, 0, 0),
    ) -> None:
        super().__init__()
        self.channels = [scale_channels(STEM_WIDTH, width)]
        self.stem = pooled_stem((stem_frames, 7, 7), self.channels[0])
        self.stages = nn.ModuleList()
        for position, planes in enumerate(STAGE_WIDTHS):
            stage, outputs = build_stage(
                depth,
                position,
                self.channels[position] + joined[position],
                scale_channels(planes, width),
                SPATIAL_STRIDES[position],
                partial(parts, position),
                lambda number, inputs: nn.Identity(),
            )
            self.stages.append(stage)
            self.channels.append(outputs)


class SlowFast(nn.Module):
    """A SlowFast network of `depth` layers over clips of `frames`, those of the fast pathway.

    `sampling` is one of `RATIOS`.
    """

    def __init__(
        self,
        depth: int,
        sampling: str,
        *,
        num_classes: int,
        frames: int,
        width: float,
        formulation: str,
    ) -> None:
        super().__init__()
        self.frames, ratio = frames, RATIOS[sampling]
        self.slow_frames = slow_frames(frames, frames // ratio)
        temporal_blocks = TEMPORAL_BLOCKS_OF.get(sampling)

        def fast_parts(stage: int, block: int) -> Parts3d:
            is_flat = stage == 2 and temporal_blocks is not None and block >= temporal_blocks
            return FLAT if is_flat else TEMPORAL

        def slow_parts(stage: int, block: int) -> Parts3d:
            return FLAT if stage < 2 else fast_parts(stage, block)

        self.fast = Pathway(depth, 5, fast_parts, width=width / FAST_SHARE)
        sources = self.fast.channels[:-1]
        self.slow = Pathway(
            depth, 1, slow_parts, width=width, joined=[2 * channels for channels in sources]
        )
        span = LATERAL_FRAMES_OF.get((depth, sampling), LATERAL_FRAMES)
        self.laterals = nn.ModuleList(lateral(channels, span, ratio) for channels in sources)
        initialise(self)
        self.head = ConsensusHead(self.slow.channels[-1] + self.fast.channels[-1], num_classes)
        if formulation == EFFICIENT:
            save_memory(self)

    def forward(self, clip: Tensor) -> Tensor:
        """Map N x 3 x T x H x W to N x classes."""
        check_clip(clip, self.frames)
        slow = [self.slow.stem([torch.stack([clip[:, :, t] for t in self.slow_frames], dim=2)])]
        fast = [self.fast.stem([clip])]
        stages = zip(self.laterals, self.slow.stages, self.fast.stages, strict=True)
        for join, slow_stage, fast_stage in stages:
            slow.append(torch.cat((slow.pop(), join([*fast])), dim=1))
            slow = [slow_stage(slow)]  # after the last: N x C x T / ratio x H/32 x W/32
            fast = [fast_stage(fast)]  # N x C / 8 x T x H/32 x W/32
        means = torch.cat((clip_means(slow.pop()), clip_means(fast.pop())), dim=1)  # N x C
        return self.head(means, clip.shape[0])


@register(
    depths=DEPTHS,
    source="Feichtenhofer et al., SlowFast Networks, ICCV 2019",
    frame_multiple=max(RATIOS.values()),
    smallest_clip=(16, 64),
    choices={"sampling": RATIOS, "width": WIDTHS, "formulation": FORMULATIONS},
    layouts=(PYTORCHVIDEO, SLOWFAST, *map(caffe2, DEPTHS)),
    differing={"MMAction2": "its lateral convolutions have neither norms nor ReLUs"},
)
def slowfast(
    *,
    num_classes: int,
    frames: int,
    depth: int,
    sampling: str = "8x8",
    width: float = 1.0,
    formulation: str = "efficient",
) -> SlowFast:
    """A slow and a fast pathway over one clip; `frames` are those of the fast one."""
    return SlowFast(
        depth,
        sampling,
        num_classes=num_classes,
        frames=frames,
        width=width,
        formulation=formulation,
    )
