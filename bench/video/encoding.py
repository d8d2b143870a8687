"""Encoding of video files."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import numpy as np
    from av import VideoStream
    from numpy.typing import NDArray


def write_video(
    path: Path,
    pictures: "NDArray[np.uint8]",
    *,
    rate: int,
    codec: str = "libx264",
    options: dict[str, str] | None = None,
) -> None:
    """Encode `pictures`, F x H x W x 3, uint8, at `rate` a second.

    The suffix of `path` selects the container. The file is written whole or not at all.
    """
    import av

    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".video.") as temporary:
        partial = Path(temporary, path.name)
        with av.open(str(partial), "w") as container:
            added = container.add_stream(codec, rate=rate, options=options)
            stream = cast("VideoStream", added)
            stream.height, stream.width = pictures.shape[1:3]
            stream.pix_fmt = "yuv420p"
            stream.codec_context.thread_count = 1  # the same bytes on every machine
            for picture in pictures:
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        partial.replace(path)
