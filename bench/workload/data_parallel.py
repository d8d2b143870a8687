"""DistributedDataParallel in a group of one process: its buckets, without other machines."""

import torch
from torch import distributed, nn

from bench.errors import UnsupportedError
from suites.step import Parallel


def distribute(model: nn.Module, device: torch.device, parallel: Parallel) -> nn.Module:
    """`model`, which is on `device`, wrapped in DistributedDataParallel unless that is `none`.

    The first call makes a process group of this process alone, which lasts as long as the process.
    Raises `UnsupportedError` where this PyTorch cannot make one.
    """
    if parallel == "none":
        return model
    if not distributed.is_available():
        raise UnsupportedError("this PyTorch has no torch.distributed: use parallel 'none'")
    if not distributed.is_initialized():
        _make_group("nccl" if device.type == "cuda" and distributed.is_nccl_available() else "gloo")
    return nn.parallel.DistributedDataParallel(
        model, gradient_as_bucket_view=parallel == "ddp_views"
    )


def _make_group(backend: str) -> None:
    try:
        store = distributed.HashStore()  # type: ignore[attr-defined]  # its stubs leave it out
        distributed.init_process_group(backend, store=store, rank=0, world_size=1)
    except (RuntimeError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise UnsupportedError(
            f"no process group of {backend} ({reason}): use parallel 'none'"
        ) from error
