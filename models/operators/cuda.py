"""Where operators have Triton kernels on CUDA; elsewhere their generic implementation runs there.

What imports Triton, *_triton.py, is imported at the first call on CUDA.
"""

from importlib.util import find_spec

HAS_TRITON = find_spec("triton") is not None
