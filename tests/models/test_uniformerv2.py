from pathlib import Path

import pytest
import torch
from torch import nn

import models
from bench.instruments import macs, params
from models.attention import StochasticDepth
from models.uniformerv2 import OverPatches, QuickGELU, ramp
from tests.models.formulations import simulate_training
from tests.models.networks import build, lively, logits

NARROW = 0.125
CLIP = (1, 3, 4, 224, 224)
KINETICS, SOMETHING = 400, 174  # classes

# Tables 7 and 11 of the paper (arXiv 2211.09552): variant, design, frames, classes, views ->
# teraFLOPs of all views and millions of parameters.
PRINTED = {
    ("base", "scene", 8, KINETICS, 3): ("0.4", "115"),
    ("large", "scene", 8, KINETICS, 3): ("2.0", "354"),
    ("large", "scene", 8, KINETICS, 12): ("8.0", "354"),
    ("large", "scene", 32, KINETICS, 6): ("16.0", "354"),
    ("large_336", "scene", 32, KINETICS, 6): ("37.6", "354"),
    ("large_336", "scene", 64, KINETICS, 6): ("75.3", "354"),
    ("base", "motion", 16, SOMETHING, 3): ("0.6", "163"),
    ("base", "motion", 32, SOMETHING, 3): ("1.1", "163"),
    ("large", "motion", 16, SOMETHING, 3): ("2.6", "574"),
    ("large", "motion", 32, SOMETHING, 3): ("5.2", "574"),
}
LAYER_NORM = 5  # operations for each element, in the authors' counter


@pytest.mark.parametrize("case", PRINTED, ids=str)
def test_the_papers_costs(case: tuple[str, str, int, int, int]) -> None:
    variant, design, frames, classes, views = case
    with torch.device("meta"):
        model = models.create_model(
            "uniformerv2", num_classes=classes, frames=frames, variant=variant, design=design
        ).eval()
    elements = 0

    def add(_: nn.Module, args: tuple[torch.Tensor], __: torch.Tensor) -> None:
        nonlocal elements
        elements += args[0].numel()

    for module in model.modules():
        if isinstance(module, nn.LayerNorm):
            module.register_forward_hook(add)
    size = 336 if variant == "large_336" else 224
    counted = macs.count(model, (1, 3, frames, size, size))
    assert counted.uncounted == {}
    teraflops = views * (counted.total + LAYER_NORM * elements) / 1e12
    printed = f"{teraflops:.1f}", f"{params.count(model) / 1e6:.0f}"
    assert printed == PRINTED[case]


@pytest.mark.parametrize("design", ["scene", "motion"])
def test_each_design_sees_the_order_of_frames(design: str) -> None:
    torch.manual_seed(0)
    model = lively(build("uniformerv2", width=NARROW, design=design))
    clip = torch.randn(CLIP, dtype=torch.float64)
    one, other = (logits(model, clip[:, :, order]) for order in ([0, 1, 2, 3], [0, 2, 1, 3]))
    assert (one - other).abs().max() > 1e-6 * one.abs().max()


def test_in_a_scene_frames_meet_in_the_global_blocks_alone() -> None:
    model = lively(build("uniformerv2", width=NARROW))
    clip = torch.randn(CLIP, dtype=torch.float64)
    nn.init.constant_(model.get_parameter("balance"), torch.inf)  # class tokens alone
    one, other = (logits(model, clip[:, :, order]) for order in ([0, 1, 2, 3], [0, 2, 1, 3]))
    torch.testing.assert_close(one, other)


@pytest.mark.parametrize(
    ("design", "frames", "steps", "read"), [("scene", 3, 3, 4), ("motion", 3, 2, 8)]
)
def test_designs(design: str, frames: int, steps: int, read: int) -> None:
    with torch.device("meta"):
        model = models.create_model("uniformerv2", num_classes=5, frames=frames, design=design)
        tokens = model.get_submodule("embedding")(torch.empty(2, 3, frames, 224, 224))
        assert model(torch.empty(2, 3, frames, 224, 224)).shape == (2, 5)
    assert tokens.shape == (2 * steps, 1 + 14 * 14, 768)
    assert len([*model.get_submodule("global_blocks").children()]) == read
    local = [m for m in model.get_submodule("blocks").modules() if isinstance(m, OverPatches)]
    assert len(local) == (24 if design == "motion" else 0)


