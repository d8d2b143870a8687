"""Video transformers of the library transformers, with the interface of our own networks.

They are built from configurations: nothing is downloaded. The library is an extra of this package.
"""

from typing import Any

from torch import Tensor, nn

from models import transformer_layouts
from models.clip import check_clip, check_size
from models.layouts import Layout
from models.registry import TRANSFORMERS, Only, register
from models.transformer_layouts import BODY

LIBRARY = "transformers"
SIZE = 224  # pixels of a frame, the default of the library
LAYOUT = Layout((BODY,))
# The biases of queries and values in files of VideoMAE.
VIDEOMAE = Layout((BODY, (r"query\.bias$", "q_bias"), (r"value\.bias$", "v_bias")))
# Files of ViViT from before version 5 of the library.
VIVIT = Layout(
    (
        BODY,
        (r"\.layers\.", ".encoder.layer."),
        (r"\.attention\.q_proj\.", ".attention.attention.query."),
        (r"\.attention\.k_proj\.", ".attention.attention.key."),
        (r"\.attention\.v_proj\.", ".attention.attention.value."),
        (r"\.attention\.o_proj\.", ".attention.output.dense."),
        (r"\.mlp\.fc1\.", ".intermediate.dense."),
        (r"\.mlp\.fc2\.", ".output.dense."),
    )
)
CLASSIFIER = "network.classifier"

Sizes = dict[str, dict[str, Any]]  # the fields of a configuration, by variant

VIDEOMAE_SIZES: Sizes = {
    "base": {},
    "large": {
        "hidden_size": 1024,
        "num_hidden_layers": 24,
        "num_attention_heads": 16,
        "intermediate_size": 4096,
    },
}
VJEPA2_GIANT = {
    "hidden_size": 1408,
    "num_hidden_layers": 40,
    "num_attention_heads": 22,
    "mlp_ratio": 48 / 11,
}
VJEPA2_SIZES: Sizes = {
    "large": {"crop_size": 256},
    "giant": {"crop_size": 256, **VJEPA2_GIANT},
    "giant_384": {"crop_size": 384, **VJEPA2_GIANT},
}


class TransformersNetwork(nn.Module):
    """A classifier of the library, over clips of N x 3 x `frames` x `size` x `size`."""

    def __init__(self, network: nn.Module, *, frames: int, size: int) -> None:
        super().__init__()
        self.network = network
        self.frames, self.size = frames, size

    def forward(self, clip: Tensor) -> Tensor:
        """Map N x 3 x T x H x W to N x classes."""
        check_clip(clip, self.frames)
        check_size(clip, self.size)
        return self.network(clip.transpose(1, 2)).logits  # the library takes N x T x 3 x H x W


@register(
    group=TRANSFORMERS,
    source="Tong et al., VideoMAE, NeurIPS 2022, as in transformers",
    frame_multiple=2,
    smallest_clip=(2, 224),
    only=Only(sizes=dict.fromkeys(VIDEOMAE_SIZES, SIZE)),
    choices={"variant": VIDEOMAE_SIZES},
    layouts=(
        LAYOUT,
        VIDEOMAE,
        transformer_layouts.VIDEOMAE,
        transformer_layouts.MMACTION2_VIDEOMAE,
    ),
    classifier=CLASSIFIER,
    library=LIBRARY,
)
def videomae(*, num_classes: int, frames: int, variant: str = "base") -> TransformersNetwork:
    """A vision transformer over tubes of 2 frames, as pretrained by VideoMAE.

    Its norms add 1e-12 to the variance, the last one 1e-5; its authors' add 1e-6.
    """
    fields = {"num_frames": frames, **VIDEOMAE_SIZES[variant]}
    return _build("VideoMAE", num_classes, frames, fields)


@register(
    group=TRANSFORMERS,
    source="Bertasius et al., TimeSformer, ICML 2021, as in transformers",
    smallest_clip=(2, 224),
    only=Only(sizes={"": SIZE}),
    layouts=(
        LAYOUT,
        transformer_layouts.TIMESFORMER,
        transformer_layouts.MMACTION2_TIMESFORMER,
    ),
    classifier=CLASSIFIER,
    library=LIBRARY,
)
def timesformer(*, num_classes: int, frames: int) -> TransformersNetwork:
    """A vision transformer whose blocks attend in time, then in space."""
    return _build("Timesformer", num_classes, frames, {"num_frames": frames})


@register(
    group=TRANSFORMERS,
    source="Arnab et al., ViViT, ICCV 2021, as in transformers",
    frame_multiple=2,
    smallest_clip=(2, 224),
    only=Only(sizes={"": SIZE}),
    layouts=(LAYOUT, VIVIT),
    classifier=CLASSIFIER,
    library=LIBRARY,
)
def vivit(*, num_classes: int, frames: int) -> TransformersNetwork:
    """A vision transformer with joint attention over tubes of 2 frames."""
    return _build("Vivit", num_classes, frames, {"num_frames": frames})


@register(
    group=TRANSFORMERS,
    source="Assran et al., V-JEPA 2, 2025, as in transformers",
    frame_multiple=2,
    smallest_clip=(2, 256),
    only=Only(sizes={name: fields["crop_size"] for name, fields in VJEPA2_SIZES.items()}),
    choices={"variant": VJEPA2_SIZES},
    layouts=(LAYOUT,),
    classifier=CLASSIFIER,
    library=LIBRARY,
)
def vjepa2(*, num_classes: int, frames: int, variant: str = "large") -> TransformersNetwork:
    """A vision transformer with rotary positions, and an attentive probe as its head.

    Its predictor, of 22 million parameters, serves pretraining: no forward pass runs it.
    """
    fields = {"frames_per_clip": frames, **VJEPA2_SIZES[variant]}
    return _build("VJEPA2", num_classes, frames, fields)


def _build(
    family: str, num_classes: int, frames: int, fields: dict[str, Any]
) -> TransformersNetwork:
    """The classifier of a family of the library, with its initial weights."""
    import transformers  # it takes seconds to import

    configuration = getattr(transformers, f"{family}Config")(num_labels=num_classes, **fields)
    network = getattr(transformers, f"{family}ForVideoClassification")(configuration)
    return TransformersNetwork(network, frames=frames, size=fields.get("crop_size", SIZE))
