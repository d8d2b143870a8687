"""Attention and dropout as a GPU computes them, for tensors without contents.

PyTorch chooses their kernels by device, and with them what is stored for the backward pass. The
device here is a GPU of compute capability 8.0 or later, and flash attention comes before cuDNN's.
Source: PyTorch's ATen/native/transformers/attention.cpp and cuda/sdp_utils.cpp, native/Dropout.cpp.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from math import inf, sqrt
from typing import Any

import torch
from torch import Tensor
from torch.library import _scoped_library
from torch.nn import functional

from bench.workload.gpu_autocast import HALVES

aten = torch.ops.aten
KEYS = ("AutogradCPU", "AutogradMeta")  # of tensors without contents
ALIGNED_BYTES = 16  # of a head: tensor cores read so many at once
MASK_ALIGNMENT = 8  # elements of a mask's row
FLASH_ALIGNMENT = 8  # elements of a head
FLASH_MAX_HEAD = 256  # elements

Heads = tuple[Tensor, Tensor, Tensor]  # queries, keys and values: N x heads x tokens x size


@contextmanager
def kernels_as_on_gpu() -> Iterator[None]:
    """Within: attention and dropout of CPU and meta tensors call what they call on a GPU."""
    with _scoped_library("aten", "IMPL") as library:
        for key in KEYS:
            library.impl(aten.scaled_dot_product_attention.default, _attention, key)
            library.impl(aten.dropout.default, _dropout, key)
        yield


def _dropout(tensor: Tensor, p: float, train: bool) -> Tensor:
    """One kernel, which stores its mask as booleans."""
    if not train or p == 0:
        return tensor
    return aten.native_dropout(tensor, p, True)[0] if p < 1 else tensor * 0


def _attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    *,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """Flash attention in half precision, memory-efficient attention, or products of matrices."""
    heads = (query, key, value)
    if _fits_flash(heads, attn_mask, is_causal, enable_gqa):
        return _flash(heads, dropout_p, is_causal, scale)
    if _fits_efficient(heads):
        mask = None if attn_mask is None else _prepare_mask(attn_mask, query, key)
        is_trained = torch.is_grad_enabled() and any(head.requires_grad for head in heads)
        return aten._scaled_dot_product_efficient_attention(
            *heads, mask, is_trained, dropout_p, is_causal, scale=scale
        )[0]
    return aten._scaled_dot_product_attention_math(
        *heads, attn_mask, dropout_p, is_causal, scale=scale, enable_gqa=enable_gqa
    )[0]


def _fits_flash(heads: Heads, mask: Tensor | None, is_causal: bool, enable_gqa: bool) -> bool:
    if mask is not None or any(head.dim() != 4 or head.dtype not in HALVES for head in heads):
        return False
    if is_causal and heads[0].shape[2] != heads[1].shape[2]:
        return False
    sizes = {head.shape[-1] for head in heads}
    is_known = len(sizes) == 1 and max(sizes) <= FLASH_MAX_HEAD
    return is_known and (enable_gqa or _have_same_heads(heads)) and _are_rows(heads)


def _fits_efficient(heads: Heads) -> bool:
    if any(head.dim() != 4 or head.dtype not in (torch.float32, *HALVES) for head in heads):
        return False
    are_aligned = all(head.shape[-1] * head.element_size() % ALIGNED_BYTES == 0 for head in heads)
    return are_aligned and _have_same_heads(heads) and _are_rows(heads)


def _have_same_heads(heads: Heads) -> bool:
    return len({head.shape[:2] for head in heads}) == 1


def _are_rows(heads: Heads) -> bool:
    """Whether each head lies in one piece, and there is something to attend to."""
    return all(head.stride(-1) == 1 and head.shape[2] > 0 for head in heads)


def _flash(heads: Heads, dropout_p: float, is_causal: bool, scale: float | None) -> Tensor:
    size = heads[0].shape[-1]
    padding = -size % FLASH_ALIGNMENT
    padded = [functional.pad(head, (0, padding)) if padding else head for head in heads]
    factor = 1 / sqrt(size) if scale is None else scale
    out: Tensor = aten._scaled_dot_product_flash_attention(
        *padded, dropout_p, is_causal, False, scale=factor
    )[0]
    return out[..., :size] if padding else out


def _prepare_mask(mask: Tensor, query: Tensor, key: Tensor) -> Tensor:
    """What the kernel adds to the products: N x heads x queries x keys, with aligned rows."""
    if mask.dtype == torch.bool:
        mask = torch.where(mask, 0.0, torch.full((), -inf, dtype=query.dtype, device=mask.device))
    strides: Any = mask.stride()
    if strides[-1] != 1 or any(stride % MASK_ALIGNMENT for stride in strides[:-1]):
        keys = mask.shape[-1]
        mask = functional.pad(mask, (0, MASK_ALIGNMENT - keys % MASK_ALIGNMENT))[..., :keys]
    return mask.expand(*query.shape[:3], key.shape[2])
