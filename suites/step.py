"""The training step: what holds memory beside the network and its activations."""

from typing import Literal

from suites.fields import Count
from suites.toml import Section

Optimizer = Literal["sgd", "sgd_momentum", "adam", "adamw"]
Update = Literal["default", "foreach", "fused", "single"]
Gradients = Literal["freed", "zeroed"]
Parallel = Literal["none", "ddp", "ddp_views"]

NAMES = {
    "sgd": "SGD",
    "adam": "Adam",
    "adamw": "AdamW",
    "foreach": "foreach update",
    "fused": "fused update",
    "single": "update by single tensors",
    "zeroed": "gradients zeroed",
    "ddp": "DDP",
    "ddp_views": "DDP with gradients as views",
}


class StepOptions(Section):
    """How a network is trained. The default is one GPU, SGD with momentum, and freed gradients.

    `optimizer` keeps a buffer for each parameter with `sgd_momentum`, two with `adam` and `adamw`.
    `update` is how it computes: on all parameters at once (`foreach`, or `fused` without temporary
    tensors) or on one after the other (`single`); with `default` PyTorch chooses. `gradients` are
    `freed` before the forward pass, or `zeroed` and kept. `parallel` wraps the network in
    DistributedDataParallel, which copies the gradients into buckets (`ddp`) or keeps them there
    (`ddp_views`, its option `gradient_as_bucket_view`). `accumulation` is the number of batches
    whose gradients are added up for one update.
    """

    optimizer: Optimizer = "sgd_momentum"
    update: Update = "default"
    gradients: Gradients = "freed"
    parallel: Parallel = "none"
    accumulation: Count = 1

    def __str__(self) -> str:
        """The options that are not at their defaults; "" if all are."""
        changed = self.model_dump(exclude_defaults=True)
        batches = changed.pop("accumulation", None)
        parts = [NAMES[value] for value in changed.values()]
        return ", ".join([*parts, f"{batches} batches an update"] if batches else parts)


DEFAULT_STEP = StepOptions()
