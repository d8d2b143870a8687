import itertools
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from bench.errors import BenchError
from bench.video.data_set import Video
from bench.video.encoding import write_video
from bench.video.loading import MAX_UNUSABLE, TrainingSet, UnusableVideos
from bench.video.recipe import Recipe
from bench.video.sampling import Uniform
from bench.video.training import Training, prepare_for_training
from bench.video.transforms import TrainingCrop, as_clip
from bench.workload.torch_settings import fix_seed
from models import create_model

FRAMES, SIZE, VIDEOS = 4, 16, 12
RECIPE = Recipe(epochs=3, batch=4, learning_rate=0.1, warm_up=0.2, classifier_std=0.1)


class Tiny(nn.Module):
    """Tells the brighter of two halves; with dropout and batch norm, which depend on steps."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Conv3d(3, 8, (1, SIZE, SIZE // 2), stride=(1, SIZE, SIZE // 2))
        self.norm = nn.BatchNorm3d(8)
        self.dropout = nn.Dropout(0.5)
        self.classifier = nn.Linear(16, 2)

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        features = self.norm(self.features(clips)).mean(dim=2).flatten(1)  # N x 16
        return self.classifier(self.dropout(features))


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> tuple[Video, ...]:
    """Of two classes: bright on the left, bright on the right."""
    folder = tmp_path_factory.mktemp("videos")
    random = np.random.default_rng(0)
    made = []
    for number in range(VIDEOS):
        pictures = random.integers(0, 100, (8, SIZE, SIZE, 3)).astype(np.uint8)
        label = number % 2
        pictures[:, :, label * SIZE // 2 : (label + 1) * SIZE // 2] += 120
        path = folder / f"{number}.mp4"
        write_video(path, pictures, rate=8)
        made.append(Video(path.stem, path, label))
    return tuple(made)


def training(
    videos: tuple[Video, ...],
    saved: Path | None = None,
    *,
    recipe: Recipe = RECIPE,
    seed: int = 0,
    workers: int = 0,
    model: nn.Module | None = None,
) -> tuple[Training, nn.Module]:
    with fix_seed():
        network = Tiny() if model is None else model
    clips = TrainingSet(videos, Uniform(FRAMES), as_clip, seed=seed)
    made = Training(network, clips, recipe, saved=saved, workers=workers)
    return made, network


def weights(model: nn.Module) -> list[torch.Tensor]:
    return list(model.state_dict().values())


def are_equal(first: nn.Module, second: nn.Module) -> bool:
    return all(map(torch.equal, weights(first), weights(second)))


def ended(videos: tuple[Video, ...], **settings: int) -> nn.Module:
    made, model = training(videos, **settings)  # type: ignore[arg-type]
    made.run()
    return model


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(
    videos: tuple[Video, ...],
) -> None:
    torch.manual_seed(1)
    first = ended(videos)
    torch.manual_seed(2)  # of no consequence
    assert are_equal(first, ended(videos))
    assert not are_equal(first, ended(videos, seed=1))


def test_worker_processes_change_nothing(videos: tuple[Video, ...]) -> None:
    assert are_equal(ended(videos), ended(videos, workers=2))


class KilledError(Exception):
    pass


def stop_at(step: int, how: Callable[[], object]) -> Callable[[int, float, float], None]:
    def on_step(number: int, loss: float, rate: float) -> None:
        if number == step:
            how()

    return on_step


@pytest.mark.parametrize("step", [1, 3, 4, 8])
def test_what_is_interrupted_and_resumed_ends_with_the_same_weights(
    videos: tuple[Video, ...], tmp_path: Path, step: int
) -> None:
    saved = tmp_path / "training.pt"
    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        made, _ = training(videos, saved)
        with pytest.raises(KeyboardInterrupt):
            made.run(stop_at(step, lambda: os.kill(os.getpid(), signal.SIGINT)))
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
    again, model = training(videos, saved)
    assert again.step == step
    again.run()
    assert are_equal(model, ended(videos))


def test_what_is_killed_goes_on_from_what_was_saved(
    videos: tuple[Video, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.video.training.SAVE_EVERY", 2)
    made, _ = training(videos, tmp_path / "t.pt")

    def die() -> None:
        raise KilledError

    with pytest.raises(KilledError):
        made.run(stop_at(5, die))
    again, model = training(videos, tmp_path / "t.pt")
    assert again.step == 4
    again.run()
    assert are_equal(model, ended(videos))
    assert [path.name for path in tmp_path.iterdir()] == ["t.pt"]


def test_a_training_that_has_ended_does_nothing_more(
    videos: tuple[Video, ...], tmp_path: Path
) -> None:
    made, model = training(videos, tmp_path / "t.pt")
    made.run()
    again, same = training(videos, tmp_path / "t.pt")
    again.run(lambda *_: pytest.fail("there is a step more"))
    assert are_equal(model, same)


def test_it_learns(videos: tuple[Video, ...]) -> None:
    losses = list[float]()
    made, _ = training(videos, recipe=replace(RECIPE, epochs=10, dropout=0.0))
    made.run(lambda step, loss, rate: losses.append(loss))
    assert np.mean(losses[-3:]) < 0.5 * np.mean(losses[:3])


def test_every_epoch_takes_each_video_once(videos: tuple[Video, ...]) -> None:
    made, _ = training(videos)
    assert made.steps == RECIPE.epochs * VIDEOS // RECIPE.batch
    for epoch in range(RECIPE.epochs):
        steps = range(3 * epoch, 3 * epoch + 3)
        draws = list(itertools.chain.from_iterable(made._draws(step) for step in steps))
        assert {number for number, _ in draws} == {epoch}
        assert sorted(index for _, index in draws) == list(range(VIDEOS))


def test_the_learning_rate_rises_and_falls_as_a_cosine() -> None:
    rates = [Recipe(learning_rate=0.4, warm_up=0.2).rate(step, 10) for step in range(10)]
    assert rates[0] == pytest.approx(0.2)
    assert rates[5] == pytest.approx(0.2)
    assert rates[2:] == sorted(rates[2:], reverse=True)
    assert Recipe(learning_rate=0.4).rate(0, 10) == 0.4
    assert Recipe().rate(10, 10) == 0


def test_what_is_tuned_keeps_its_classifier() -> None:
    model: Any = create_model("tsn", num_classes=3, frames=2, depth=18, width=0.25)
    before = model.head.classifier.weight.clone()
    prepare_for_training(model, RECIPE, seed=0, is_tuned=True)
    assert torch.equal(model.head.classifier.weight, before)
    assert model.head.dropout.p == RECIPE.dropout
    prepare_for_training(model, RECIPE, seed=0)
    first = model.head.classifier.weight.clone()
    assert first.std().item() == pytest.approx(RECIPE.classifier_std, rel=0.2)
    prepare_for_training(model, RECIPE, seed=0)
    assert torch.equal(model.head.classifier.weight, first)
    prepare_for_training(model, RECIPE, seed=1)
    assert not torch.equal(model.head.classifier.weight, first)


def test_a_network_of_ones_own_is_left_as_it_is() -> None:
    model = Tiny()
    before = model.classifier.weight.clone()
    prepare_for_training(model, RECIPE, seed=0)
    assert torch.equal(model.classifier.weight, before)
    assert model.dropout.p == 0.5


@pytest.mark.parametrize("name", ["torchvision_s3d", "swin3d_t"])
def test_the_classifier_of_a_library_is_found(name: str) -> None:
    with torch.device("meta"):
        model = create_model(name, num_classes=3, frames=16)
    before = {key: module.p for key, module in dropouts(model)}
    prepare_for_training(model, replace(RECIPE, dropout=0.3), seed=0, is_tuned=True)
    assert {key: module.p for key, module in dropouts(model)} == {
        key: 0.3 if p else 0 for key, p in before.items()
    }


def dropouts(model: nn.Module) -> list[tuple[str, nn.Dropout]]:
    return [(key, m) for key, m in model.named_modules() if isinstance(m, nn.Dropout)]


@pytest.mark.parametrize(
    "other", [{"seed": 1}, {"recipe": replace(RECIPE, epochs=4)}], ids=["seed", "recipe"]
)
def test_a_training_of_another_kind_is_refused(
    videos: tuple[Video, ...], tmp_path: Path, other: dict[str, int]
) -> None:
    training(videos, tmp_path / "t.pt")[0].save()
    with pytest.raises(BenchError, match=r"t\.pt: was saved by a training run with a different"):
        training(videos, tmp_path / "t.pt", **other)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("augment", "sampling"),
    [(TrainingCrop(SIZE, flip=False), Uniform(FRAMES)), (as_clip, Uniform(8))],
)
def test_clips_that_are_made_in_another_way_are_refused(
    videos: tuple[Video, ...],
    tmp_path: Path,
    augment: Callable[[torch.Tensor], torch.Tensor],
    sampling: Uniform,
) -> None:
    training(videos, tmp_path / "t.pt")[0].save()
    other = TrainingSet(videos, sampling, augment, seed=0)
    with pytest.raises(BenchError, match="or way to read them"):
        Training(Tiny(), other, RECIPE, saved=tmp_path / "t.pt")
    same = TrainingSet(videos, Uniform(FRAMES), as_clip, seed=0)
    Training(Tiny(), same, RECIPE, saved=tmp_path / "t.pt")


def test_a_network_of_the_same_weights_is_another(
    videos: tuple[Video, ...], tmp_path: Path
) -> None:
    def of(name: str) -> Training:
        model = create_model(name, num_classes=2, frames=FRAMES, depth=18, width=0.125)
        return training(videos, tmp_path / "t.pt", model=model)[0]

    of("tsm").save()
    assert of("tsm").kept == 0
    with pytest.raises(BenchError, match="a different network"):
        of("tsn")


@pytest.mark.parametrize(
    "wrong",
    [
        *({"momentum": -0.1}, {"momentum": 1.5}, {"learning_rate": float("nan")}),
        *({"learning_rate": float("inf")}, {"weight_decay": -1.0}, {"warm_up": -1.0}),
        *({"warm_up": 2.0}, {"dropout": 1.5}, {"clip_norm": 0.0}),
    ],
)
def test_a_recipe_that_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(BenchError, match=next(iter(wrong))):
        Recipe(**wrong)  # type: ignore[arg-type]


def test_sgd_without_momentum_trains(videos: tuple[Video, ...]) -> None:
    training(videos, recipe=replace(RECIPE, epochs=1, momentum=0.0))[0].run()


def test_a_file_that_is_no_training_is_refused(videos: tuple[Video, ...], tmp_path: Path) -> None:
    file = tmp_path / "t.pt"
    file.write_bytes(b"nothing of the kind")
    with pytest.raises(BenchError, match="is not a saved training run: give another file"):
        training(videos, file)
    torch.save({"format": 99}, file)
    with pytest.raises(BenchError, match="is not a saved training run of this version"):
        training(videos, file)
    training(videos, tmp_path / "u.pt")[0].save()
    with pytest.raises(BenchError, match="a different network"):
        training(videos, tmp_path / "u.pt", model=nn.Sequential(nn.Linear(2, 2)))


def test_a_training_that_cannot_be_saved_says_so(videos: tuple[Video, ...], tmp_path: Path) -> None:
    made, _ = training(videos, tmp_path / "none" / "t.pt")
    with pytest.raises(BenchError, match="cannot be written"):
        made.save()


def test_too_few_videos_for_a_batch_are_refused(videos: tuple[Video, ...]) -> None:
    with pytest.raises(BenchError, match="3 videos cannot fill a batch of 4"):
        training(videos[:3])
    with pytest.raises(BenchError, match="batches of 2 clips"):
        Recipe(batch=1)


def test_a_loss_that_is_no_number_ends_it(videos: tuple[Video, ...]) -> None:
    made, model = training(videos)
    with torch.no_grad():
        model.get_parameter("features.weight").fill_(torch.inf)
    with pytest.raises(BenchError, match=r"the loss of step 1 is nan: lower the learning rate"):
        made.run()


def test_unusable_videos_are_named_and_too_many_end_it(
    videos: tuple[Video, ...], tmp_path: Path
) -> None:
    empty = tmp_path / "empty.mp4"
    empty.touch()
    listed = (*videos[:-1], Video("hollow", empty, 1))
    assert 1 / len(listed) > MAX_UNUSABLE
    made, _ = training(listed)
    with pytest.raises(BenchError, match=r"1 of 12 videos cannot be used.*hollow is empty: has 0"):
        made.run()
    clips = TrainingSet(listed, Uniform(FRAMES), as_clip, seed=0)
    allowed = Training(Tiny(), clips, RECIPE, unusable=UnusableVideos(len(listed), 0.1))
    allowed.run()
    assert [video.kind for video in allowed.unusable.by_name.values()] == ["empty"]
