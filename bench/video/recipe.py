"""The recipe of a training run: the settings of SGD, and the learning rate at each step."""

import math
from dataclasses import dataclass

from bench.errors import BenchError

# The largest value of each setting; none may be negative.
MAXIMA = {
    **dict.fromkeys(("learning_rate", "weight_decay", "classifier_std"), math.inf),
    **dict.fromkeys(("momentum", "warm_up", "dropout"), 1.0),
}


@dataclass(frozen=True)
class Recipe:
    """The settings of a training run.

    The learning rate falls from `learning_rate` to 0 as a cosine. It rises first, during the share
    `warm_up` of the steps. `clip_norm` limits the norm of the gradients. `dropout` is before the
    classifier, whose weights start at normal(0, `classifier_std`).
    Source of the defaults: Fan et al., "More Is Less", NeurIPS 2019, section 4.1, and its code.
    """

    epochs: int = 50
    batch: int = 64
    learning_rate: float = 0.01
    momentum: float = 0.9
    weight_decay: float = 5e-4
    warm_up: float = 0.0
    clip_norm: float = 20.0
    dropout: float = 0.5
    classifier_std: float = 0.001

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch < 2:
            raise BenchError(
                f"a training run needs at least 1 epoch and batches of 2 clips, "
                f"not {self.epochs} and {self.batch}"
            )
        for name, most in MAXIMA.items():
            value = getattr(self, name)
            if not 0 <= value <= most or value == math.inf:  # NaN fails too
                raise BenchError(f"{name} must be a number from 0 to {most:g}, not {value}")
        if not self.clip_norm > 0:
            raise BenchError(f"clip_norm must be more than 0, not {self.clip_norm}")

    def rate(self, step: int, steps: int) -> float:
        """The learning rate at `step`, counted from 0, of `steps`."""
        warm = min(1.0, (step + 1) / (self.warm_up * steps)) if self.warm_up else 1.0
        return self.learning_rate * warm * 0.5 * (1 + math.cos(math.pi * step / steps))
