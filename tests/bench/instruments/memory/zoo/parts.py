"""What the networks of the zoo are made of.

Each is a function from its layers and the clip to features of N x `features`.
"""

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

SHAPE = (4, 3, 8, 32, 32)
CLASSES = 10
WIDTH = 64

Features = Callable[[Any, Tensor], Tensor]
ZOO: dict[str, Callable[[], nn.Module]] = {}


class Net(nn.Module):
    """Layers by name, features, and a classifier."""

    def __init__(self, compute: Features, features: int, layers: dict[str, nn.Module]) -> None:
        super().__init__()
        for name, layer in layers.items():
            self.add_module(name, layer)
        self.head = nn.Linear(features, CLASSES)
        self._compute = compute

    def forward(self, clip: Tensor) -> Tensor:
        return self.head(self._compute(self, clip))


def network(features: int = WIDTH, **layers: Callable[[], nn.Module]) -> Callable[[Features], None]:
    """Enter the decorated function into the zoo, with what builds its layers."""

    def enter(compute: Features) -> None:
        name = compute.__name__
        assert name not in ZOO
        ZOO[name] = lambda: Net(compute, features, {key: make() for key, make in layers.items()})

    return enter


def linear(inputs: int = WIDTH, outputs: int = WIDTH) -> Callable[[], nn.Module]:
    return lambda: nn.Linear(inputs, outputs)


def frames(clip: Tensor) -> Tensor:
    return clip.transpose(1, 2).flatten(0, 1)  # N T x 3 x H x W


def tokens(clip: Tensor) -> Tensor:
    n, c, t, h, w = clip.shape
    patches = clip.reshape(n, c, t, h // 4, 4, w // 4, 4).permute(0, 2, 3, 5, 1, 4, 6)
    return patches.reshape(n, t * h * w // 16, 16 * c)  # N x 512 x 48


def over_clip(x: Tensor) -> Tensor:
    return x.mean((2, 3)).unflatten(0, (SHAPE[0], -1)).mean(1)  # N T x C x H x W -> N x C


def conv2d() -> nn.Module:
    return nn.Conv2d(3, WIDTH, 3, padding=1)


def conv3d() -> nn.Module:
    return nn.Conv3d(3, WIDTH, 3, padding=1)


EMBED = linear(48)
