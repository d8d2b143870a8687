"""Layouts of checkpoints of TSN and TSM over MobileNetV2, by TSM's authors and by MMAction2.

A shift wraps the first convolution of the blocks that have one. So the files of the two networks
have different names.
"""

from collections.abc import Iterator

from models.layouts import CLASSIFIER, Layout, Rule

_STAGES = (1, 2, 3, 4, 3, 3, 1)  # blocks of MobileNetV2


def _stages() -> Iterator[Rule]:
    """The names of MobileNetV2's blocks in MMAction2, by stage; torchvision numbers them all.

    The first block of a stage has no shortcut. In the others the shift wraps a norm as well.
    """
    number = 0
    for stage, blocks in enumerate(_STAGES, 1):
        for block in range(blocks):
            number += 1
            ours, theirs = (
                rf"^trunk\.network\.features\.{number}\.",
                f"backbone.layer{stage}.{block}.",
            )
            if block:
                yield rf"{ours}conv\.0\.bn\.", f"{theirs}conv.0.net.bn."
            yield ours, theirs


MMACTION2_SHIFTED = Layout(  # of a TSM over MobileNetV2
    (
        (r"\.features\.1\.conv\.1\.", ".features.1.conv.1.conv."),  # the one without expansion
        (r"\.features\.1\.conv\.2\.", ".features.1.conv.1.bn."),
        (r"\.conv\.0\.0\.layer\.", ".conv.0.net.conv."),
        (r"\.conv\.([01])\.0\.", r".conv.\1.conv."),
        (r"\.conv\.([01])\.1\.", r".conv.\1.bn."),
        (r"\.conv\.2\.", ".conv.2.conv."),
        (r"\.conv\.3\.", ".conv.2.bn."),
        (r"^trunk\.network\.features\.0\.0\.", "backbone.conv1.conv."),
        (r"^trunk\.network\.features\.0\.1\.", "backbone.conv1.bn."),
        (r"^trunk\.network\.features\.18\.0\.", "backbone.conv2.conv."),
        (r"^trunk\.network\.features\.18\.1\.", "backbone.conv2.bn."),
        *_stages(),
        (r"^head\.classifier\.", "cls_head.fc_cls."),
    )
)
# MobileNetV2 in the code of TSM's authors, where all layers of a block have numbers.
_MIT: tuple[Rule, ...] = (
    (r"\.features\.1\.conv\.2\.", ".features.1.conv.4."),  # the block without expansion
    (r"\.features\.1\.conv\.1\.", ".features.1.conv.3."),
    (r"(?<!\.features\.1)\.conv\.3\.", ".conv.7."),
    (r"\.conv\.2\.", ".conv.6."),
    (r"\.conv\.1\.1\.", ".conv.4."),
    (r"\.conv\.1\.0\.", ".conv.3."),
    (r"\.layer\.", "."),
    (r"\.conv\.0\.([01])\.", r".conv.\1."),
    (r"^trunk\.network\.", ""),
)
# The shift wraps the first convolution of the blocks that have one.
_MIT_SHIFTED: tuple[Rule, ...] = ((r"\.conv\.0\.0\.layer\.", ".conv.0.net."), *_MIT)


def _with_classifier(rules: tuple[Rule, ...]) -> tuple[Layout, ...]:
    """The layouts of networks that were trained with dropout and without."""
    own = (r"^head\.classifier\.", "classifier.")
    return Layout((*rules, CLASSIFIER)), Layout((*rules, own), body="base_model.")


MIT, MIT_SHIFTED = _with_classifier(_MIT), _with_classifier(_MIT_SHIFTED)
