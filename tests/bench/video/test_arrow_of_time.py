import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

from bench.errors import BenchError
from bench.video import arrow_of_time
from bench.video.arrow_of_time import CLASSES, Motion, arrow_videos, generate_videos, list_motions
from bench.video.contents import digest_of_contents
from bench.video.decoding import read_file
from bench.video.motions import LENGTH, PAIRS, SIZE, MotionPair, draw_motion
from bench.video.motions import _cycle as motions_cycle
from bench.video.sampling import Uniform


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrow_of_time, "PER_CLASS", {"train": 2, "test": 1})


def all_pictures(path: Path) -> torch.Tensor:
    return read_file(path, range).picked


def test_there_are_at_least_eight_pairs_in_three_tiers() -> None:
    assert len(PAIRS) >= 8
    assert {pair.tier for pair in PAIRS} == {"adjacent", "long", "fast"}
    assert len(set(CLASSES)) == 2 * len(PAIRS)


@pytest.mark.parametrize("split", ["train", "test"])
def test_every_class_has_equally_many_videos_each_of_its_own_name(
    split: arrow_of_time.Split,
) -> None:
    every = list_motions(split)
    counts = Counter(m.label for m in every)
    assert set(counts) == set(range(len(CLASSES)))
    assert set(counts.values()) == {arrow_of_time.PER_CLASS[split]}
    assert len({m.name for m in every}) == len(every)


@pytest.mark.usefixtures("few")
def test_a_video_backwards_decodes_to_the_same_pictures(tmp_path: Path) -> None:
    root = generate_videos("test", tmp_path)
    made = arrow_videos("test", root)
    for forwards, backwards in zip(made[::2], made[1::2], strict=True):
        ahead, back = (all_pictures(video.path) for video in (forwards, backwards))
        assert ahead.shape == (LENGTH, 3, SIZE, SIZE)
        assert torch.equal(ahead.flip(0), back)
        assert not torch.equal(ahead, back)


@pytest.mark.parametrize("frames", [4, 8, 12, 16])
def test_uniform_frames_lie_alike_from_both_ends(frames: int) -> None:
    (clip,) = Uniform(frames).testing(LENGTH)
    assert tuple(LENGTH - 1 - index for index in reversed(clip)) == clip


@pytest.mark.usefixtures("few")
def test_the_same_seed_makes_the_same_files(tmp_path: Path) -> None:
    first, again, other = (
        digest_of_contents(
            arrow_videos("test", generate_videos("test", tmp_path / name, seed=seed))
        )
        for name, seed in (("a", 0), ("b", 0), ("c", 1))
    )
    assert first == again
    assert first != other


@pytest.mark.usefixtures("few")
def test_training_and_testing_videos_differ(tmp_path: Path) -> None:
    train = all_pictures(generate_videos("train", tmp_path) / Motion("train", 0, 0, False).name)
    test = all_pictures(generate_videos("test", tmp_path) / Motion("test", 0, 0, False).name)
    assert not torch.equal(train, test)


@pytest.mark.usefixtures("few")
def test_what_is_there_is_not_made_again_and_what_is_missing_is(tmp_path: Path) -> None:
    root = generate_videos("test", tmp_path)
    kept, removed, *_ = (root / m.name for m in list_motions("test"))
    before = kept.stat().st_mtime_ns, removed.read_bytes()
    removed.unlink()
    generate_videos("test", tmp_path)
    assert (kept.stat().st_mtime_ns, removed.read_bytes()) == before


def test_processes_share_the_work(tmp_path: Path) -> None:
    script = (
        "import sys, pathlib; from bench.video import arrow_of_time;"
        "arrow_of_time.PER_CLASS = {'train': 2, 'test': 1};"
        "arrow_of_time.generate_videos('test', pathlib.Path(sys.argv[1]))"
    )
    workers = [subprocess.Popen([sys.executable, "-c", script, tmp_path]) for _ in range(2)]
    assert [worker.wait() for worker in workers] == [0, 0]
    (root,) = tmp_path.iterdir()
    assert sorted(m.name for m in root.iterdir()) == ["test"]
    assert len(list(root.glob("test/*"))) == 2 * len(PAIRS)


@pytest.mark.usefixtures("few")
def test_progress_is_told_of_each_pair(tmp_path: Path) -> None:
    told = list[int]()
    generate_videos("test", tmp_path, on_pair=lambda: told.append(1))
    assert len(told) == len(PAIRS)


@pytest.mark.usefixtures("few")
def test_the_cache_is_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert generate_videos("test").parent == tmp_path / "blvbench"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert arrow_of_time.cache_folder() == tmp_path / "home" / ".cache" / "blvbench"


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(BenchError, match=r"Not a directory: set XDG_CACHE_HOME to a folder"):
        generate_videos("test", file)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.forwards)
def test_no_two_drawings_are_alike(pair: MotionPair) -> None:
    drawings = [draw_motion(pair, np.random.default_rng(seed)) for seed in range(3)]
    means = [drawing.mean(axis=(1, 2)) for drawing in drawings]
    assert np.abs(means[0] - means[1]).max() > 1
    assert np.abs(means[1] - means[2]).max() > 1


@pytest.mark.parametrize("seed", range(5))
def test_long_range_cues_lie_near_the_two_ends(seed: int) -> None:
    for pair in (pair for pair in PAIRS if pair.tier == "long"):
        first, last = (
            set(np.flatnonzero(layer.mask.any(axis=(1, 2))))
            for layer in pair.layers(np.random.default_rng(seed))
        )
        assert min(first) < 5
        assert max(first) < LENGTH // 2 - 2
        assert last == {LENGTH - 1 - index for index in first}


@pytest.mark.parametrize("seed", range(5))
def test_a_fast_cycle_is_half_over_between_8_frames_and_a_fourth_between_16(seed: int) -> None:
    turns = motions_cycle(np.random.default_rng(seed))
    for frames, share in ((8, 0.5), (16, 0.25)):
        (clip,) = Uniform(frames).testing(LENGTH)
        assert np.diff(turns[list(clip)]).mean() == pytest.approx(share, rel=0.08)
