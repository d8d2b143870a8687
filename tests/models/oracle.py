"""Figures of the authors' networks with weights from a formula, and these weights."""

import json
from itertools import product
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

import models
from tests.models import probe

FOLDER = Path(__file__).parent / "oracle"
# file of the oracle -> our network and its options
NETWORKS: dict[str, tuple[str, dict[str, Any]]] = {
    "tsn_r50_t8": ("tsn", {"depth": 50}),
    "inception_t8": ("tsn", {"backbone": "inception_v1"}),
    "blresnet50": ("tsn_blnet", {"depth": 50}),
    "tsm_r50_t8": ("tsm", {"depth": 50}),
    "tsm_mobilenet_v2_t8": ("tsm", {"backbone": "mobilenet_v2"}),
    "tam_r50_t8": ("tam", {"depth": 50}),
    "tanet_r50_t8": ("tanet", {"depth": 50}),
    "i3d_r50_t8": ("i3d_resnet", {"depth": 50}),
    "i3d_3x1x1_r50_t8": ("i3d_3x1x1", {"depth": 50}),
    "i3d_t16": ("i3d", {}),
    "s3d_r50_t8": ("s3d_resnet", {"depth": 50}),
    "s3d_t16": ("s3d", {}),
    "blvnet_tam_r50_t16": ("blvnet_tam", {"depth": 50}),
    "blvnet_tam_r101_t16": ("blvnet_tam", {"depth": 101}),
    "c2d_r50_pooled_t8": ("c2d", {"depth": 50, "temporal_pooling": "max"}),
    "slowonly_r50_t8": ("slowonly", {"depth": 50}),
    "slowfast_r50_8x8_t32": ("slowfast", {"depth": 50}),
    "slowfast_r101_16x8_t64": ("slowfast", {"depth": 101, "sampling": "16x8"}),
    "r2plus1d_r50_t8": ("r2plus1d", {"depth": 50}),
    "csn_ir_r101_t8": ("csn", {"depth": 101}),
    "csn_ip_r50_t8": ("csn", {"depth": 50, "interaction": "preserved"}),
    "x3d_s_t13": ("x3d", {"variant": "s"}),
    "x3d_l_t16": ("x3d", {"variant": "l"}),
    "swin3d_t_t16": ("swin3d_t", {}),
    "hiera_base_t4": ("hiera", {}),
    "uniformer_small_t8": ("uniformer", {}),
    "uniformer_base_t8": ("uniformer", {"variant": "base"}),
    "uniformerv2_base_t2": ("uniformerv2", {}),
    "uniformerv2_base_motion_t4": ("uniformerv2", {"design": "motion"}),
}
# Transformers over whole clips: tests/journeys/test_oracle_of_transformers.py runs them.
TRANSFORMERS: dict[str, tuple[str, dict[str, Any]]] = {
    "swin3d_t_t32": ("swin3d_t", {}),
    "swin3d_b_t4": ("swin3d_b", {}),
    "mvit_v1_b_t16": ("mvit_v1_b", {}),
    "mvit_v2_s_t16": ("mvit_v2_s", {}),
    "timesformer_t8": ("timesformer", {}),
    "videomae_base_t16": ("videomae", {}),
    "videomae_large_t2": ("videomae", {"variant": "large"}),
    "vjepa2_large_t2": ("vjepa2", {}),
}
ALL = NETWORKS | TRANSFORMERS
WINDOW = (8, 7, 7)  # of a Video Swin: T x H x W


def read(name: str) -> dict[str, Any]:
    """The figures in a file of the oracle."""
    content: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return content


def build(name: str, **others: Any) -> nn.Module:
    """Our network with `others` as further options, on torch's current device."""
    oracle, (network, options) = read(name), ALL[name]
    return models.create_model(
        network,
        num_classes=len(oracle["logits"][0]),
        frames=oracle["frames"],
        **options,
        **others,
    )


def weights(name: str, dtype: torch.dtype = torch.float64) -> dict[str, Tensor]:
    """The weights under the authors' names."""
    filled = probe.fill(read(name)["state_shapes"])
    tensors = {key: torch.as_tensor(value) for key, value in filled.items()}
    indices = {key: positions() for key in tensors if key.endswith("relative_position_index")}
    tensors |= indices
    return {k: v.to(dtype) if v.is_floating_point() else v for k, v in tensors.items()}


def clip(name: str) -> Tensor:
    """The oracle's clip, N x 3 x T x H x W, float64."""
    return torch.as_tensor(probe.clip(tuple(read(name)["input_shape"]))).transpose(1, 2)


def positions() -> Tensor:
    """Which weight of a Video Swin's table biases the attention of one place to another."""
    places = torch.tensor(list(product(*map(range, WINDOW))))
    _, height, width = (2 * side - 1 for side in WINDOW)
    steps = places[:, None] - places + torch.tensor(WINDOW) - 1  # places x places x 3
    return (steps * torch.tensor([height * width, width, 1])).sum(-1)


def save(name: str, path: Path) -> None:
    """Write the weights as a training script does."""
    state = {f"module.{key}": value for key, value in weights(name).items()}
    torch.save({"epoch": 50, "arch": name, "state_dict": state}, path)


def load(name: str, path: Path, dtype: torch.dtype = torch.float64) -> nn.Module:
    """Our network with the weights in `path`, in eval mode. Each of them must be loaded."""
    model = build(name).to(dtype)
    report = models.load_checkpoint(model, path)
    assert set(report.loaded) == {f"module.{key}" for key in read(name)["state_shapes"]}
    return model.eval()


def error(name: str, model: nn.Module, dtype: torch.dtype = torch.float64) -> float:
    """The largest difference between our logits and theirs, as a part of their largest logit."""
    expected = torch.tensor(read(name)["logits"], dtype=torch.float64)
    with torch.no_grad():
        logits = model(clip(name).to(dtype)).double()
    return ((logits - expected).abs().max() / expected.abs().max()).item()
