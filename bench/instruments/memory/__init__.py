"""Peak memory: simulated before there is a machine, and measured on the machine itself."""

from bench.instruments.memory.measured import MeasuredPeak, measure
from bench.instruments.memory.simulated import CUDA_BLOCK_BYTES, PeakMemory, simulate

__all__ = ["CUDA_BLOCK_BYTES", "MeasuredPeak", "PeakMemory", "measure", "simulate"]
