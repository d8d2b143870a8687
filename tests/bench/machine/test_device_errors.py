import pytest

from bench.machine.device_errors import is_device_loss, is_shortage, shortage_text

OOM = (
    "CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total capacity of 79.11 GiB of "
    "which 1.25 GiB is free."
)
ADVICE = (
    " Including non-PyTorch memory, this process has 77 GiB memory in use."
    " Of the allocated memory 70 GiB is allocated by PyTorch."
    " If reserved but unallocated memory is large try setting PYTORCH_ALLOC_CONF"
)

SHORTAGES = [
    MemoryError(),
    RuntimeError(OOM),
    RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried ..."),
    RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 8 bytes"),
    RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    RuntimeError("CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate"),
    RuntimeError("Unable to allocate 8 GiB"),
    RuntimeError("CUDA driver error: OUT OF MEMORY"),
]
LOSSES = [
    RuntimeError("CUDA error: uncorrectable ECC error encountered"),
    RuntimeError("CUDA error: unspecified launch failure"),
    RuntimeError("CUDA driver error: unknown error"),
    RuntimeError("CUDA error: no CUDA-capable device is detected"),
    RuntimeError("CUDA error: CUDA-capable device(s) is/are busy or unavailable"),
    RuntimeError("CUDA error: hardware stack error"),
    RuntimeError("CUDA error: uncorrectable NVLink error detected during the execution"),
    RuntimeError("CUDA error: initialization error"),
    RuntimeError("CUDA error: device was lost"),
    RuntimeError("CUDA error: device removed"),
    RuntimeError("CUDA error: GPU is lost"),
    RuntimeError("GPU 0 has fallen off the bus"),
    RuntimeError("Unable to determine the device handle: GPU is lost."),
]
NEITHER = [
    RuntimeError("CUDA error: an illegal memory access was encountered"),
    RuntimeError("CUDA error: device-side assert triggered"),
    RuntimeError("mat1 and mat2 shapes cannot be multiplied"),
    ValueError("out of memory"),
    ValueError("GPU is lost"),
    KeyError("CUDA error: unknown error"),
]


@pytest.mark.parametrize("error", SHORTAGES, ids=str)
def test_a_shortage_of_memory_is_no_loss_of_the_device(error: BaseException) -> None:
    assert is_shortage(error)
    assert not is_device_loss(error)


@pytest.mark.parametrize("error", LOSSES, ids=str)
def test_a_lost_device_is_no_shortage_of_memory(error: BaseException) -> None:
    assert is_device_loss(error)
    assert not is_shortage(error)


@pytest.mark.parametrize("error", NEITHER, ids=repr)
def test_what_a_network_does_wrong_is_neither(error: BaseException) -> None:
    assert not is_shortage(error)
    assert not is_device_loss(error)


def test_what_was_asked_for_is_said_without_advice() -> None:
    assert shortage_text(RuntimeError(f"{OOM}{ADVICE}\nmore lines")) == OOM
    assert shortage_text(RuntimeError("you tried 8 bytes\nException raised from ...")) == (
        "you tried 8 bytes"
    )
    assert shortage_text(MemoryError()) == "the system gave no memory"
