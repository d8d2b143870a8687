from collections.abc import Iterator
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from bench.errors import BenchError
from bench.instruments.accuracy import trained
from bench.records.catalogue import find_instrument
from bench.records.measurement import Measurement
from bench.records.proportions import count_right_twice
from bench.runs.tasks import make_task
from bench.video import arrow_of_time
from bench.video.contents import digest_of_contents
from models import create_model
from tests.records import point

LABEL = "accuracy:trained"
WHERE = {"input_size": 64, "num_classes": 16, "dataset": "arrow-of-time"}


@pytest.fixture(scope="module", autouse=True)
def small_set(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrow_of_time, "PER_CLASS", {"train": 2, "test": 3})
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


def measured(**fields: object) -> Measurement:
    narrow = {"network": "tsm", "depth": 18, "frames": 4, "options": {"width": 0.125}}
    return make_task(point(**(WHERE | narrow | fields)), LABEL).measure()


@pytest.fixture(scope="module")
def first(small_set: None) -> Measurement:
    return measured()


def test_an_answer_for_every_test_clip(first: Measurement) -> None:
    assert first.status == "ok"
    assert first.unit == "percent"
    assert len(first.samples) == 3 * 16
    assert set(first.samples) <= {0, 100}
    assert first.value == pytest.approx(sum(first.samples) / 48)
    low, high = first.interval
    assert 0 <= low < first.value + 1e-9
    assert first.value - 1e-9 < high < 100


def test_it_is_by_tier_with_top_5(first: Measurement) -> None:
    sizes = first.details["group_sizes"]
    assert sizes == {"adjacent": 18, "long": 12, "fast": 18}
    tiers = first.details["by_group"]
    assert sum(tiers[name] * sizes[name] for name in sizes) / 48 == pytest.approx(first.value)
    for name in sizes:
        assert np.mean(first.answers(name)) == pytest.approx(tiers[name])
    assert first.answers() == first.samples
    with pytest.raises(BenchError, match="has no group 'other'"):
        first.answers("other")
    assert first.details["top5"]["percent"] >= first.value


def test_the_record_names_clips_decoder_and_recipe(first: Measurement) -> None:
    root = arrow_of_time.generate_videos("test")
    assert first.settings["clips"] == digest_of_contents(arrow_of_time.arrow_videos("test", root))
    assert str(first.settings["decoder"]).startswith("pyav ")
    assert first.settings["learning_rate"] == trained.RECIPE.learning_rate
    assert first.settings["threads"] == 1
    assert first.settings["reversed_pairs"] is True


def test_each_motion_is_answered_before_its_reverse(first: Measurement) -> None:
    """A network that ignores the order of frames gives one answer to both: one is right at most."""
    blind = measured(network="tsn")
    assert count_right_twice(first.samples) >= 0
    assert count_right_twice(blind.samples) == 0
    assert blind.value > 0


def test_the_same_seed_gives_the_same_figure(first: Measurement) -> None:
    torch.manual_seed(99)  # of no consequence
    assert measured(batch=8, mode="train").samples == first.samples


def test_another_seed_is_another_figure_under_another_identity(first: Measurement) -> None:
    other = measured(seed=1)
    assert other.point != first.point
    assert other.settings["seed"] == 1
    one, two = (make_task(point(**WHERE, seed=seed), LABEL).identity for seed in (0, 1))
    assert one != two


def test_a_cost_has_nothing_to_do_with_set_and_seed() -> None:
    for label in ("macs", "memory", "latency:cpu", "params", "traffic"):
        canonical = find_instrument(label).canonical(point(dataset="arrow-of-time", seed=7))
        assert (canonical.dataset, canonical.seed) == ("", 0)


@pytest.mark.parametrize("wrong", [{"dataset": ""}, {"num_classes": 174}, {"input_size": 224}])
def test_what_the_set_cannot_give_is_unsupported(wrong: dict[str, object]) -> None:
    record = measured(**wrong)
    assert record.status == "unsupported"
    assert "run 'blvbench run accuracy'" in record.reason


def test_the_network_is_built_from_the_seed() -> None:
    built = list[nn.Module]()

    def build() -> nn.Module:
        narrow = partial(create_model, "tsn", num_classes=16, frames=4, depth=18, width=0.125)
        built.append(narrow())
        return built[-1]

    answers = [trained.train(build, 4, seed).samples for seed in (3, 3)]
    assert answers[0] == answers[1]
    assert all(map(torch.equal, built[0].state_dict().values(), built[1].state_dict().values()))
