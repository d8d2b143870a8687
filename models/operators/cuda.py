"""Whether the operators have Triton kernels on CUDA; without them the generic code runs there.

Modules that import Triton, *_triton.py, are imported at the first call on CUDA.
"""

from importlib.util import find_spec

HAS_TRITON = find_spec("triton") is not None
