"""Scaled dot-product attention, and residuals: what the transformers of this project share."""

from collections import OrderedDict

from torch import Tensor, nn

from models.chain import Chain

WEIGHTS_STD = 0.02  # initial, of linear layers


def attend(query: Tensor, key: Tensor, value: Tensor, *, stores_weights: bool) -> Tensor:
    """Map ... x L x D queries, and ... x M x D keys and values, to ... x L x D.

    With `stores_weights`, the weights are a matrix of L x M, as older code has it. Else PyTorch's
    operator computes them piece by piece where it can.
    """
    if not stores_weights:
        return nn.functional.scaled_dot_product_attention(query, key, value)
    scores = (query @ key.transpose(-2, -1)) * query.shape[-1] ** -0.5
    return scores.softmax(dim=-1) @ value


class Attention(nn.Module):
    """Self-attention of L tokens; `stores_weights`: as a matrix of L x L, as in `attend`."""

    def __init__(self, channels: int, heads: int, *, stores_weights: bool) -> None:
        super().__init__()
        self.heads, self.stores_weights = heads, stores_weights
        self.qkv = nn.Linear(channels, 3 * channels)
        self.proj = nn.Linear(channels, channels)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map N x L x C to the same shape."""
        parts = self.qkv(tokens).unflatten(2, (3, self.heads, -1))  # N x L x 3 x heads x C/heads
        query, key, value = parts.permute(2, 0, 3, 1, 4)  # each N x heads x L x C/heads
        found = attend(query, key, value, stores_weights=self.stores_weights)
        return self.proj(found.transpose(1, 2).flatten(2))


class StochasticDepth(nn.Dropout):
    """In training, sets all of a clip's features to 0 with probability p, and scales the others."""

    def forward(self, x: Tensor) -> Tensor:
        """Map N x ... to the same shape."""
        if not self.training or not self.p:
            return x
        return x * super().forward(x.new_ones(len(x), *[1] * (x.dim() - 1)))


class Residual(nn.Module):
    """x + branch(x); in training, a share of `dropped` clips has no branch."""

    def __init__(self, dropped: float = 0, **layers: nn.Module) -> None:
        super().__init__()
        self.branch = Chain(OrderedDict(layers))
        self.drop = StochasticDepth(dropped)

    def forward(self, x: Tensor) -> Tensor:
        """Map a tensor to its shape."""
        return x + self.drop(self.branch([x]))
