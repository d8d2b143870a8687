import hashlib
from pathlib import Path

import pytest

from bench.video.container import VideoError
from bench.video.contents import content_hash, digest_of_contents, digest_of_list, file_hash
from bench.video.data_set import Video


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def files(tmp_path: Path) -> tuple[Video, Video]:
    (tmp_path / "a.mp4").write_bytes(b"first")
    (tmp_path / "b.mp4").write_bytes(b"second")
    return Video("a", tmp_path / "a.mp4", 0), Video("b", tmp_path / "b.mp4", 1)


def test_the_hash_of_a_video_is_that_of_its_file(files: tuple[Video, Video]) -> None:
    assert content_hash(files[0]) == file_hash(files[0].path) == sha(b"first")


def test_a_file_that_is_not_there_is_missing(tmp_path: Path) -> None:
    with pytest.raises(VideoError) as caught:
        file_hash(tmp_path / "none")
    assert (caught.value.kind, caught.value.reason) == ("missing", "No such file or directory")


def test_the_contents_of_all_are_hashed_in_their_order(files: tuple[Video, Video]) -> None:
    expected = sha(f"{sha(b'first')}\n{sha(b'second')}".encode())
    assert digest_of_contents(files) == expected
    assert digest_of_contents(files[::-1]) != expected


def test_of_a_list_only_names_labels_and_frames_count(tmp_path: Path) -> None:
    video = Video("a", tmp_path / "none", 0, (1, 8))
    expected = sha(b"('a', 0, (1, 8))\n('b', 1, None)")
    assert digest_of_list([video, Video("b", tmp_path, 1)]) == expected
    elsewhere = Video("a", tmp_path / "other", 0, (1, 8), group="g")
    assert digest_of_list([video]) == digest_of_list([elsewhere])
    for other in (Video("b", video.path, 0, (1, 8)), Video("a", video.path, 1, (1, 8))):
        assert digest_of_list([other]) != digest_of_list([video])
    assert digest_of_list([Video("a", video.path, 0, (1, 9))]) != digest_of_list([video])


def test_a_name_that_is_no_utf8_has_a_digest(tmp_path: Path) -> None:
    assert len(digest_of_list([Video("a\udcff", tmp_path, 0)])) == 64
