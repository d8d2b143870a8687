"""timm's image networks over the frames of a clip. The library is an extra of this package."""

from typing import Any

from torch import Tensor, nn

from models.clip import check_size
from models.errors import NetworkError
from models.layouts import Layout
from models.registry import did_you_mean

LIBRARY = "timm"
PREFIX = f"{LIBRARY}:"  # of the name of a backbone
CLASSIFIERS = ("classifier.", "head.", "head.fc.", "head.linear.")  # of timm's files, beside "fc."
LAYOUTS = tuple(
    Layout(((r"^trunk\.network\.", ""), (r"^head\.classifier\.", name))) for name in CLASSIFIERS
)


class TimmTrunk(nn.Module):
    """timm's network `name` without its classifier, with initial weights; nothing is downloaded.

    The output has `features` channels. Raises `NetworkError` for a name that timm does not know.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        import timm  # it takes a second to import

        if not timm.is_model(name):
            known = timm.list_models()
            raise NetworkError(
                f"timm has no network {name!r:.60}{did_you_mean(name, known)}: choose one of "
                "timm.list_models()"
            )
        network: Any = timm.create_model(name, pretrained=False, num_classes=0)
        facts = network.pretrained_cfg
        self.network = network
        self.features = int(getattr(network, "head_hidden_size", network.num_features))
        self._only_size: int | None = (
            facts["input_size"][-1] if facts.get("fixed_input_size") else None
        )

    def forward(self, inputs: list[Tensor]) -> Tensor:
        """Map [(N*T) x 3 x H x W] to (N*T) x features. Empties the list."""
        frames = inputs.pop()
        if self._only_size:
            check_size(frames, self._only_size)
        return self.network(frames)
