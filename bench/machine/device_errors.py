"""What PyTorch says of a device: that its memory ran out, which is a result, or that it is lost."""

import re

SHORTAGES = re.compile(
    "out of memory|can't allocate memory|not enough memory|_ALLOC_FAILED|Unable to allocate",
    re.IGNORECASE,
)
# The process cannot use the GPU again, and perhaps no process can. What a network's own kernel does
# wrong, such as an illegal address, is not among them.
LOSSES = re.compile(
    "CUDA(?: driver)? error: (?:uncorrectable ECC|unspecified launch failure|unknown error|"
    "no CUDA-capable device|.*busy or unavailable|.*hardware stack error|.*NVLink|"
    "initialization error|device.*(?:lost|removed)|GPU.*lost)|fallen off the bus|GPU is lost",
    re.IGNORECASE,
)
ADVICE = re.compile(r" Including non-PyTorch memory.*| Of the allocated memory.*| If reserved.*")


def is_shortage(error: BaseException) -> bool:
    """Whether an error says that the memory of a device did not suffice."""
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and bool(SHORTAGES.search(str(error)))
    )


def is_device_loss(error: BaseException) -> bool:
    """Whether an error says that a GPU cannot be used any more."""
    return isinstance(error, RuntimeError) and bool(LOSSES.search(str(error)))


def shortage_text(error: BaseException) -> str:
    """The error's first line, such as how much was asked for, without PyTorch's advice."""
    line = str(error).partition("\n")[0] or "the system gave no memory"
    return ADVICE.sub("", line)
