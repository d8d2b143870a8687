from pathlib import Path

import pytest
import torch

from bench.errors import BenchError
from bench.instruments.accuracy.answers import read_answers
from bench.video.data_set import Video
from bench.video.evaluation import Scores
from bench.video.loading import Unusable

VIDEOS = [
    Video("a", Path("a"), 0, group="fast"),
    Video("b", Path("b"), 1, group="long"),
    Video("c", Path("c"), 0, group="fast"),
    Video("lost", Path("lost"), 1, group="fast"),
]
# Videos a and c are right, b is wrong; class 2 is second of b.
LOGITS = torch.tensor([[3.0, 1.0, 0.0], [5.0, 1.0, 2.0], [1.0, 0.0, 0.0]])
SCORES = Scores(
    ("a", "b", "c"), torch.tensor([0, 1, 0]), LOGITS, (Unusable("lost", "empty", "has 0 bytes"),)
)


def test_answers_stand_group_after_group_with_the_accuracy_of_each() -> None:
    reading = read_answers(SCORES, VIDEOS, {"seed": 1})
    assert reading.samples == (100, 100, 0)
    assert reading.details["group_sizes"] == {"fast": 2, "long": 1}
    assert reading.details["by_group"] == {"fast": 100, "long": 0}
    assert reading.details["top5"] == {"percent": 100}


def test_an_unusable_video_is_a_warning_and_the_answered_ones_are_in_the_settings() -> None:
    reading = read_answers(SCORES, VIDEOS, {"seed": 1})
    assert reading.warnings == ("lost is empty: has 0 bytes",)
    assert reading.settings["seed"] == 1
    others = Scores(("a", "b", "d"), SCORES.labels, LOGITS, ())
    named = [*VIDEOS, Video("d", Path("d"), 0)]
    assert read_answers(others, named, {}).settings["answered"] != reading.settings["answered"]


def test_videos_without_a_group_have_no_accuracy_of_a_group() -> None:
    plain = [Video(video.name, video.path, video.label) for video in VIDEOS]
    reading = read_answers(SCORES, plain, {})
    assert reading.samples == (100, 0, 100)
    assert reading.details["by_group"] == {}


def test_whether_answers_are_of_pairs_is_in_the_settings() -> None:
    whole = Scores(SCORES.names, SCORES.labels, LOGITS, ())
    assert read_answers(SCORES, VIDEOS, {}).settings["reversed_pairs"] is False
    assert read_answers(whole, VIDEOS, {}, reversed_pairs=True).settings["reversed_pairs"] is True


def test_a_motion_without_its_reverse_is_an_error_with_its_file() -> None:
    with pytest.raises(BenchError, match=r"^lost: is empty \(has 0 bytes\): delete it, and it is"):
        read_answers(SCORES, VIDEOS, {}, reversed_pairs=True)
