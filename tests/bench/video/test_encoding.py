from pathlib import Path

import av
import numpy as np
import pytest

from bench.video.encoding import write_video
from tests.bench.video.films import HEIGHT, WIDTH, numbered


def test_pictures_are_encoded_in_order_at_their_rate(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", numbered(5), rate=12)
    with av.open(str(tmp_path / "a.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == (WIDTH, HEIGHT)
        assert stream.average_rate == 12
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(pictures) == 5
    for picture, original in zip(pictures, numbered(5), strict=True):
        assert np.abs(picture.astype(int) - original).mean() < 10


def test_the_same_pictures_make_the_same_bytes_and_options_others(tmp_path: Path) -> None:
    coded = []
    for name, options in (("a", None), ("b", None), ("c", {"qp": "40"})):
        write_video(tmp_path / f"{name}.mp4", numbered(3), rate=12, options=options)
        coded.append((tmp_path / f"{name}.mp4").read_bytes())
    assert coded[0] == coded[1] != coded[2]


def test_a_file_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="Unexpected numpy array shape"):
        write_video(tmp_path / "a.mp4", numbered(3)[..., :2], rate=12)
    assert list(tmp_path.iterdir()) == []

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        write_video(tmp_path / "a.mp4", numbered(3), rate=12)
    assert list(tmp_path.iterdir()) == []
