"""The names of the authors' state dicts, as the names of ours.

Each family is a list of regular expressions and what they become, applied in order.
"""

import re

Rules = list[tuple[str, str]]

WRAPPER: Rules = [
    (r"^(base_model|baseline_model)\.", ""),
    (r"^(new_)?fc\.", "head.classifier."),
]
TEMPORAL: Rules = [
    (r"\btam\.prev(_se\.fc1)?\.weight", "temporal.weights.0"),
    (r"\btam\.curr(_se\.fc1)?\.weight", "temporal.weights.1"),
    (r"\btam\.next(_se\.fc1)?\.weight", "temporal.weights.2"),
]
RESIDUAL: Rules = [
    (rf"\.{name}{number}\.(?=\w+$)", f".residual.{position}.")
    for position, (name, number) in {
        0: ("conv", 1),
        1: ("bn", 1),
        3: ("conv", 2),
        4: ("bn", 2),
        6: ("conv", 3),
        7: ("bn", 3),
    }.items()
]
TSN: Rules = [*WRAPPER, (r"^(conv1|bn1|layer)", r"trunk.\1")]
TSM: Rules = [*TSN, (r"conv1\.net\.", "conv1.1.")]
TAM: Rules = [
    *TSN,
    (r"(layer\d\.\d+\.conv1)\.", r"\1.1."),
    *TEMPORAL,
    (r"\.temporal\.", ".conv1.0."),
]
I3D: Rules = [
    *WRAPPER,
    (r"^conv1\.", "stem.0."),
    (r"^bn1\.", "stem.1."),
    (r"^layer1\.", "stages.0."),
    (r"^layer2\.", "stages.1."),
    (r"^layer3\.", "stages.2."),
    (r"^layer4\.", "stages.3."),
    *RESIDUAL,
    (r"downsample", "shortcut"),
]
BLVNET: Rules = [
    *WRAPPER,
    *TEMPORAL,
    (r"^conv1\.", "entry.0."),
    (r"^bn1\.", "entry.1."),
    (r"^b_conv0\.", "fusions.0.big.0."),
    (r"^bn_b0\.", "fusions.0.big.1."),
    (r"^l_conv0\.", "fusions.0.little.0."),
    (r"^bn_l0\.", "fusions.0.little.1."),
    (r"^l_conv1\.", "fusions.0.little.3."),
    (r"^bn_l1\.", "fusions.0.little.4."),
    (r"^l_conv2\.", "fusions.0.little.6."),
    (r"^bn_l2\.", "fusions.0.little.7."),
    (r"^bl_init\.", "fusions.0.fusion.1."),
    (r"^bn_bl_init\.", "fusions.0.fusion.2."),
    (r"^temporal\.", "temporal.0."),
    (r"^layer([123])\.temporal\.", r"temporal.\1."),
    (r"^layer([123])\.little_e\.", r"fusions.\1.widen."),
    (r"^layer([123])\.fusion\.0\.", r"fusions.\1.fusion.1."),
    (r"^layer([123])\.", r"fusions.\1."),
    (r"^layer4\.", "last_stage."),
    *RESIDUAL,
]
S3D: Rules = [
    (r"\.conv2_t\.", ".residual.6."),
    (r"\.bn2_t\.", ".residual.7."),
    (r"\.conv3\.", ".residual.9."),
    (r"\.bn3\.", ".residual.10."),
    *I3D,
]
RULES = {
    "tsn": TSN,
    "tsm": TSM,
    "tam": TAM,
    "i3d_resnet": I3D,
    "s3d_resnet": S3D,
    "blvnet_tam": BLVNET,
}


def our_name(network: str, name: str) -> str:
    """The name in our state dict of what the authors of a family call `name`."""
    for pattern, replacement in RULES[network]:
        name = re.sub(pattern, replacement, name)
    return name
