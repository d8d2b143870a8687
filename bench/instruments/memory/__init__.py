"""Peak memory: simulated without a machine, or measured on one."""

from bench.instruments.memory.measured import MeasuredPeak, measure
from bench.instruments.memory.simulated import CUDA_BLOCK_BYTES, PeakMemory, simulate

__all__ = ["CUDA_BLOCK_BYTES", "MeasuredPeak", "PeakMemory", "measure", "simulate"]
