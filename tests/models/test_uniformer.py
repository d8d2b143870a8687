from typing import Any

import pytest
import torch
from torch import nn

import models
from models.attention import StochasticDepth
from models.formulation import FORMULATIONS
from models.uniformer import Embedding
from tests.models.formulations import simulate_training
from tests.models.networks import build, lively, logits

NARROW = 0.125


def networks_of_both_formulations(frames: int) -> list[nn.Module]:
    torch.manual_seed(0)
    found = [
        models.create_model(
            "uniformer", num_classes=5, frames=frames, width=NARROW, formulation=formulation
        )
        for formulation in FORMULATIONS
    ]
    found[0].load_state_dict(lively(found[1]).state_dict())
    return [found[0].double().eval(), found[1]]


@pytest.mark.parametrize(("frames", "height", "width"), [(1, 32, 32), (5, 70, 41), (8, 64, 96)])
def test_it_takes_any_frames_and_pixels_in_both_formulations(
    frames: int, height: int, width: int
) -> None:
    clip = torch.randn(2, 3, frames, height, width, dtype=torch.float64)
    one, other = (logits(model, clip) for model in networks_of_both_formulations(frames))
    assert one.shape == (2, 5)
    torch.testing.assert_close(one, other, rtol=1e-6, atol=0)


def test_each_stage_sees_what_the_paper_says() -> None:
    with torch.device("meta"):
        model = models.create_model("uniformer", num_classes=5, frames=16, variant="base")
        x = torch.empty(1, 3, 16, 224, 224)
        shapes = []
        for stage in model.get_submodule("stages").children():
            x = stage([x])
            shapes.append((tuple(x.shape[1:]), len(stage) - 1))  # type: ignore[arg-type]
    assert shapes == [
        ((64, 8, 56, 56), 5),
        ((128, 8, 28, 28), 8),
        ((320, 8, 14, 14), 20),
        ((512, 8, 7, 7), 7),
    ]


def test_only_the_published_formulation_stores_a_matrix_of_all_pairs_of_tokens() -> None:
    peaks = simulate_training("uniformer", 16)
    tokens, heads, blocks = 8 * 14 * 14, 5, 8
    assert peaks[1] - peaks[0] > blocks * heads * tokens**2 * 4


def test_an_embedding_normalises_the_channels_of_each_position() -> None:
    out = Embedding(3, 16, is_first=True)(torch.randn(2, 3, 5, 8, 12))
    assert out.shape == (2, 16, 3, 2, 3)
    torch.testing.assert_close(out.mean(1), torch.zeros(2, 3, 2, 3), atol=1e-5, rtol=0)


@pytest.mark.parametrize(("variant", "most"), [("small", 0.1), ("base", 0.3)])
def test_later_blocks_drop_more_clips(variant: str, most: float) -> None:
    with torch.device("meta"):
        model = build("uniformer", variant=variant)
    rates = [m.p for m in model.modules() if isinstance(m, StochasticDepth)]
    positions, mixing, mlps = rates[::3], rates[1::3], rates[2::3]
    assert set(positions) == {0}
    assert mixing == mlps == sorted(mixing)
    assert mixing[0] == 0
    assert mixing[-1] == pytest.approx(most)


def test_linear_layers_start_from_narrow_normal_weights() -> None:
    linear = [m for m in build("uniformer").modules() if isinstance(m, nn.Linear)]
    large = [m for m in linear if m.weight.numel() > 1e5]
    assert all(m.weight.std().item() == pytest.approx(0.02, rel=0.05) for m in large)
    assert not any(m.bias.any() for m in linear)
    assert len(large) > 20


def test_an_image_network_becomes_the_mean_over_time(tmp_path: Any) -> None:
    """As its authors inflate, so that a clip of one picture gets the answer of the picture."""
    model = build("uniformer", width=NARROW)
    layout = models.get_network("uniformer").layouts[0]
    image = {layout.rename(name): value.clone() for name, value in model.state_dict().items()}
    image = {name: v.mean(2) if v.dim() == 5 else v for name, v in image.items()}
    torch.save(image, tmp_path / "image.pth")
    report = models.load_image_checkpoint(model, tmp_path / "image.pth")
    assert report.is_complete
    kernel = model.get_parameter("stages.0.block0.mixing.branch.attn.weight")
    torch.testing.assert_close(kernel.sum(2), image["blocks1.0.attn.weight"])
    torch.testing.assert_close(kernel[:, :, 0], kernel[:, :, 4])


def test_names_in_the_authors_files() -> None:
    names = {
        "stages.0.embedding.proj.weight": "patch_embed1.proj.weight",
        "stages.1.block3.positions.branch.conv.bias": "blocks2.3.pos_embed.bias",
        "stages.1.block3.mixing.branch.norm.running_var": "blocks2.3.norm1.running_var",
        "stages.1.block3.mixing.branch.conv2.weight": "blocks2.3.conv2.weight",
        "stages.1.block3.mixing.branch.attn.weight": "blocks2.3.attn.weight",
        "stages.2.block19.mixing.branch.attn.qkv.weight": "blocks3.19.attn.qkv.weight",
        "stages.2.block19.mlp.branch.norm.weight": "blocks3.19.norm2.weight",
        "stages.2.block19.mlp.branch.fc2.bias": "blocks3.19.mlp.fc2.bias",
        "norm.running_mean": "norm.running_mean",
        "head.weight": "head.weight",
    }
    authors, mmaction2 = models.get_network("uniformer").layouts
    assert {ours: authors.rename(ours) for ours in names} == names
    assert {ours: mmaction2.rename(ours) for ours in names} == {
        ours: f"backbone.{theirs}".replace("backbone.head.", "cls_head.fc_cls.")
        for ours, theirs in names.items()
    }


def test_a_file_of_mmaction2(tmp_path: Any) -> None:
    model, path = build("uniformer", width=NARROW), tmp_path / "theirs.pth"
    authors = models.get_network("uniformer").layouts[0]
    theirs = {authors.rename(name): value + 1 for name, value in model.state_dict().items()}
    file = {
        f"backbone.{k}".replace("backbone.head.", "cls_head.fc_cls."): theirs[k] for k in theirs
    }
    torch.save({"meta": {}, "state_dict": file}, path)
    assert set(models.load_checkpoint(model, path).loaded) == set(file)
    loaded = model.state_dict()
    assert all(torch.equal(loaded[name], theirs[authors.rename(name)]) for name in loaded)
