from pathlib import Path

import pytest

from bench.video.finding import Finder, is_video
from tests.bench.video.films import write_numbered

ACCENTS = "cafe\u0301/e\u0301te\u0301.mp4"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("a b/x.mp4", "a b/y.avi", "A_B c/x.mp4", "z.json", "n", "dir/v/1.jpg", ACCENTS):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("paths", "found"),
    [
        (["a b/x.mp4"], ["a b/x.mp4"]),
        (["a_b/x.mp4"], ["a b/x.mp4"]),
        (["./A-B//x"], ["a b/x.mp4"]),
        (["a b/y.webm"], ["a b/y.avi"]),
        (["none.mp4", "a b/y"], ["a b/y.avi"]),
        (["ab/x.mp4"], []),
        (["z.mp4"], []),  # the other file is no video
        (["z"], []),
        (["n.mp4"], ["n"]),
        (["a b"], []),  # a folder is no file
        (["a b/x.mp4/more"], []),
        (["caf\u00e9/\u00e9t\u00e9"], [ACCENTS]),  # as another system writes them
        (["a" * 300 + "/x"], []),
    ],
)
def test_files_are_found_by_their_names(root: Path, paths: list[str], found: list[str]) -> None:
    assert Finder(root).find(paths) == found


def test_folders_of_frames_have_their_own_names(root: Path) -> None:
    finder = Finder(root)
    assert finder.find(["Dir/v"], folders=True) == ["dir/v"]
    assert finder.find(["dir/V"], folders=True) == []
    assert finder.find(["a b/x.mp4"], folders=True) == []


def test_links_in_a_circle_end(root: Path) -> None:
    (root / "loop").symlink_to(root)
    (root / "self").symlink_to("self")
    assert Finder(root).find(["loop/" * 2000 + "n"]) == []
    assert Finder(root).find(["loop/loop/n"]) == ["loop/loop/n"]


def test_a_folder_that_is_not_there_has_nothing(tmp_path: Path) -> None:
    assert Finder(tmp_path / "none").find(["a"]) == []


@pytest.mark.parametrize(
    ("codec", "suffix"),
    [
        *(("libx264", suffix) for suffix in (".mp4", ".mkv", ".avi", ".flv", ".mov")),
        *(("mpeg2video", ".mpg"), ("wmv2", ".wmv"), ("libvpx", ".ogv")),
    ],
)
def test_a_video_is_known_by_its_first_bytes(codec: str, suffix: str, tmp_path: Path) -> None:
    film = write_numbered(tmp_path / f"film{suffix}", 5, codec)
    assert is_video(film)
    assert is_video(film.rename(tmp_path / "film"))


def test_a_video_is_known_by_its_suffix_even_if_it_is_empty(tmp_path: Path) -> None:
    for name, is_one in (("a.MP4", True), ("a.webm", True), ("a.txt", False), ("mp4", False)):
        (tmp_path / name).touch()
        assert is_video(tmp_path / name) == is_one
