from argparse import Namespace
from pathlib import Path

import pytest

from bench.commands import Parser, UsageError
from bench.commands.options import videos
from bench.commands.options.videos import (
    add_data,
    as_tick,
    clip_size,
    load_data_set,
    make_sampling,
    worker_count,
)
from bench.video.contents import digest_of_list
from bench.video.data_set import FULL_SIZE, DataSet
from bench.video.sampling import Dense, Uniform


def parsed(*line: str, **others: object) -> Namespace:
    parser = Parser(prog="p")
    add_data(parser)
    return Namespace(**{**vars(parser.parse_args(line)), **others})


def test_frames_are_uniform_unless_a_stride_is_wanted() -> None:
    assert make_sampling(parsed(), 8) == Uniform(8, 1)
    assert make_sampling(parsed(), 8, clips=3) == Uniform(8, 3)
    assert make_sampling(parsed("--sampling", "dense"), 8, 3) == Dense(8, 3)
    assert make_sampling(parsed("--sampling", "dense", "--stride", "2"), 8) == Dense(8, 1, 2)
    with pytest.raises(UsageError, match=r"^--stride needs --sampling dense: give both$"):
        make_sampling(parsed("--stride", "2"), 8)


def test_clips_are_as_large_as_the_data_set_unless_said() -> None:
    small = DataSet("d", "digest", (), 2, size=64)
    assert clip_size(parsed(input_size=None), small) == 64
    assert clip_size(parsed(input_size=1), small) == 1
    assert DataSet("d", "digest", (), 2).size == FULL_SIZE
    with pytest.raises(UsageError, match=r"^--input-size must be at least 1, not 0$"):
        clip_size(parsed(input_size=0), small)


def test_processes_read_videos_for_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(videos, "usable_cores", lambda: 7)
    assert (worker_count(parsed(), "cuda"), worker_count(parsed(), "cpu")) == (7, 0)
    assert worker_count(parsed("--workers", "0"), "cuda") == 0
    assert worker_count(parsed("--workers", "2"), "cpu") == 2
    with pytest.raises(UsageError, match=r"^--workers must be at least 0, not -1$"):
        worker_count(parsed("--workers", "-1"), "cpu")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (("--unusable", "1.1"), "--unusable must be a share from 0 to 1, not 1.1"),
        (("--unusable", "-0.1"), "--unusable must be a share from 0 to 1, not -0.1"),
        (("--unusable", "nan"), "--unusable must be a share from 0 to 1, not nan"),
        (("--layout", "folders"), "--layout needs your own videos: give --data"),
        (("--labels", "l", "--split", "s"), "--labels needs your own videos: give --data"),
        (("--manifest", "m"), "--manifest needs your own videos: give --data"),
        (("--data", "d"), "--data needs --layout and its lists, or --manifest: give one of them"),
        (
            ("--data", "d", "--manifest", "m", "--split", "s"),
            "--manifest lists the videos: leave out --split",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(line: tuple[str, ...], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_data_set(parsed(*line), "test")
    assert str(caught.value) == message


def test_a_folder_for_each_class_is_a_data_set(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / "videos" / name).mkdir(parents=True)
        (tmp_path / "videos" / name / "1.mp4").touch()
    line = ("--data", str(tmp_path / "videos"), "--layout", "folders", "--unusable", "1")
    found = load_data_set(parsed(*line), "test")
    assert found.name == "folders videos"
    assert found.digest == f"list {digest_of_list(found.videos)}"
    assert (found.num_classes, found.size, found.is_generated) == (2, FULL_SIZE, False)
    assert found.may_flip is None
    assert [video.label for video in found.videos] == [0, 1]


@pytest.mark.parametrize(
    ("layout", "row", "may_flip"), [("ucf101", "a/v.avi 1", True), ("frames", "v 1 8 0", None)]
)
def test_mirror_images_are_of_layouts_where_they_have_the_label(
    layout: str, row: str, may_flip: bool | None, tmp_path: Path
) -> None:
    (tmp_path / "list.txt").write_text(f"{row}\n")
    (tmp_path / "labels.txt").write_text("1 a\n" if layout == "ucf101" else "a\n")
    lists = ("--annotations", str(tmp_path / "list.txt"), "--labels", str(tmp_path / "labels.txt"))
    found = load_data_set(parsed("--data", str(tmp_path), "--layout", layout, *lists), "test")
    assert (found.name, found.may_flip) == (f"{layout} list.txt", may_flip)


def test_progress_without_a_result_is_told() -> None:
    told: list[None] = []
    as_tick(told.append)()
    assert told == [None]
