"""Running out of memory, which is a result: how PyTorch says it, and what it was asked for."""

import re

SHORTAGES = re.compile(
    "out of memory|can't allocate memory|not enough memory|_ALLOC_FAILED|Unable to allocate",
    re.IGNORECASE,
)
ADVICE = re.compile(r" Including non-PyTorch memory.*| Of the allocated memory.*| If reserved.*")


def is_shortage(error: BaseException) -> bool:
    """Whether an error says that the memory of a device did not suffice."""
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and bool(SHORTAGES.search(str(error)))
    )


def asked_for(error: BaseException) -> str:
    """What was asked for and what there was, without the advice that PyTorch adds."""
    line = str(error).partition("\n")[0] or "the system gave no memory"
    return ADVICE.sub("", line)
