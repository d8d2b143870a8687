from pathlib import Path

import pytest
import torch
from torch import Tensor

from bench.errors import BenchError
from bench.video import loading
from bench.video.container import VideoError
from bench.video.data_set import Video
from bench.video.decoding import Pick, Pictures
from bench.video.loading import (
    MAX_NAMED,
    EvaluationClips,
    EvaluationSet,
    TrainingClip,
    TrainingSet,
    Unusable,
    UnusableVideos,
    explain_unusable,
    load_items,
    read_video,
)
from bench.video.sampling import Dense, Uniform

TOTAL = 8  # pictures of every video here; each is one pixel with its index
VIDEOS = [Video(name, Path(name), label) for label, name in enumerate(("a", "b", "lost"))]


@pytest.fixture(autouse=True)
def _read(monkeypatch: pytest.MonkeyPatch) -> None:
    def read_file(path: Path, pick: Pick, decoder: str) -> Pictures:
        if path.name == "lost":
            raise VideoError(path, "missing", "it is not there")
        index = torch.tensor([float(i) for i in pick(TOTAL)])
        return Pictures(index[:, None, None, None].expand(-1, 3, 1, 1), TOTAL)

    monkeypatch.setattr(loading, "read_file", read_file)


def as_crops(pictures: Tensor) -> Tensor:
    """Two crops, of which the second is negative: 2 x 3 x T x 1 x 1 of T x 3 x 1 x 1."""
    clip = pictures.transpose(0, 1)
    return torch.stack([clip, -clip])


def first_values(clip: Tensor) -> list[float]:
    """The indices of the pictures of 3 x T x 1 x 1."""
    return [float(value) for value in clip[0, :, 0, 0]]


def test_every_clip_and_crop_of_a_video_is_a_view() -> None:
    one = EvaluationSet(VIDEOS, Uniform(4), as_crops)[1]
    assert isinstance(one, EvaluationClips)
    assert one.label == 1
    assert [first_values(clip) for clip in one.clips] == [[1, 3, 5, 7], [-1, -3, -5, -7]]
    several = EvaluationSet(VIDEOS, Dense(2, clips=3, stride=1), as_crops)[0]
    assert isinstance(several, EvaluationClips)
    assert [first_values(clip) for clip in several.clips] == [
        *([0, 1], [0, -1]), *([3, 4], [-3, -4]), *([6, 7], [-6, -7])
    ]  # fmt: skip


def test_a_video_that_cannot_be_read_says_why() -> None:
    lost = Unusable("lost", "missing", "it is not there")
    assert EvaluationSet(VIDEOS, Uniform(4), as_crops)[2] == lost
    assert TrainingSet(VIDEOS, Uniform(4), as_crops, seed=0)[0, 2] == lost
    assert len(EvaluationSet(VIDEOS, Uniform(4), as_crops)) == 3


def noisy(pictures: Tensor) -> Tensor:
    """The pictures with random noise: 3 x T x 1 x 1."""
    return pictures.transpose(0, 1) + torch.rand(1)


def drawn(seed: int, epoch: int, place: int) -> list[float]:
    found = TrainingSet(VIDEOS, Dense(2, stride=1), noisy, seed=seed)[epoch, place]
    assert isinstance(found, TrainingClip)
    assert found.label == place
    return first_values(found.clip)


def test_a_clip_is_the_same_for_the_same_seed_epoch_and_place_alone() -> None:
    same = drawn(1, 2, 0)
    torch.manual_seed(99)
    state = torch.random.get_rng_state()
    assert drawn(1, 2, 0) == same
    assert torch.equal(torch.random.get_rng_state(), state)
    assert same[1] - same[0] == pytest.approx(1)
    assert not any(drawn(*other) == same for other in ((2, 2, 0), (1, 3, 0), (1, 2, 1)))


def test_the_identity_of_clips_is_all_that_decides_them() -> None:
    clips = TrainingSet(VIDEOS, Uniform(4), noisy, seed=7)
    assert clips.identity["augment"] == "noisy"
    assert clips.identity["sampling"] == "Uniform(frames=4, clips=1)"
    assert (clips.identity["seed"], clips.identity["decoder"]) == (7, "pyav")
    others = [
        TrainingSet(VIDEOS[:2], Uniform(4), noisy, seed=7),
        TrainingSet(VIDEOS, Uniform(8), noisy, seed=7),
        TrainingSet(VIDEOS, Uniform(4), as_crops, seed=7),
        TrainingSet(VIDEOS, Uniform(4), noisy, seed=8),
        TrainingSet(VIDEOS, Uniform(4), noisy, seed=7, decoder="torchcodec"),
    ]
    assert all(other.identity != clips.identity for other in others)
    assert TrainingSet(VIDEOS, Uniform(4), noisy, seed=7).identity == clips.identity


def test_a_video_of_frames_is_read_from_its_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(loading, "read_frames", lambda *given: asked.append(given))
    read_video(Video("f", Path("folder"), 0, (3, 9)), range, "pyav")
    assert asked == [(Path("folder"), 3, 9, range)]


def test_items_come_in_the_order_that_is_named() -> None:
    order = [(0, 1), (0, 2), (0, 0)]
    clips = TrainingSet(VIDEOS, Uniform(4), noisy, seed=0)
    kinds = [type(item).__name__ for item in load_items(clips, order)]
    assert kinds == ["TrainingClip", "Unusable", "TrainingClip"]


def test_as_many_may_be_lost_as_the_share_allows_and_no_more() -> None:
    unusable = UnusableVideos(total=4, most=0.25)
    unusable.check()
    unusable.add(Unusable("a", "missing", "it is not there"))
    unusable.add(Unusable("a", "missing", "it is not there"))  # in another epoch
    unusable.check()
    unusable.add(Unusable("b", "empty", "has 0 bytes"))
    assert unusable.are_too_many
    with pytest.raises(BenchError) as caught:
        unusable.check()
    assert str(caught.value) == (
        "2 of 4 videos cannot be used, but at most 25.0% may be unusable: repair them, or allow "
        "more with --unusable (a is missing: it is not there; b is empty: has 0 bytes)"
    )


def test_of_many_unusable_videos_some_of_each_kind_are_named() -> None:
    videos = [Unusable(f"v{n}", "missing", "it is not there") for n in range(MAX_NAMED + 2)]
    videos.insert(3, Unusable("b", "empty", "has 0 bytes"))
    said = explain_unusable(videos)
    assert said.startswith("v0 is missing: it is not there; v1 is missing: ")
    assert said.endswith(
        "v4 is missing: it is not there; 2 more are missing; b is empty: has 0 bytes"
    )


@pytest.mark.parametrize(
    ("frames", "kind"), [(None, "file, whatever its suffix"), ((1, 9), "folder of frames")]
)
def test_a_missing_video_says_where_it_was_looked_for(
    frames: tuple[int, int] | None, kind: str
) -> None:
    video = Video("v", Path("d/a/v.mp4"), 0, frames, sought=("a/v.mp4", "v.mp4"))
    with pytest.raises(VideoError) as error:
        read_video(video, range)
    assert error.value.kind == "missing"
    assert error.value.reason == f"there is no such {kind}: looked for a/v.mp4, v.mp4"
