"""The CUDA device of this machine."""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

from bench.machine.processes import is_worker, process_context


@dataclass(frozen=True)
class Accelerator:
    """A CUDA device: its name, memory and versions of its libraries; all empty without one."""

    name: str = ""
    memory_bytes: int = 0
    packages: dict[str, str] = field(default_factory=dict)


def current_accelerator() -> Accelerator:
    """The current CUDA device.

    In a worker, this process queries the device; elsewhere a separate process does, because the
    process that waits for workers must not allocate device memory.
    """
    import torch

    if not torch.cuda.is_available():
        return Accelerator()
    if is_worker():
        return _describe()
    with ProcessPoolExecutor(1, mp_context=process_context()) as pool:
        return pool.submit(_describe).result()


def _describe() -> Accelerator:
    import torch

    device = torch.cuda.get_device_properties(torch.cuda.current_device())
    versions = {
        "cuda": str(torch.version.cuda),
        "cudnn": str(torch.backends.cudnn.version()),
    }
    return Accelerator(device.name, device.total_memory, versions)
