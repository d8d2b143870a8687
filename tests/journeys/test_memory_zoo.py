"""Simulated peaks against real steps on the CPU, over small networks of all kinds.

`python -m tests.journeys.test_memory_zoo` prints the table of docs/reference/zoo.md.
"""

import re
from pathlib import Path

import pytest

from bench.instruments.memory import simulate
from suites.fields import Mode
from tests.bench.instruments.memory.real import real_peak
from tests.bench.instruments.memory.zoo import SHAPE, ZOO

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "zoo.md"
# Without gradients, PyTorch warns of a network that checkpoints.
pytestmark = pytest.mark.filterwarnings("ignore:None of the inputs have requires_grad")
MODES: tuple[Mode, ...] = ("train", "infer")
MAX_ERROR = 0.01
# Their weights are used 32 times: which of the sums of gradients are made in place is not known.
MAX_ERRORS = {("lstm_by_steps", "train"): 0.04, ("gru_by_steps", "train"): 0.04}


def simulated(name: str, mode: Mode) -> int:
    return simulate(ZOO[name], SHAPE, mode, device="cpu").peak_bytes


def row(name: str, mode: Mode) -> str:
    """A row of the table; real figures are of this machine."""
    size, real = simulated(name, mode), real_peak(ZOO[name], SHAPE, mode)
    start = f"| {name.replace('_', ' ')} | {mode} | {size:,} |"
    return f"{start} {real.tensors:,} | {size / real.tensors - 1:+.2%} | {real.all:,} |"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ZOO)
def test_a_simulation_is_within_one_percent_of_a_real_step(name: str, mode: Mode) -> None:
    real = real_peak(ZOO[name], SHAPE, mode).tensors
    assert simulated(name, mode) == pytest.approx(real, rel=MAX_ERRORS.get((name, mode), MAX_ERROR))


def test_the_page_has_the_simulated_peaks() -> None:
    rows = re.findall(r"^\| (.+) \| (\w+) \| ([\d,]+) \|", PAGE.read_text("utf-8"), re.MULTILINE)
    written = {
        (name.replace(" ", "_"), mode): int(size.replace(",", "")) for name, mode, size in rows
    }
    # An LSTM has 1 KiB more or less, by what the process simulated before.
    assert written == pytest.approx({k: simulated(k[0], k[1]) for k in written}, rel=1e-4)
    assert written.keys() == {(name, mode) for name in ZOO for mode in MODES}
    assert len(ZOO) >= 30


if __name__ == "__main__":
    for network in ZOO:
        for step in MODES:
            print(row(network, step), flush=True)
