"""Errors of PyTorch that are about a device: it ran out of memory, or it was lost."""

import re

SHORTAGES = re.compile(
    "out of memory|can't allocate memory|not enough memory|_ALLOC_FAILED|Unable to allocate",
    re.IGNORECASE,
)
# After these errors the process cannot use the GPU again. Errors of a network's own kernels, such
# as an illegal address, are not among them.
LOSSES = re.compile(
    "CUDA(?: driver)? error: (?:uncorrectable ECC|unspecified launch failure|unknown error|"
    "no CUDA-capable device|.*busy or unavailable|.*hardware stack error|.*NVLink|"
    "initialization error|device.*(?:lost|removed)|GPU.*lost)|fallen off the bus|GPU is lost",
    re.IGNORECASE,
)
ADVICE = re.compile(r" Including non-PyTorch memory.*| Of the allocated memory.*| If reserved.*")


def is_shortage(error: BaseException) -> bool:
    """Whether an error means that a device ran out of memory."""
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and bool(SHORTAGES.search(str(error)))
    )


def is_device_loss(error: BaseException) -> bool:
    """Whether an error means that a GPU cannot be used any more."""
    return isinstance(error, RuntimeError) and bool(LOSSES.search(str(error)))


def shortage_text(error: BaseException) -> str:
    """The first line of an error, which says how much was requested, without PyTorch's advice."""
    line = str(error).partition("\n")[0] or "the system gave no memory"
    return ADVICE.sub("", line)
