from pathlib import Path

import av
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from bench.errors import BenchError, UnsupportedError
from bench.instruments.accuracy import evaluated
from bench.instruments.accuracy.evaluated import Protocol, Resources, evaluate_weights
from bench.video.data_set import DataSet, Video
from bench.video.sampling import Dense, Uniform
from tests.bench.video.films import write_numbered
from tests.records import point

SIZE = 48  # the short side of the films


class Constant(nn.Module):
    """A network that answers class 0, and notes the shape of its clips and its threads."""

    def __init__(self) -> None:
        super().__init__()
        self.logits = nn.Parameter(torch.tensor([2.0, 1.0]))

    def forward(self, clips: Tensor) -> Tensor:
        self.shape, self.threads = clips.shape, torch.get_num_threads()
        return self.logits.expand(len(clips), 2)


@pytest.fixture
def data(tmp_path: Path) -> DataSet:
    videos = [Video(name, tmp_path / f"{name}.mp4", n) for n, name in enumerate(("a", "b"))]
    for video in videos:
        write_numbered(video.path, 8)
    return DataSet("films", "digest", tuple(videos), 2, size=SIZE)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "w.safetensors"
    path.write_bytes(b"weights")
    return path


def test_a_point_alone_cannot_be_evaluated() -> None:
    with pytest.raises(UnsupportedError, match="use 'blvbench evaluate'"):
        evaluated.read(point())


def test_a_reading_has_the_answers_the_weights_and_the_protocol(
    data: DataSet, weights: Path
) -> None:
    model, seen = Constant(), []
    scores, reading = evaluate_weights(
        model,
        point(frames=4, input_size=SIZE),
        weights,
        data,
        Protocol(Uniform(4, clips=2), crops=3, short_side=SIZE),
        Resources("cpu", threads=1),
        max_unusable=0.0,
        on_video=lambda: seen.append(1),
    )
    assert model.shape == (2 * 3, 3, 4, SIZE, SIZE)
    assert model.threads == 1
    assert len(seen) == 2
    assert scores.names == ("a", "b")
    assert reading.samples == (100, 0)
    settings = reading.settings
    assert (settings["weights"], settings["clips"]) == ("w.safetensors", "digest")
    assert (settings["sampling"], settings["views"], settings["stride"]) == ("uniform", 2, 0)
    assert (settings["crops"], settings["short_side"]) == (3, SIZE)
    assert settings["decoder"] == f"pyav {av.__version__}, display matrix applied"
    assert settings["threads"] == 1
    assert settings["reversed_pairs"] is False


def test_the_stride_of_dense_sampling_is_in_the_settings_given_or_not() -> None:
    default, given = (Protocol(sampling, 1, 8) for sampling in (Dense(4), Dense(4, stride=8)))
    assert default.settings == given.settings
    assert (default.settings["sampling"], default.settings["stride"]) == ("dense", 8)


def test_more_unusable_videos_than_allowed_are_an_error(data: DataSet, weights: Path) -> None:
    data.videos[0].path.unlink()
    with pytest.raises(BenchError, match=r"^1 of 2 videos cannot be used"):
        evaluate_weights(
            Constant(),
            point(frames=4, input_size=SIZE),
            weights,
            data,
            Protocol(Uniform(4), crops=1, short_side=SIZE),
            Resources("cpu", threads=1),
            max_unusable=0.4,
        )


def test_kinds_of_frames_are_in_the_settings(tmp_path: Path, weights: Path) -> None:
    folders = {"zero": ("{}.png", 0), "one": ("{}.jpg", 1)}
    for name, (files, first) in folders.items():
        (tmp_path / name).mkdir()
        for number in range(first, first + 4):
            Image.new("RGB", (SIZE, SIZE)).save(tmp_path / name / files.format(number))
    videos = tuple(Video(name, tmp_path / name, 0, (1, 4)) for name in folders)
    _, reading = evaluate_weights(
        Constant(),
        point(frames=4, input_size=SIZE),
        weights,
        DataSet("frames", "digest", videos, 2),
        Protocol(Uniform(4), crops=1, short_side=SIZE),
        Resources("cpu", threads=1),
        max_unusable=0.0,
    )
    assert reading.settings["frame_files"] == "JPEG from 1, PNG from 0"
