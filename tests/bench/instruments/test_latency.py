import itertools
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

from bench.errors import BenchError
from bench.instruments import latency
from bench.instruments.reference import latency_reference
from bench.machine import busy, environment
from bench.runs.tasks import make_task
from bench.workload import timers
from bench.workload.steps import Step
from tests.clock import Clock, stop_clocks
from tests.records import point

CLIP = torch.zeros(2, 3, 2, 4, 4)
SLEEP_S = 0.25  # a sum of it is exact
WITHOUT_CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One thread before and after, and nobody else on the machine."""
    monkeypatch.setattr(busy.Watch, "others_cores", lambda _: 0.0)
    monkeypatch.setattr(busy, "LOOK_S", 0.0)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return stop_clocks(monkeypatch, timers, latency)


class Sleeper(nn.Module):
    """A network that remembers how it was run, and takes `seconds` of a clock."""

    def __init__(
        self, seconds: float = 0.0, clock: Clock | None = None, log: list[str] | None = None
    ) -> None:
        super().__init__()
        self.seconds, self.clock, self.log = seconds, clock, log
        self.weight = nn.Parameter(torch.ones(5))

    def forward(self, clip: Tensor) -> Tensor:
        if self.clock:
            self.clock.sleep(self.seconds)
        if self.log is not None:
            self.log.append(f"{self.seconds}")
        self.threads = torch.get_num_threads()
        self.had_gradients, self.was_training = torch.is_grad_enabled(), self.training
        self.type_of_products = torch.mm(self.weight[None], self.weight[:, None]).dtype
        return self.weight.expand(len(clip), 5)


def test_a_known_sleep_is_measured(clock: Clock) -> None:
    samples = latency.measure(Sleeper(SLEEP_S, clock), CLIP, rounds=7)
    assert samples.seconds == (SLEEP_S,) * 7


@WITHOUT_CUDA
def test_a_gpu_is_timed() -> None:
    samples = latency.measure(Sleeper().to("cuda"), CLIP.to("cuda"), rounds=7)
    assert len(samples.seconds) >= 7
    assert min(samples.seconds) > 0


def test_network_and_reference_run_there_and_back_again(clock: Clock) -> None:
    log: list[str] = []
    model, reference = Sleeper(1, clock, log), Sleeper(3, clock, log)
    samples = latency.measure(model, CLIP, reference=(reference, CLIP), rounds=4, budget_s=0.0)
    assert log[-8:] == ["1", "3", "3", "1"] * 2
    assert samples.seconds == (1.0,) * 4
    assert samples.reference_seconds == (3.0,) * 4
    assert latency.measure(model, CLIP, rounds=1).reference_seconds == ()


def test_warm_up_lasts_until_a_round_is_no_faster() -> None:
    seconds = iter([9.0, 4.0, 1.0, 0.99, *itertools.repeat(1.0, 7)])
    (taken,), warnings = latency.interleave([lambda: None], 7, timer=lambda _: next(seconds))
    assert (taken, warnings) == ((1.0,) * 7, [])


def test_what_never_gets_warm_is_said() -> None:
    seconds = iter(0.9**n for n in itertools.count())
    _, (warning,) = latency.interleave([lambda: None], 1, timer=lambda _: next(seconds))
    assert "after 10 rounds of warm-up" in warning


@pytest.mark.parametrize(("budget_s", "rounds"), [(20.0, 21), (1e9, latency.MAX_ROUNDS)])
def test_unsure_samples_are_taken_until_the_time_is_over(
    budget_s: float, rounds: int, clock: Clock
) -> None:
    unsure = itertools.cycle([1.0, 2.0])

    def timer(step: Step) -> float:
        clock.sleep(1)
        return next(unsure)

    (taken,), _ = latency.interleave([lambda: None], 7, timer=timer, budget_s=budget_s)
    assert len(taken) == rounds


@pytest.mark.parametrize("mode", ["infer", "train"])
def test_inference_computes_no_gradients_and_training_steps(mode: str) -> None:
    model = Sleeper()
    latency.measure(model, CLIP, mode, rounds=1)  # type: ignore[arg-type]
    is_training = mode == "train"
    assert (model.had_gradients, model.was_training) == (is_training, is_training)
    assert torch.equal(model.weight, torch.ones(5)) != is_training


@pytest.mark.parametrize(
    ("precision", "dtype"),
    [("fp32", torch.float32), ("bf16", torch.bfloat16), ("fp16", torch.float16)],
)
def test_autocast_multiplies_in_the_precision(precision: str, dtype: torch.dtype) -> None:
    model = Sleeper()
    latency.measure(model, CLIP, "train", precision, rounds=1)  # type: ignore[arg-type]
    assert model.type_of_products == dtype
    assert model.weight.dtype == torch.float32
    assert torch.isfinite(model.weight).all()


def test_all_cores_are_used_and_the_threads_restored() -> None:
    model = Sleeper()
    samples = latency.measure(model, CLIP, rounds=1)
    assert model.threads == samples.threads == environment.usable_cores()
    assert torch.get_num_threads() == 1


def test_a_busy_machine_has_fewer_threads_and_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("usable_cores", "shared_cores"):
        monkeypatch.setattr(busy, name, lambda: 4)
    found = iter([0.0, 1.0, 2.9, 0.3])  # a look before, then with 4, 2 and 1 threads
    monkeypatch.setattr(busy.Watch, "others_cores", lambda _: next(found))
    model = Sleeper()
    samples = latency.measure(model, CLIP, rounds=6)
    assert model.threads == samples.threads == 1
    assert [w for w in samples.warnings if "others used 0.3 of 4 cores, this process 1" in w]


@pytest.mark.parametrize(("mode", "rounds"), [("evaluate", 1), ("infer", 0)])
def test_nonsense_is_refused(mode: str, rounds: int) -> None:
    with pytest.raises(BenchError, match=r"mode must be|at least 1 round"):
        latency.measure(Sleeper(), CLIP, mode, rounds=rounds)  # type: ignore[arg-type]


def test_networks_are_timed_in_turn_with_a_tsn_of_their_depth() -> None:
    own = point(
        network="blvnet_tam", depth=101, options={"window": 5}, mode="train", precision="bf16"
    )
    assert latency_reference(own) == point(depth=101, mode="train", precision="bf16")
    assert latency_reference(point(network="i3d", depth=None)) == point()
    assert latency_reference(point(options={"width": 0.5})) == point()
    assert latency_reference(point()) is None


SMALL = {"depth": 18, "frames": 2, "input_size": 32}


@pytest.mark.usefixtures("_quickly_timed")
def test_a_measurement_has_the_samples_of_both_and_the_machines_ceilings() -> None:
    where = point(network="tam", **SMALL, options={"width": 0.25}, memory_format="contiguous")
    measured = make_task(where, "latency").measure()
    assert measured.status == "ok", measured.reason
    assert measured.reference is not None
    assert measured.reference.point == point(**SMALL, memory_format="contiguous")
    assert len(measured.samples) == len(measured.reference.samples) >= latency.ROUNDS
    assert measured.saving > 0
    low, high = measured.saving_interval
    assert low <= measured.saving <= high
    assert measured.details["ceilings"]["macs_per_second"] > 0
    assert measured.details["ceilings"]["bytes_per_second"] > 0
    assert measured.settings.pop("reference_version")
    assert measured.settings == {"threads": environment.usable_cores(), "seed": 0, "busy": False}


@pytest.mark.usefixtures("_quickly_timed")
def test_without_memory_for_the_reference_there_is_no_ratio(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    alone = latency.measure

    def short(*args: object, reference: object, **keywords: object) -> object:
        if reference is not None:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return alone(*args, **keywords)  # type: ignore[arg-type]

    monkeypatch.setattr(latency, "measure", short)
    measured = make_task(point(network="tam", **SMALL), "latency").measure()
    assert (measured.status, measured.reference) == ("ok", None)
    assert measured.warnings[0].startswith("there is no ratio: the reference, ")


@pytest.mark.usefixtures("_quickly_timed")
def test_a_compiled_network_is_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[nn.Module] = []
    monkeypatch.setattr(nn.Module, "compile", lambda self: compiled.append(self))  # noqa: PLW0108 - a method
    measured = make_task(point(network="tam", **SMALL, execution="compile"), "latency").measure()
    assert measured.status == "ok", measured.reason
    assert len(compiled) == 2


def test_a_precision_that_the_device_lacks_is_unsupported() -> None:
    measured = make_task(point(**SMALL, precision="tf32"), "latency:cpu").measure()
    assert measured.status == "unsupported"
    assert "Ampere" in measured.reason


def test_seconds_are_of_a_machine_and_of_both_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    where = point(network="tam", frames=2)
    before = {quantity: make_task(where, quantity).identity for quantity in ("latency", "macs")}
    elsewhere = environment.current_environment().model_copy(update={"processor": "another"})
    monkeypatch.setattr(environment, "current_environment", lambda _device=None: elsewhere)
    assert make_task(where, "latency").identity != before["latency"]
    assert make_task(where, "macs").identity == before["macs"]
