from pathlib import Path
from typing import Any

import pytest

from bench.commands import UsageError, main
from bench.commands.import_ import _file_name, select_figures
from bench.machine.environment import current_environment
from bench.records.measurement import Environment, Measurement
from bench.records.point import Point
from bench.records.recorded import read
from bench.records.store import Store
from tests.bench.choice.known import MACS, MEMORY, cost
from tests.bench.commands.lines import refusal
from tests.records import point

BIG = current_environment().model_copy(
    update={"accelerator": "Big GPU 80GB", "accelerator_memory_bytes": 80 << 30}
)
CHIP = current_environment().model_copy(
    update={"processor": "Some(R) CPU @ 2.90GHz", "accelerator": ""}
)
TSN, TAM = point(), point(network="tam")


def timed(where: Point = TSN, machine: Environment = BIG, **fields: Any) -> Measurement:
    instrument = "latency:cuda" if machine.accelerator else "latency:cpu"
    return cost(instrument, where, *fields.pop("samples", (1.0,)), environment=machine, **fields)


def test_results_of_a_machine_are_recorded_unless_unsupported() -> None:
    failure: dict[str, Any] = {"samples": (), "reason": "r"}
    results = [timed(point(frames=n), status=s, **failure) for n, s in ((1, "oom"), (2, "timeout"))]
    unsupported = timed(TAM, status="unsupported", **failure)
    assert select_figures([*results, unsupported]) == results


def test_counts_are_recorded_at_the_points_of_machines() -> None:
    batch = TSN.model_copy(update={"batch": 8})
    kept = [timed(batch), cost(MEMORY, batch, 1), cost(MACS, TSN, 1)]  # MACs are per clip
    others = [
        cost(MEMORY, TSN, 1),
        cost(MACS, TAM, 1),
        cost("macs:fvcore", batch, samples=(), status="failed", reason="r"),
    ]
    assert select_figures([*others, *kept]) == kept
    assert select_figures(others) == []


@pytest.mark.parametrize(
    ("machines", "name"),
    [
        ((BIG,), "big-gpu-80gb"),
        ((CHIP,), "some-r-cpu-2-90ghz"),
        ((CHIP, BIG), "big-gpu-80gb"),
        ((BIG, BIG.model_copy(update={"accelerator": "Big-GPU 80gb"})), "big-gpu-80gb"),
    ],
)
def test_a_file_has_the_name_of_the_accelerator_or_the_processor(
    machines: tuple[Environment, ...], name: str
) -> None:
    assert _file_name([timed(machine=machine) for machine in machines]) == name


def test_several_machines_or_none_need_a_name() -> None:
    other = BIG.model_copy(update={"accelerator": "Other GPU"})
    with pytest.raises(UsageError, match=r"^figures of Big GPU 80GB and Other GPU: give --name$"):
        _file_name([timed(machine=other), timed()])
    with pytest.raises(UsageError, match="give --name"):
        _file_name([timed(machine=CHIP.model_copy(update={"processor": "?"}))])


@pytest.fixture
def store(tmp_path: Path) -> Path:
    with Store(tmp_path / "s", create=True) as opened:
        opened.put("1", timed())
        opened.put("2", timed(TAM, CHIP))
    return tmp_path / "s"


def test_the_output_has_the_file_and_its_machines(
    capsys: pytest.CaptureFixture[str], store: Path, tmp_path: Path
) -> None:
    line = ["import", str(store), "--into", str(tmp_path / "new"), "--name", "a-2"]
    for _ in range(2):
        assert main(line) == 0
        path = tmp_path / "new" / "a-2.json"
        assert capsys.readouterr().out == (
            f"{path}: 2 records, of {'; '.join(sorted((BIG.machine, CHIP.machine)))}\n"
        )
    assert len(read(path)) == 2


@pytest.mark.parametrize("name", ["A", "a--b", "-a", "a-", "a.b", "a b", ""])
def test_a_name_has_small_letters_digits_and_single_hyphens(
    capsys: pytest.CaptureFixture[str], store: Path, tmp_path: Path, name: str
) -> None:
    error = refusal(capsys, "import", str(store), "--into", str(tmp_path), f"--name={name}")
    assert error.endswith(f"--name must be small letters, digits and single hyphens, not {name!r}")
    assert list(tmp_path.iterdir()) == [store]


def test_a_store_without_figures_of_a_machine_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with Store(tmp_path / "s", create=True) as opened:
        opened.put("1", cost(MACS, TSN, 1))
    error = refusal(capsys, "import", str(tmp_path / "s"), "--into", str(tmp_path / "new"))
    assert f"{tmp_path / 's'}: has no figure that depends on a machine: import results" in error
    assert not (tmp_path / "new").exists()
