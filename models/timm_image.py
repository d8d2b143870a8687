"""timm's image networks over the frames of a clip. The library is an extra of this package."""

from importlib.util import find_spec
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


def find_size(name: str) -> int | None:
    """The height and width in pixels that timm's `name` takes.

    None if it takes any, if timm does not know it, and where timm is not installed.
    """
    if find_spec(LIBRARY) is None:
        return None
    import timm  # it takes a second to import

    facts = timm.get_pretrained_cfg(name)
    return facts.input_size[-1] if facts and facts.fixed_input_size else None


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
        self.network = network
        self.features = int(getattr(network, "head_hidden_size", network.num_features))
        self.input_size = find_size(name)

    def forward(self, inputs: list[Tensor]) -> Tensor:
        """Map [(N*T) x 3 x H x W] to (N*T) x features. Empties the list."""
        frames = inputs.pop()
        if self.input_size:
            check_size(frames, self.input_size)
        return self.network(frames)
