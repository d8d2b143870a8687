"""MACs of transformers at the size of their papers, worked out by hand."""

from typing import NamedTuple

import pytest
import torch

import models
from bench.instruments import macs
from tests.models.networks import HAS_TRANSFORMERS

CLASSES = 400
MLP = 2 * 4  # two layers, with 4 times as many channels between them


class Hand(NamedTuple):
    """MACs by kind: convolutions, linear layers and products of activations."""

    conv: int
    linear: int
    matmul: int


def videomae_base() -> Hand:
    """Twelve blocks over tubes of 2 x 16 x 16 of 16 frames of 224 x 224."""
    tokens, width, blocks = 8 * 14 * 14, 768, 12
    in_block = tokens * width**2 * (3 + 1 + MLP)  # queries, keys and values; projection; MLP
    return Hand(
        conv=tokens * width * 3 * 2 * 16 * 16,
        linear=blocks * in_block + width * CLASSES,
        matmul=blocks * 2 * tokens**2 * width,
    )


def swin_tiny() -> Hand:
    """Windows of 8 x 7 x 7, which fill the places of every stage, over 32 frames of 224 x 224."""
    window, linear, matmul = 8 * 7 * 7, 0, 0
    for stage, blocks in enumerate((2, 2, 6, 2)):
        tokens, width = 16 * (56 >> stage) ** 2, 96 << stage
        linear += blocks * tokens * width**2 * (3 + 1 + MLP)
        matmul += blocks * 2 * tokens * window * width
        if stage < 3:  # four places become one, with twice the channels
            linear += tokens // 4 * 4 * width * 2 * width
    return Hand(conv=16 * 56**2 * 96 * 3 * 2 * 4 * 4, linear=linear + 768 * CLASSES, matmul=matmul)


def mvit_v2_small() -> Hand:
    """Sixteen blocks over 16 frames of 224 x 224; the first of a stage pools its queries."""
    frames = 8
    conv, linear, matmul = frames * 56**2 * 96 * 3 * 3 * 7 * 7, 768 * CLASSES, 0
    for stage, blocks in enumerate((1, 2, 11, 2)):
        width = 96 << stage
        for block in range(blocks):
            is_first = stage > 0 and block == 0
            side = 56 >> (stage - 1 if is_first else stage)  # of the input
            inputs = width // 2 if is_first else width
            queries_side, keys_side = 56 >> stage, side // (8 >> stage)
            tokens, queries = frames * side**2 + 1, frames * queries_side**2  # with a class token
            keys = frames * keys_side**2
            conv += (queries + 2 * keys) * width * 27  # depthwise pools of 3 x 3 x 3
            linear += tokens * inputs * width * (3 + is_first)  # the shortcut, where widths differ
            linear += (queries + 1) * width**2 * (1 + MLP)
            matmul += 2 * (queries + 1) * (keys + 1) * width
            matmul += queries * width * (frames + 2 * keys_side)  # relative positions
    return Hand(conv, linear, matmul)


@pytest.mark.parametrize(
    ("network", "frames", "by_hand"),
    [
        pytest.param(
            "videomae",
            16,
            videomae_base(),
            marks=pytest.mark.skipif(not HAS_TRANSFORMERS, reason="needs transformers"),
        ),
        ("swin3d_t", 32, swin_tiny()),
        ("mvit_v2_s", 16, mvit_v2_small()),
    ],
)
def test_counts_are_those_of_hand_arithmetic(network: str, frames: int, by_hand: Hand) -> None:
    with torch.device("meta"):
        model = models.create_model(network, num_classes=CLASSES, frames=frames)
    counted = macs.count(model, (1, 3, frames, 224, 224)).by_operator
    assert {kind: counted[kind] for kind in Hand._fields} == by_hand._asdict()