def test_a_layer_over_patches_leaves_class_tokens_alone() -> None:
    class Place(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            assert x.shape == (2, 5, 3, 2, 2)  # N x C x T x H x W
            return 10 * x

    tokens = torch.randn(2 * 3, 1 + 2 * 2, 5)
    out = OverPatches(3, Place())(tokens)
    assert torch.equal(out[:, 0], tokens[:, 0])
    assert torch.equal(out[:, 1:], 10 * tokens[:, 1:])


def test_patches_keep_their_place_and_time() -> None:
    seen: list[torch.Tensor] = []

    class Watch(nn.Identity):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            seen.append(x)
            return x

    tokens = torch.arange(6 * 5.0).view(6, 5, 1)  # two clips of three frames
    OverPatches(3, Watch())(tokens)
    assert seen[0][1, 0, 2].tolist() == [[26.0, 27.0], [28.0, 29.0]]  # the last frame of the last


def test_quick_gelu_is_near_gelu() -> None:
    x = torch.linspace(-4, 4, 81)
    torch.testing.assert_close(QuickGELU()(x), nn.functional.gelu(x), atol=0.021, rtol=0)


def test_only_the_published_formulation_stores_the_weights_of_attention() -> None:
    peaks = simulate_training("uniformerv2", 8)
    frames, heads, tokens, blocks = 8, 12, 197, 12
    matrices = blocks * frames * heads * tokens**2 * 4
    assert peaks[1] - peaks[0] == pytest.approx(matrices, rel=0.01)


@pytest.mark.parametrize(("design", "frames", "clips"), [("scene", 0.0, 0.0), ("motion", 0.2, 0.4)])
def test_later_blocks_drop_more(design: str, frames: float, clips: float) -> None:
    with torch.device("meta"):
        model = build("uniformerv2", design=design)

    def rates(part: str) -> list[float]:
        modules = model.get_submodule(part).modules()
        return [m.p for m in modules if isinstance(m, StochasticDepth)]

    assert rates("blocks")[-1] == pytest.approx(frames)
    assert rates("global_blocks")[-1] == pytest.approx(clips)
    assert ramp(0.4, 3) == pytest.approx([0, 0.2, 0.4])
    dropout = [m.p for m in model.modules() if isinstance(m, nn.Dropout)]
    assert dropout.count(0.5) == 1 + len([*model.get_submodule("global_blocks").children()])


def test_at_first_it_is_the_mean_of_its_frames() -> None:
    """What is added to the transformer adds nothing before it is trained."""
    torch.manual_seed(0)
    model = build("uniformerv2", width=NARROW).double().eval()
    clip = torch.randn(CLIP, dtype=torch.float64)
    one, other = logits(model, clip), logits(model, clip.flip(2))
    torch.testing.assert_close(one, other)
    weight = model.get_parameter("blocks.3.mlp.branch.fc1.weight")
    assert weight.std().item() == pytest.approx(0.02, rel=0.05)
    mixing = build("uniformerv2", width=NARROW, design="motion")
    last = [p for name, p in mixing.named_parameters() if name.endswith("branch.conv3.weight")]
    assert len(last) == 24
    assert not any(weight.any() for weight in last)


@pytest.mark.parametrize(("variant", "size"), [("base", 224), ("large_336", 336)])
def test_a_variant_takes_its_own_size_alone(variant: str, size: int) -> None:
    with torch.device("meta"):
        model = models.create_model("uniformerv2", num_classes=5, frames=2, variant=variant)
        assert model(torch.empty(1, 3, 2, size, size)).shape == (1, 5)
        with pytest.raises(models.NetworkError, match=f"{size} x {size} pixels, not 256"):
            model(torch.empty(1, 3, 2, 256, 256))


NAMES: dict[str, str] = {
    "embedding.conv.weight": "conv1.weight",
    "embedding.class_token": "class_embedding",
    "embedding.positions": "positional_embedding",
    "embedding.norm.bias": "ln_pre.bias",
    "blocks.3.local2.layer.branch.norm.bias": "transformer.resblocks.3.lmhra2.pos_embed.0.bias",
    "blocks.3.local1.layer.branch.conv3.bias": "transformer.resblocks.3.lmhra1.pos_embed.3.bias",
    "blocks.11.attention.branch.norm.weight": "transformer.resblocks.11.ln_1.weight",
    "blocks.11.attention.branch.attn.qkv.bias": "transformer.resblocks.11.attn.in_proj_bias",
    "blocks.11.attention.branch.attn.proj.bias": "transformer.resblocks.11.attn.out_proj.bias",
    "blocks.11.mlp.branch.fc2.weight": "transformer.resblocks.11.mlp.c_proj.weight",
    "query": "transformer.temporal_cls_token",
    "balance": "transformer.balance",
    "global_blocks.2.positions.layer.branch.conv.weight": "transformer.dpe.2.weight",
    "global_blocks.2.attention.norm.weight": "transformer.dec.2.ln_1.weight",
    "global_blocks.2.attention.token_norm.weight": "transformer.dec.2.ln_3.weight",
    "global_blocks.2.attention.query.weight": "transformer.dec.2.attn.in_proj_weight [0/3]",
    "global_blocks.2.attention.proj.weight": "transformer.dec.2.attn.out_proj.weight",
    "global_blocks.2.mlp.branch.norm.bias": "transformer.dec.2.ln_2.bias",
    "global_blocks.2.mlp.branch.fc1.bias": "transformer.dec.2.mlp.c_fc.bias",
}
KEY_VALUE = "transformer.dec.0.attn.in_proj_bias [1/3] + transformer.dec.0.attn.in_proj_bias [2/3]"


def test_names_in_files() -> None:
    bare, trained, mmaction2 = models.get_network("uniformerv2").layouts
    assert {ours: bare.rename(ours) for ours in NAMES} == NAMES
    with_backbone = {ours: f"backbone.{theirs}" for ours, theirs in NAMES.items()}
    for layout in (trained, mmaction2):
        assert {ours: layout.rename(ours) for ours in NAMES} == with_backbone
    assert bare.rename("global_blocks.0.attention.key_value.bias") == KEY_VALUE
    ours = ("norm.weight", "head.bias")
    heads = [[layout.rename(name) for name in ours] for layout in (bare, trained, mmaction2)]
    assert heads == [
        ["transformer.proj.0.weight", "transformer.proj.2.bias"],
        ["backbone.transformer.proj.0.weight", "backbone.transformer.proj.2.bias"],
        ["backbone.transformer.norm.weight", "cls_head.fc_cls.bias"],
    ]


@pytest.mark.parametrize("number", range(3))
def test_files_of_each_layout_load(number: int, tmp_path: Path) -> None:
    """In a file, queries, keys and values are one weight, also those of global blocks."""
    layout = models.get_network("uniformerv2").layouts[number]
    source, other = (build("uniformerv2", width=NARROW, design="motion") for _ in range(2))
    file: dict[str, torch.Tensor] = {}
    for name, value in lively(source).state_dict().items():
        key = layout.rename(name).partition(" [")[0]
        # The query of a global block comes before its keys and values.
        file[key] = torch.cat((file[key], value)) if key in file else value
    assert any(key.endswith("dec.7.attn.in_proj_weight") for key in file)
    torch.save({"state_dict": file}, tmp_path / "file.pth")
    report = models.load_checkpoint(other.double(), tmp_path / "file.pth")
    assert set(report.loaded) == set(file)
    for name, value in source.state_dict().items():
        assert torch.equal(other.state_dict()[name], value)
