from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from bench.errors import BenchError
from bench.video import arrow_of_time
from bench.video.data_set import Video
from bench.video.evaluation import Scores, average_scores, evaluate
from bench.video.loading import EvaluationClips, EvaluationSet, UnusableVideos, load_items
from bench.video.sampling import Uniform
from bench.video.transforms import EvaluationCrops as Crops
from models import create_model
from tests.bench.video.films import (
    copy_packets,
    write_no_pictures,
    write_numbered,
    write_sound,
)

SIZE = 48


class Brightness(nn.Module):
    """Logits from a clip's mean, of as many views as it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.slope = nn.Parameter(torch.tensor([1.0, -1.0]))
        self.seen = list[int]()

    def forward(self, clips: Tensor) -> Tensor:
        self.seen.append(len(clips))
        return clips.mean(dim=(1, 2, 3, 4))[:, None] * self.slope


def views(videos: Sequence[Video], clips: int = 1, crops: int = 1) -> EvaluationSet:
    return EvaluationSet(videos, Uniform(4, clips), Crops(SIZE, SIZE, crops))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> tuple[Video, ...]:
    folder = tmp_path_factory.mktemp("videos")
    return tuple(
        Video(str(total), write_numbered(folder / f"{total}.mp4", total), total % 2)
        for total in (9, 20, 33)
    )


@pytest.mark.parametrize(("clips", "crops"), [(1, 1), (2, 3), (3, 10)])
def test_a_video_is_seen_in_every_clip_and_crop(
    videos: tuple[Video, ...], clips: int, crops: int
) -> None:
    model = Brightness()
    scores = evaluate(model, views(videos, clips, crops))
    assert model.seen == [clips * crops] * len(videos)
    assert scores.names == ("9", "20", "33")
    assert scores.labels.tolist() == [1, 0, 1]


def test_logits_are_the_mean_over_the_views(videos: tuple[Video, ...]) -> None:
    model = Brightness()
    seen = views(videos, 2, 3)
    scores = evaluate(model, seen)
    for index, item in enumerate(load_items(seen, range(len(videos)))):
        assert isinstance(item, EvaluationClips)
        assert torch.allclose(scores.logits[index], model(item.clips).mean(dim=0))


def test_worker_processes_give_the_same_scores(videos: tuple[Video, ...]) -> None:
    alone, helped = (evaluate(Brightness(), views(videos), workers=n) for n in (0, 2))
    assert torch.equal(alone.logits, helped.logits)
    assert alone.names == helped.names


def test_every_video_is_told_of(videos: tuple[Video, ...]) -> None:
    told = list[int]()
    evaluate(Brightness(), views(videos), on_video=lambda: told.append(1))
    assert len(told) == len(videos)


def made(logits: Sequence[Sequence[float]], labels: Sequence[int]) -> Scores:
    names = tuple(map(str, range(len(labels))))
    return Scores(names, torch.tensor(labels), torch.tensor(logits), ())


def test_top_1_and_top_5_by_hand() -> None:
    scores = made([[3, 2, 1, 0, -1, -2], [0, 5, 4, 3, 2, 1]], [1, 0])
    assert scores.correct() == (0, 0)
    assert scores.correct(2) == (100, 0)
    assert scores.correct(5) == (100, 0)
    assert scores.correct(6) == (100, 100)


def test_of_equal_logits_the_first_class_counts() -> None:
    scores = made([[1.0, 1.0, 1.0]] * 3, [0, 1, 2])
    assert scores.correct() == (100, 0, 0)


def test_an_ensemble_means_probabilities() -> None:
    sure, unsure = made([[4.0, 0.0]], [0]), made([[0.0, 1.0]], [0])
    both = average_scores([sure, unsure])
    expected = (torch.tensor([4.0, 0]).softmax(0) + torch.tensor([0, 1.0]).softmax(0)) / 2
    assert torch.allclose(both.logits.exp()[0], expected)
    assert both.correct() == (100,)
    assert torch.allclose(average_scores([sure]).logits.exp(), sure.logits.softmax(dim=1))


def test_an_ensemble_is_of_the_same_videos() -> None:
    one = made([[4.0, 0.0]], [0])
    with pytest.raises(BenchError, match="were evaluated on different videos"):
        average_scores([one, replace(one, names=("another",))])
    with pytest.raises(BenchError, match="at least one network"):
        average_scores([])


def bad_videos(folder: Path, good: Path) -> dict[str, str]:
    """Files by name with what is wrong with each."""
    (folder / "empty.mp4").touch()
    (folder / "text.mp4").write_text("no video at all")
    content = good.read_bytes()
    (folder / "headless.mp4").write_bytes(content[: len(content) * 2 // 3])
    copy_packets(good, folder / "whole.mp4", movflags="faststart")
    (folder / "truncated.mp4").write_bytes((folder / "whole.mp4").read_bytes()[:-200])
    write_sound(folder / "sound.mp4")
    write_no_pictures(folder / "nothing.avi", "mpeg4")
    return {
        "empty.mp4": "empty",
        "text.mp4": "not a video",
        "headless.mp4": "not a video",
        "truncated.mp4": "truncated",
        "sound.mp4": "not a video",
        "nothing.avi": "no picture",
        "absent.mp4": "missing",
    }


def test_of_200_videos_every_bad_one_is_named(tmp_path: Path) -> None:
    good = write_numbered(tmp_path / "good.mp4", 24)
    kinds = bad_videos(tmp_path, good)
    one = write_numbered(tmp_path / "one.mp4", 1)
    wrongly_named = tmp_path / "really.webm"
    copy_packets(good, tmp_path / "really.mp4")
    (tmp_path / "really.mp4").rename(wrongly_named)
    usable = [good] * (198 - len(kinds)) + [one, wrongly_named]
    paths = [*usable, *(tmp_path / name for name in kinds)]
    listed = [Video(f"{n}-{path.name}", path, 0) for n, path in enumerate(paths)]
    assert len(listed) == 200
    refused = r"^7 of 200 videos cannot be used, but at most 1\.0% may be unusable"
    with pytest.raises(BenchError, match=refused) as error:
        evaluate(Brightness(), views(listed))
    assert all(f"-{name} is {kind}: " in str(error.value) for name, kind in kinds.items())
    scores = evaluate(Brightness(), views(listed), unusable=UnusableVideos(200, 0.035))
    assert len(scores.names) == 193
    assert {u.name.split("-", 1)[1]: u.kind for u in scores.unusable} == kinds


def test_an_answer_that_is_no_number_is_an_error(videos: tuple[Video, ...]) -> None:
    model = Brightness()
    model.slope.data[0] = float("nan")
    with pytest.raises(BenchError, match="NaN or infinity: use another precision"):
        evaluate(model, views(videos))


def test_nothing_to_evaluate_is_an_error() -> None:
    with pytest.raises(BenchError, match="there is no video to evaluate"):
        evaluate(Brightness(), views(()))


def test_a_network_blind_to_order_is_right_on_half_of_the_reversed_pairs_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrow_of_time, "PER_CLASS", {"train": 1, "test": 2})
    root = arrow_of_time.generate_videos("test", tmp_path)
    listed = arrow_of_time.arrow_videos("test", root)
    classes = len(arrow_of_time.CLASSES)
    model = create_model("tsn", num_classes=classes, frames=8, depth=18, width=0.125)
    scores = evaluate(model, EvaluationSet(listed, Uniform(8), Crops(64, 64)))
    ahead, back = scores.logits[::2], scores.logits[1::2]
    assert torch.allclose(ahead, back, rtol=1e-4, atol=1e-6)
    assert sum(scores.correct()) / len(listed) <= 50
