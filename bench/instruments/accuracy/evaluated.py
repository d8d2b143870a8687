"""Top-1 accuracy of trained weights on videos.

A point does not name weights and videos: 'blvbench evaluate' takes both, and measures.
"""

from bench.errors import UnsupportedError
from bench.instruments.reading import Reading
from bench.records.point import Point


def read(point: Point) -> Reading:
    """Raise `UnsupportedError`: a point alone cannot be evaluated."""
    raise UnsupportedError(
        f"an evaluation of {point.network} needs weights and videos: use 'blvbench evaluate'"
    )
