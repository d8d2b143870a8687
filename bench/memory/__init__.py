"""Peak memory: simulated before there is a machine, and measured on the machine itself."""

from bench.memory.measured import MeasuredPeak, measure
from bench.memory.simulated import CUDA_BLOCK_BYTES, PeakMemory, simulate

__all__ = ["CUDA_BLOCK_BYTES", "MeasuredPeak", "PeakMemory", "measure", "simulate"]
