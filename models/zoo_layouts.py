"""Layouts of checkpoints of ResNets in three model zoos.

PyTorchVideo, SlowFast (its authors' repository) and MMAction2 publish the same networks under
different names; files of Caffe2 are SlowFast's as well. A layout is the rules for the trunk, for
the blocks and for the classifier.
"""

from collections.abc import Sequence

from models.layouts import Layout, Rule

Rules = tuple[Rule, ...]

PYTORCHVIDEO_BLOCKS: Rules = (
    *((rf"\.residual\.conv{n}\.", f".branch2.conv_{x}.") for n, x in enumerate("abc", 1)),
    *((rf"\.residual\.bn{n}\.", f".branch2.norm_{x}.") for n, x in enumerate("abc", 1)),
    (r"\.downsample\.0\.", ".branch1_conv."),
    (r"\.downsample\.1\.", ".branch1_norm."),
)
SLOWFAST_BLOCKS: Rules = (
    *((rf"\.residual\.conv{n}\.", f".branch2.{x}.") for n, x in enumerate("abc", 1)),
    *((rf"\.residual\.bn{n}\.", f".branch2.{x}_bn.") for n, x in enumerate("abc", 1)),
    (r"\.downsample\.0\.", ".branch1."),
    (r"\.downsample\.1\.", ".branch1_bn."),
    (r"^head\.classifier\.", "head.projection."),
)
MMACTION2_BLOCKS: Rules = (
    (r"\.residual\.conv(\d)\.", r".conv\1.conv."),
    (r"\.residual\.bn(\d)\.", r".conv\1.bn."),
    (r"\.downsample\.0\.", ".downsample.conv."),
    (r"\.downsample\.1\.", ".downsample.bn."),
    (r"^head\.classifier\.", "cls_head.fc_cls."),
)
# riv is named for an inverse, but it is the variance: Caffe2's operator divides by the root of riv
# plus eps.
CAFFE2_BLOCKS: Rules = (
    *((rf"\.residual\.conv{n}\.", f"_branch2{x}_") for n, x in enumerate("abc", 1)),
    *((rf"\.residual\.bn{n}\.", f"_branch2{x}_bn_") for n, x in enumerate("abc", 1)),
    (r"\.downsample\.0\.", "_branch1_"),
    (r"\.downsample\.1\.", "_branch1_bn_"),
    (r"^head\.classifier\.", "pred_"),
    (r"_bn_weight$", "_bn_s"),
    (r"_running_mean$", "_rm"),
    (r"_running_var$", "_riv"),
    (r"_weight$", "_w"),
    (r"_bias$", "_b"),
)
CAFFE2_TRAINING = r"^(lr|model_iter)$|_momentum$"  # what a training goes on from


def pytorchvideo_trunk(
    ours: str = "", theirs: str = "", stages: Sequence[int] = (1, 2, 3, 4)
) -> Rules:
    """The stem and the stages, in a list of blocks in which the stages are at `stages`.

    `ours` is what we put before the names of a pathway, `theirs` what the file puts in them.
    """
    return (
        (rf"^{ours}stem\.conv1\.", f"blocks.0.{theirs}conv."),
        (rf"^{ours}stem\.bn1\.", f"blocks.0.{theirs}norm."),
        *(
            (rf"^{ours}stages\.{stage}\.(\d+)", rf"blocks.{block}.{theirs}res_blocks.\1")
            for stage, block in enumerate(stages)
        ),
    )


def pytorchvideo_classifier(block: int) -> Rule:
    """The classifier, at position `block` of the list."""
    return r"^head\.classifier\.", f"blocks.{block}.proj."


def slowfast_trunk(ours: str = "", pathway: int = 0) -> Rules:
    """The stem and the stages of a pathway; `ours` is what we put before their names."""
    return (
        (rf"^{ours}stem\.conv1\.", f"s1.pathway{pathway}_stem.conv."),
        (rf"^{ours}stem\.bn1\.", f"s1.pathway{pathway}_stem.bn."),
        *(
            (rf"^{ours}stages\.{stage}\.(\d+)", rf"s{stage + 2}.pathway{pathway}_res\1")
            for stage in range(4)
        ),
    )


def caffe2_trunk(ours: str = "", theirs: str = "") -> Rules:
    """The stem and the stages of a pathway.

    `ours` is what we put before the names of a pathway, `theirs` what the file puts before them.
    """
    return (
        (rf"^{ours}stem\.conv1\.", f"{theirs}conv1_"),
        (rf"^{ours}stem\.bn1\.", f"{theirs}res_conv1_bn_"),
        *((rf"^{ours}stages\.{stage}\.(\d+)", rf"{theirs}res{stage + 2}_\1") for stage in range(4)),
    )


MMACTION2_TRUNK: Rules = (
    (r"^stem\.conv1\.", "backbone.conv1.conv."),
    (r"^stem\.bn1\.", "backbone.conv1.bn."),
    *((rf"^stages\.{stage}\.", f"backbone.layer{stage + 1}.") for stage in range(4)),
)

MMACTION2_IMAGES: Rules = (  # of a TSN over an image network of torchvision or timm
    (r"^trunk\.network\.", "backbone."),
    (r"^head\.classifier\.", "cls_head.fc_cls."),
)
MMACTION2_FRAMES: Rules = ((r"^trunk\.", ""), *MMACTION2_TRUNK, *MMACTION2_BLOCKS)  # of a TSN

PYTORCHVIDEO = Layout(
    (*pytorchvideo_trunk(), *PYTORCHVIDEO_BLOCKS, pytorchvideo_classifier(block=5))
)
PYTORCHVIDEO_POOLED = Layout(  # the pool after stage 1 is a block of its own
    (
        *pytorchvideo_trunk(stages=(1, 3, 4, 5)),
        *PYTORCHVIDEO_BLOCKS,
        pytorchvideo_classifier(block=6),
    )
)
SLOWFAST = Layout((*slowfast_trunk(), *SLOWFAST_BLOCKS), averages=True)
CAFFE2 = Layout((*caffe2_trunk(), *CAFFE2_BLOCKS), CAFFE2_TRAINING)
MMACTION2 = Layout((*MMACTION2_TRUNK, *MMACTION2_BLOCKS))
