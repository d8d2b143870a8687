import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from bench.video.container import VideoError
from bench.video.data_set import Video
from bench.video.frame_folders import read_frames
from bench.video.loading import EvaluationSet, TrainingSet, Unusable
from bench.video.sampling import Uniform
from bench.video.transforms import EvaluationCrops, as_clip
from tests.bench.video.films import indices, numbered


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Frames 1 to 12, each with its index from 0 in its pixels, and what else lies about."""
    for index, picture in enumerate(numbered(12)):
        Image.fromarray(picture).save(tmp_path / f"img_{index + 1:05}.jpg")
    (tmp_path / "thumbs.db").touch()
    return tmp_path


def test_the_wanted_frames_come_in_order(folder: Path) -> None:
    read = read_frames(folder, 1, 12, lambda total: [total - 1, 0, 5, 5])
    assert read.total == 12
    assert indices(read.picked) == [11, 0, 5, 5]
    assert read.picked.dtype == torch.uint8


def test_a_video_may_be_a_part_of_the_folder(folder: Path) -> None:
    read = read_frames(folder, 4, 9, range)
    assert read.total == 6
    assert indices(read.picked) == [3, 4, 5, 6, 7, 8]


def refused(folder: Path, last: int = 12) -> VideoError:
    with pytest.raises(VideoError) as caught:
        read_frames(folder, 1, last, range)
    return caught.value


def test_what_is_wrong_with_a_folder_is_told_apart(folder: Path) -> None:
    assert refused(folder / "none").kind == "missing"
    assert str(refused(folder, 14)).endswith("lacks 2 frames of 14, such as 13")
    with pytest.raises(VideoError, match="has no frame from 40 to 50: its frames are 1 to 12"):
        read_frames(folder, 40, 50, range)
    frame = folder / "img_00003.jpg"
    content = frame.read_bytes()
    frame.write_bytes(content[: len(content) // 2])
    assert refused(folder).kind == "corrupt"
    frame.write_text("no picture")
    assert "'img_00003.jpg' is not a JPEG, PNG or WebP picture" in str(refused(folder))
    frame.write_bytes(b"")
    assert refused(folder).kind == "empty"
    Image.new("RGB", (8, 8)).save(frame)
    assert "its frames are of different sizes" in str(refused(folder))


def test_folders_give_clips_like_files(folder: Path) -> None:
    listed = [
        Video("a", folder, 3, frames=(1, 12)),
        Video("b", folder / "none", 3, frames=(1, 12)),
    ]
    seen = EvaluationSet(listed, Uniform(4), EvaluationCrops(48, 48))
    item, lost = seen[0], seen[1]
    assert not isinstance(item, Unusable)
    assert (item.label, item.clips.shape) == (3, (1, 3, 4, 48, 48))
    assert isinstance(lost, Unusable)
    assert lost.kind == "missing"
    drawn = TrainingSet(listed, Uniform(4), as_clip, seed=0)[0, 0]
    assert not isinstance(drawn, Unusable)
    assert drawn.clip.shape == (3, 4, 48, 128)


def test_a_list_of_a_billion_frames_takes_no_memory(tmp_path: Path) -> None:
    Image.new("RGB", (16, 16)).save(tmp_path / "00001.jpg")
    with pytest.raises(VideoError, match="lacks 999,999,998 frames of 999,999,999, such as 2"):
        read_frames(tmp_path, 1, 999_999_999, lambda total: [0])


def test_a_link_to_nothing_is_a_missing_picture(tmp_path: Path) -> None:
    (tmp_path / "00001.jpg").symlink_to(tmp_path / "absent.jpg")
    with pytest.raises(VideoError, match="cannot be decoded"):
        read_frames(tmp_path, 1, 1, lambda total: [0])


def test_a_header_of_too_many_pixels_is_refused(folder: Path) -> None:
    frame = folder / "img_00003.jpg"
    content = frame.read_bytes()
    start = content.index(b"\xff\xc0") + 5  # where the height stands, and the width behind it
    for side in (8_200, 10_000, 32_000, 65_500):
        size = side.to_bytes(2, "big") * 2
        frame.write_bytes(content[:start] + size + content[start + 4 :])
        error = refused(folder)
        assert error.kind == "too large"
        assert "pixels" in str(error)


def test_another_picture_is_refused_and_a_large_png_too(folder: Path) -> None:
    Image.new("1", (30_000, 30_000)).save(folder / "img_00003.jpg", format="PNG")
    assert refused(folder).kind == "too large"
    Image.new("RGB", (128, 48)).save(folder / "img_00003.jpg", format="BMP")
    assert refused(folder).kind == "corrupt"


def write_frames(folder: Path, names: str, first: int, total: int = 12, value: int = 0) -> None:
    """Frames whose pixels have their index, or all of one value."""
    folder.mkdir(exist_ok=True)
    pictures = numbered(total) if not value else np.full_like(numbered(total), value)
    for index, picture in enumerate(pictures):
        Image.fromarray(picture).save(folder / names.format(first + index))


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize(
    ("names", "kind"),
    [
        ("img_{:05}.jpg", "JPEG"),
        ("{}.JPEG", "JPEG"),
        ("frame_{:06}.png", "PNG"),
        ("v_a_g01_c01_{:04}.webp", "WebP"),
    ],
)
def test_frames_of_any_kind_count_from_0_or_1(
    names: str, kind: str, first: int, tmp_path: Path
) -> None:
    write_frames(tmp_path / "v", names, first)
    for listed in ((1, 12), (0, 11)):
        read = read_frames(tmp_path / "v", *listed, range)
        assert indices(read.picked) == list(range(12))
        assert read.source == f"{kind} from {first}"


@pytest.mark.parametrize(
    "names", ["x_{:05}.jpg", "flow_y_{:05}.jpg", "u{}.png", "img_flow_x_{}.jpg"]
)
def test_flow_beside_the_frames_is_left_alone(names: str, folder: Path) -> None:
    write_frames(folder, names, 1, total=14, value=99)
    assert indices(read_frames(folder, 1, 12, range).picked) == list(range(12))
    assert str(refused(folder, 14)).endswith("lacks 2 frames of 14, such as 13")
    (folder / "img_00005.jpg").unlink()
    assert str(refused(folder)).endswith("lacks 1 frame of 12, such as 5")


def test_flow_alone_is_read(tmp_path: Path) -> None:
    write_frames(tmp_path / "v", "x_{:05}.jpg", 1)
    assert indices(read_frames(tmp_path / "v", 1, 12, range).picked) == list(range(12))
    write_frames(tmp_path / "v", "y_{:05}.jpg", 1)
    assert "'x_00001.jpg' and 'y_00001.jpg'" in str(refused(tmp_path / "v"))


@pytest.mark.parametrize("name", ["depth_00003.jpg", "img_00003.png", "img_3.jpg", "v_a_00003.jpg"])
def test_two_files_of_a_frame_are_refused_with_both_names(name: str, folder: Path) -> None:
    shutil.copy(folder / "img_00003.jpg", folder / name)
    error = refused(folder)
    assert error.kind == "ambiguous"
    assert error.reason.startswith("has several files of frame 3: ")
    assert repr(name) in error.reason
    assert "'img_00003.jpg'" in error.reason
    assert read_frames(folder, 4, 9, range).total == 6


def test_hidden_files_are_no_frames(folder: Path) -> None:
    (folder / "._img_00003.jpg").write_bytes(b"notes of another system")
    assert indices(read_frames(folder, 1, 12, range).picked) == list(range(12))


def test_a_folder_of_other_files_says_what_it_has(tmp_path: Path) -> None:
    assert refused(tmp_path).reason.endswith("such as 'img_00001.jpg', but nothing")
    Image.new("RGB", (8, 8)).save(tmp_path / "img_00001.bmp")
    assert refused(tmp_path).reason == (
        "has no numbered JPEG, PNG or WebP file such as 'img_00001.jpg', but 'img_00001.bmp'"
    )


def test_a_frame_is_turned_as_it_is_shown(folder: Path) -> None:
    upright = Image.open(folder / "img_00003.jpg")
    exif = Image.Exif()
    exif[0x0112] = 6  # the orientation: shown a quarter clockwise
    stored = upright.transpose(Image.Transpose.ROTATE_90)
    stored.save(folder / "img_00003.jpg", exif=exif)
    assert indices(read_frames(folder, 1, 12, range).picked) == list(range(12))


def test_grey_frames_of_16_bits_keep_their_levels(tmp_path: Path) -> None:
    levels = np.array([[0, 0x7F00], [0x8000, 0xFFFF]], np.uint16)
    Image.fromarray(levels).save(tmp_path / "1.png")
    picked = read_frames(tmp_path, 1, 1, lambda _: [0]).picked
    assert picked[0].tolist() == 3 * [[[0, 0x7F], [0x80, 0xFF]]]
