import time
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

from bench import environment, latency
from bench.errors import BenchError
from bench.instruments import latency_reference
from bench.tasks import task
from tests.records import point

CLIP = torch.zeros(2, 3, 2, 4, 4)
SLEEP_S = 0.02


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class Sleeper(nn.Module):
    """A network that takes `seconds`, and remembers how it was run."""

    def __init__(self, seconds: float, log: list[str], name: str = "model") -> None:
        super().__init__()
        self.seconds, self.log, self.name = seconds, log, name
        self.weight = nn.Parameter(torch.ones(5))

    def forward(self, clip: Tensor) -> Tensor:
        time.sleep(self.seconds)
        self.log.append(self.name)
        self.threads = torch.get_num_threads()
        self.had_gradients, self.was_training = torch.is_grad_enabled(), self.training
        return self.weight.expand(len(clip), 5)


def test_a_known_sleep_is_measured() -> None:
    samples = latency.measure(Sleeper(SLEEP_S, []), CLIP, rounds=3)
    assert len(samples.seconds) == 3
    assert all(SLEEP_S <= seconds < 10 * SLEEP_S for seconds in samples.seconds)


def test_network_and_reference_run_in_turn_after_a_warm_up() -> None:
    log: list[str] = []
    model, reference = Sleeper(SLEEP_S, log, "own"), Sleeper(3 * SLEEP_S, log, "tsn")
    samples = latency.measure(model, CLIP, reference=reference, rounds=3)
    assert log == ["own", "tsn"] * 4
    assert len(samples.seconds) == len(samples.reference_seconds) == 3
    assert samples.ratio == pytest.approx(3, rel=0.5)


def test_without_a_reference_there_is_no_ratio() -> None:
    with pytest.raises(BenchError, match="measure with one"):
        _ = latency.measure(Sleeper(0, []), CLIP, rounds=1).ratio


def test_inference_computes_no_gradients_and_training_steps() -> None:
    model = Sleeper(0, [])
    latency.measure(model, CLIP, "infer", rounds=1)
    assert (model.had_gradients, model.was_training) == (False, False)
    assert torch.equal(model.weight, torch.ones(5))
    latency.measure(model, CLIP, "train", rounds=1)
    assert (model.had_gradients, model.was_training) == (True, True)
    assert not torch.equal(model.weight, torch.ones(5))


def test_all_cores_are_used_and_the_threads_restored() -> None:
    model = Sleeper(0, [])
    latency.measure(model, CLIP, rounds=1)
    assert model.threads == environment.usable_cores()
    assert torch.get_num_threads() == 1


@pytest.mark.parametrize(("mode", "rounds"), [("evaluate", 1), ("infer", 0)])
def test_nonsense_is_refused(mode: str, rounds: int) -> None:
    with pytest.raises(BenchError, match=r"mode must be|at least 1 round"):
        latency.measure(Sleeper(0, []), CLIP, mode, rounds=rounds)  # type: ignore[arg-type]


def test_networks_are_timed_in_turn_with_a_tsn_of_their_depth() -> None:
    own = point(network="blvnet_tam", depth=101, options={"window": 5}, batch=2, mode="train")
    assert latency_reference(own) == point(depth=101, batch=2, mode="train")
    assert latency_reference(point(network="i3d", depth=None)) == point()
    assert latency_reference(point(options={"width": 0.5})) == point()
    assert latency_reference(point()) is None


def test_a_measurement_has_the_samples_of_both() -> None:
    where = point(network="tam", depth=18, frames=2, input_size=32, options={"width": 0.25})
    measured = task(where, "latency").measure()
    assert measured.status == "ok", measured.reason
    assert measured.reference is not None
    assert measured.reference.point == point(depth=18, frames=2, input_size=32)
    assert len(measured.samples) == len(measured.reference.samples) == latency.ROUNDS
    assert measured.saving > 0


def test_seconds_are_of_a_machine_and_of_both_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    where = point(network="tam", frames=2)
    before = {quantity: task(where, quantity).identity for quantity in ("latency", "macs")}
    elsewhere = environment.current().model_copy(update={"processor": "another"})
    monkeypatch.setattr(environment, "current", lambda: elsewhere)
    assert task(where, "latency").identity != before["latency"]
    assert task(where, "macs").identity == before["macs"]
