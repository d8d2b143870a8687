"""Names and arrangements of weights in files of transformers, beside those of the oracle."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

import models
from models.arrangements import evaluate, sources
from models.layouts import Layout
from models.transformer_layouts import MVIT_LAYOUTS, SWIN_LAYOUTS, TIMESFORMER, VIDEOMAE
from tests.models.networks import HAS_TRANSFORMERS, build


@pytest.mark.parametrize(
    ("layout", "ours", "theirs"),
    [
        (SWIN_LAYOUTS[0], "network.norm.bias", "backbone.norm3.bias"),
        (SWIN_LAYOUTS[1], "network.norm.bias", "backbone.norm.bias"),
        (
            SWIN_LAYOUTS[1],
            "network.features.3.reduction.weight",
            "backbone.layers.1.downsample.reduction.weight",
        ),
        (MVIT_LAYOUTS[0], "network.pos_encoding.class_token", "cls_token [0] [0]"),
        (MVIT_LAYOUTS[0], "network.blocks.0.attn.qkv.bias", "blocks.0.attn.qkv.bias"),
        (
            MVIT_LAYOUTS[1],
            "network.blocks.0.attn.qkv.bias",
            "blocks.0.attn.q.bias + blocks.0.attn.k.bias + blocks.0.attn.v.bias",
        ),
        (MVIT_LAYOUTS[1], "network.pos_encoding.temporal_pos", "pos_embed_temporal [0]"),
        (MVIT_LAYOUTS[1], "network.head.1.weight", "head.projection.weight"),
        (
            VIDEOMAE,
            "network.videomae.encoder.layer.3.attention.attention.value.weight",
            "blocks.3.attn.qkv.weight [2/3]",
        ),
        (
            TIMESFORMER,
            "network.timesformer.encoder.layer.3.temporal_attention.output.dense.bias",
            "blocks.3.temporal_attn.proj.bias",
        ),
    ],
)
def test_names_in_files(layout: Layout, ours: str, theirs: str) -> None:
    assert layout.rename(ours) == theirs


def invert(layout: Layout, weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """A file of `layout` that holds `weights`, which have our names."""
    file: dict[str, Tensor] = {}
    for name, value in weights.items():
        expression = layout.rename(name)
        names = sources(expression)
        if len(names) > 1:
            file |= dict(zip(names, value.chunk(len(names)), strict=True))
        elif "/3]" in expression:
            parts = file.setdefault(names[0], torch.zeros(3 * len(value), *value.shape[1:]))
            evaluate(expression, {names[0]: parts}).copy_(value)
        else:
            ones = expression.count("[0]")
            file[names[0]] = value.reshape((1,) * ones + value.shape)
    return file


@pytest.mark.parametrize(
    ("network", "layout"),
    [
        ("mvit_v1_b", MVIT_LAYOUTS[1]),
        ("mvit_v2_s", MVIT_LAYOUTS[0]),
        ("swin3d_t", SWIN_LAYOUTS[1]),
        pytest.param(
            "videomae",
            VIDEOMAE,
            marks=pytest.mark.skipif(not HAS_TRANSFORMERS, reason="needs transformers"),
        ),
    ],
)
def test_a_file_is_read_strictly(network: str, layout: Layout, tmp_path: Path) -> None:
    model, path = build(network), tmp_path / "theirs.pyth"
    weights = {name: value.clone() for name, value in model.state_dict().items()}
    file = invert(layout, weights)
    torch.save({"model_state": file}, path)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    assert set(models.load_checkpoint(model, path).loaded) == set(file)
    assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())
    name = next(name for name in file if ".attn." in name and name.endswith("weight"))
    torch.save({"model_state": {k: v for k, v in file.items() if k != name}}, path)
    with pytest.raises(models.CheckpointError, match=f"'{name}' is missing"):
        models.load_checkpoint(model, path)
    torch.save({"model_state": file | {name: file[name][1:]}}, path)
    with pytest.raises(models.CheckpointError, match=rf"'{name}.*' is \(.*\) in the file and"):
        models.load_checkpoint(model, path)
