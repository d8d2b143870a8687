"""Placing the network of a point and a clip on a device, ready to be measured."""

import torch
from torch import Tensor, nn

from bench.errors import UnsupportedError
from bench.records.point import Device, Point
from bench.workload.clips import blank_clip
from bench.workload.networks import build
from bench.workload.torch_settings import fix_seed

AMPERE = (8, 0)  # compute capability
FORMATS = {4: torch.channels_last, 5: torch.channels_last_3d}  # by the number of dimensions


def place(point: Point, device: Device) -> tuple[nn.Module, Tensor]:
    """The network of `point` and a random clip for it of N x C x T x H x W, both on `device`.

    Raises `UnsupportedError` where this machine lacks the device, or the device the precision.
    """
    check_device(point, device)
    with fix_seed():
        model = build(point)
        clip = blank_clip(model, point.clip_shape).normal_()
    if point.memory_format != "default":
        for weight in model.parameters():
            weight.data = _to_format(weight.data, point.memory_format)
        if not getattr(model, "frames_first", False):
            clip = _to_format(clip, point.memory_format)
    model, clip = model.to(device), clip.to(device)
    if point.execution == "compile":
        model.compile()
    return model, clip


def check_device(point: Point, device: Device) -> None:
    """Raise `UnsupportedError` if this machine lacks the device, or the device the precision."""
    if device == "cuda" and not torch.cuda.is_available():
        raise UnsupportedError("this machine has no CUDA device that PyTorch can use")
    is_ampere = device == "cuda" and torch.cuda.get_device_capability() >= AMPERE
    if point.precision == "tf32" and not is_ampere:
        raise UnsupportedError("TF32 needs an NVIDIA GPU of the Ampere generation or later")
    if point.precision == "bf16" and device == "cuda" and not is_ampere:
        raise UnsupportedError("bfloat16 needs an NVIDIA GPU of the Ampere generation or later")


def _to_format(tensor: Tensor, memory_format: str) -> Tensor:
    if memory_format == "contiguous" or tensor.dim() not in FORMATS:
        return tensor.contiguous()
    return tensor.contiguous(memory_format=FORMATS[tensor.dim()])
