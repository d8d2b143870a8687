"""The protocol of an accuracy: what its test takes from a video."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Protocol:
    """How a network is tested on a video: `clips` x `crops` views, each a square of `size` pixels.

    `sampling` of the frames is uniform, dense, or "" if it is not known. The cost of an accuracy is
    that of all views: the MACs of a clip at this size x `views`.
    """

    clips: int
    crops: int
    size: int
    sampling: str = ""

    @property
    def views(self) -> int:
        """The number of clips that a network computes for one video."""
        return self.clips * self.crops

    def __str__(self) -> str:
        views = "1 view" if self.views == 1 else f"{self.clips} x {self.crops} views"
        sampling = f", {self.sampling}" if self.sampling else ""
        return f"{views} of {self.size} px{sampling}"
