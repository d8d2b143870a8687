import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.errors import BenchError
from bench.json_file import MAX_BYTES
from bench.machine.environment import current_environment
from bench.records.measurement import Measurement, Reference
from bench.records.point import Point
from bench.records.recorded import (
    DERIVED,
    FOLDER,
    FORMAT_VERSION,
    REPORT_FORMATS,
    load_recorded,
    newest,
    read,
    with_recorded,
    write,
)
from bench.records.store import Store
from blvbench import main
from reports import writer
from reports.page import build_page
from tests.records import measurement, point, tsn_reference

HERE = current_environment().model_copy(update={"processor": "Some(R) CPU @ 2.90GHz"})
GPU = HERE.model_copy(update={"accelerator": "Big GPU 80GB", "accelerator_memory_bytes": 80 << 30})
OTHER_GPU = GPU.model_copy(update={"accelerator": "Other GPU"})
NAMELESS = HERE.model_copy(update={"processor": "?"})
NOON, LATER = "2026-01-01T12:00:00+00:00", "2026-01-01T13:30:00+01:00"  # half an hour later
TSN, TAM = point(), point(network="tam")


def seconds(where: Point = TSN, value: float = 1.0, **fields: Any) -> Measurement:
    """A latency of the GPU."""
    defaults = {"quantity": "latency", "instrument": "cuda", "unit": "seconds", "environment": GPU}
    return measurement(where, **{**defaults, "samples": (value,), "measured_at": NOON, **fields})


def no_figure(status: str, where: Point = TSN, **fields: Any) -> Measurement:
    return seconds(where, **{"status": status, "samples": (), "reason": "so it was", **fields})


def simulated(where: Point = TSN, value: int = 1, **fields: Any) -> Measurement:
    return measurement(
        where, quantity="memory", instrument="simulated", unit="bytes", samples=(value,), **fields
    )


def put(path: Path, *measurements: Measurement) -> Path:
    with Store(path, create=True) as store:
        for number, each in enumerate(measurements):
            store.put(str(number), each)
    return path


STATUSES = {1: "oom", 2: "timeout", 3: "killed", 4: "failed"}  # by frames


def values(measurements: list[Measurement]) -> list[float]:
    return [m.value for m in measurements]


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    records = [
        seconds(TAM, reference=tsn_reference(3.0), warnings=("w",), settings={"threads": 2}),
        no_figure("oom"),
        simulated(),
    ]
    held = write(tmp_path / "new" / "gpu.json", records)
    assert read(tmp_path / "new" / "gpu.json") == held
    assert sorted(map(str, held)) == sorted(map(str, records))
    assert load_recorded(tmp_path / "new") == held
    assert {path.name for path in (tmp_path / "new").iterdir()} == {"gpu.json"}


def test_the_order_of_coming_does_not_change_a_byte(tmp_path: Path) -> None:
    records = [seconds(), seconds(value=2.0, measured_at=LATER), seconds(TAM), simulated()]
    write(tmp_path / "one.json", records)
    for each in reversed(records):
        write(tmp_path / "two.json", [each])
    write(tmp_path / "two.json", records)
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()


def test_the_newest_of_a_point_and_machine_stays(tmp_path: Path) -> None:
    path = tmp_path / "gpu.json"
    write(path, [seconds(value=1.0), seconds(value=5.0, environment=OTHER_GPU), seconds(TAM, 7.0)])
    write(
        path, [seconds(value=2.0, measured_at=LATER), seconds(TAM, 9.0, measured_at="2025-12-01")]
    )
    assert sorted(values(read(path))) == [2.0, 5.0, 7.0]


def test_times_without_a_zone_are_taken_for_utc() -> None:
    naive = seconds(value=2.0, measured_at="2026-01-01T12:15:00")
    assert values(newest([naive, seconds(value=1.0, measured_at=NOON)])) == [2.0]
    assert values(newest([naive, seconds(value=1.0, measured_at=LATER)])) == [1.0]


def test_the_files_of_a_folder_are_one_set(tmp_path: Path) -> None:
    write(tmp_path / "a.json", [seconds(value=1.0, measured_at=LATER)])
    write(tmp_path / "b.json", [seconds(value=2.0), seconds(TAM, 3.0)])
    (tmp_path / "README.md").write_text("not a recorded file")
    assert sorted(values(load_recorded(tmp_path))) == [1.0, 3.0]


def test_the_projects_own_files_are_readable() -> None:
    assert all(m.label for m in load_recorded())
    assert FOLDER.is_dir()


def test_the_store_takes_the_place_of_older_records() -> None:
    recorded = [seconds(value=1.0), seconds(TAM, 2.0, measured_at=LATER), simulated(value=3)]
    stored = [seconds(value=4.0, measured_at=LATER), seconds(TAM, 5.0), simulated(value=6)]
    assert values(with_recorded(stored, recorded)) == [2.0, 4.0, 6]


def test_figures_of_no_machine_are_the_stores_however_old() -> None:
    recorded = [simulated(value=1, measured_at=LATER, environment=GPU)]
    assert values(with_recorded([simulated(value=2, measured_at=NOON)], recorded)) == [2]


def test_machines_stand_side_by_side() -> None:
    both = with_recorded([seconds(value=1.0, environment=HERE)], [seconds(value=2.0)])
    assert values(both) == [2.0, 1.0]


def test_within_a_store_the_last_one_counts() -> None:
    stored = [seconds(value=1.0, measured_at=LATER), seconds(value=2.0)]
    assert values(with_recorded(stored, [])) == [2.0]


def test_a_report_derives_what_is_known_here_and_is_of_a_format_that_is_read() -> None:
    pairs = seconds(TAM, samples=(1.0, 2.0), reference=tsn_reference(3.0, 3.0))
    assert set(pairs.as_json()) - set(Measurement.model_fields) == set(DERIVED)
    assert writer.FORMAT_VERSION in REPORT_FORMATS


def test_a_store_its_report_and_its_recorded_file_give_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    records = [
        seconds(TAM, samples=(1.0, 2.0), reference=tsn_reference(3.0, 3.0)),
        seconds(),
        simulated(),
    ]
    store = put(tmp_path / "s", *records)
    writer.write_report(build_page(records, ()), tmp_path / "report")
    for number, file in enumerate((store, tmp_path / "report/results.json", tmp_path / "0.json")):
        into = ("--into", str(tmp_path), "--name", str(number))
        assert main(["import", str(file), *into]) == 0
        path = tmp_path / f"{number}.json"
        assert capsys.readouterr().out == f"{path}: 3 records, of Big GPU 80GB, 80 GiB\n"
        assert path.read_bytes() == (tmp_path / "0.json").read_bytes()


def test_import_keeps_results_of_machines_and_what_belongs_to_them(tmp_path: Path) -> None:
    batch = TSN.model_copy(update={"batch": 8, "mode": "train"})
    kept = [
        seconds(),
        *(no_figure(status, point(frames=frames)) for frames, status in STATUSES.items()),
        seconds(batch),
        simulated(batch),
        measurement(TSN),  # MACs are of a clip: of both points
    ]
    left = [
        no_figure("unsupported", TAM),
        simulated(TAM),
        measurement(point(frames=64)),
        measurement(TAM, status="failed", samples=(), reason="r"),
    ]
    assert main(["import", str(put(tmp_path / "s", *kept, *left)), "--into", str(tmp_path)]) == 0
    assert newest(kept) == load_recorded(tmp_path)


@pytest.mark.parametrize(
    ("machines", "name"),
    [((GPU,), "big-gpu-80gb"), ((HERE,), "some-r-cpu-2-90ghz"), ((HERE, GPU), "big-gpu-80gb")],
)
def test_a_file_is_called_after_its_machine(
    tmp_path: Path, machines: tuple[Any, ...], name: str
) -> None:
    store = put(tmp_path / "s", *(seconds(environment=machine) for machine in machines))
    assert main(["import", str(store), "--into", str(tmp_path / "deep" / "down")]) == 0
    assert len(read(tmp_path / "deep" / "down" / f"{name}.json")) == len(machines)


def changed(**fields: Any) -> str:
    """A recorded file with one record that differs from a right one."""
    record = {**seconds().model_dump(mode="json"), **fields}
    return json.dumps({"format": FORMAT_VERSION, "measurements": [record]})


RIGHT = changed()
WRONG_FILES: dict[str, tuple[str | bytes, str]] = {
    "truncated": (RIGHT[:-9], "is not JSON"),
    "empty": ("", "is not JSON"),
    "not UTF-8": (b"\xff\xfe\x00{", "is not JSON"),
    "nested": ("[" * 100_000, "is not JSON"),
    "a list": ("[]", "is not a JSON object"),
    "of another program": ('{"results": []}', "results: unknown key"),
    "without a format": ('{"measurements": []}', "is of format None"),
    "of a newer format": (RIGHT.replace('"format": 1', '"format": 2'), "is of format 2, this"),
    "a newer report": ('{"format": 99, "claims": [], "measurements": []}', "is of format 99"),
    "without measurements": ('{"format": 1}', "measurements: is not a list"),
    "a record that is none": ('{"format": 1, "measurements": [3]}', "record 1: "),
    "an unknown key": (changed(quantitty="x"), "record 1: quantitty: unknown key"),
    "a wrong type": (changed(samples=["1"]), "record 1: samples.0"),
    "a wrong point": (changed(point={"network": "tsn", "frames": 0}), "record 1: point.frames"),
    "not a number": (changed(samples=[float("nan")]), "record 1: Out of range float"),
    "too large a number": (RIGHT.replace("[1.0]", "[1e999]"), "record 1: Out of range float"),
    "no sample at all": (RIGHT.replace("[1.0]", f"[1{'0' * 400}]"), "record 1: Value error, a"),
    "a sample of no machine": (changed(samples=[1e31]), "record 1: Value error, a sample is a fin"),
    "too long a number": (RIGHT.replace("[1.0]", f"[{'9' * 5000}]"), "is not JSON"),
    "too large a count": (changed(point={"network": "t", "frames": 2**31}), "record 1: point.fr"),
    "half a character": (changed(reason="\ud800"), "record 1: Invalid JSON"),
    "an evil key": (changed(**{"\x1b[2J\n" * 99: 1}), "record 1: \ufffd[2J \ufffd[2J"),
    "another evil key": ('{"\\u001b[2J": 1}', "\ufffd[2J: unknown key"),
    "ok without samples": (changed(samples=[]), "record 1: Value error, a measurement has samples"),
    "unknown instrument": (changed(instrument="tpu"), "record 1: there is no quantity 'latency:tp"),
    "a wrong time": (changed(measured_at="yesterday\n"), "record 1: Value error, Invalid iso"),
    "too large": (" " * (MAX_BYTES + 1), "is larger than"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG_FILES)
def test_what_is_no_recorded_file_is_refused_in_a_line(tmp_path: Path, case: str) -> None:
    content, message = WRONG_FILES[case]
    path = tmp_path / "wrong.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(BenchError) as caught:
        read(path, is_report=True)
    assert str(caught.value).startswith(f"{path}: {message}")
    assert "\n" not in str(caught.value)
    with pytest.raises(BenchError, match=r"wrong\.json: "):
        load_recorded(tmp_path)


def test_a_report_is_not_mistaken_for_a_recorded_file(tmp_path: Path) -> None:
    writer.write_report(build_page([seconds()], ()), tmp_path)
    before = (tmp_path / "results.json").read_bytes()
    with pytest.raises(BenchError, match=r"results\.json: agreement: unknown key"):
        write(tmp_path / "results.json", [seconds()])
    assert (tmp_path / "results.json").read_bytes() == before


def test_a_file_that_cannot_be_written_is_left_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "gpu.json"
    write(path, [seconds()])
    before = path.read_bytes()
    monkeypatch.setattr("bench.json_file.MAX_BYTES", len(before))
    with pytest.raises(BenchError, match="would be larger than"):
        write(path, [seconds(TAM)])

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.undo()
    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(BenchError, match="No space left on device: choose another"):
        write(path, [seconds(TAM)])
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def foreign(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (x)")
    connection.close()


@pytest.mark.parametrize(
    ("make", "arguments", "message"),
    [
        (lambda path: None, (), "cannot be read (No such file"),
        (Path.mkdir, (), "cannot be read (Is a directory)"),
        (foreign, (), "is not a blvbench store"),
        (lambda path: path.write_text(RIGHT[:-9]), (), "is not JSON"),
        (lambda path: put(path, measurement(TSN)), (), "has no figure that depends on a machine"),
        (
            lambda path: put(path, no_figure("unsupported")),
            (),
            "has no figure that depends on a machine",
        ),
        (put, (), "has no figure that depends on a machine"),
        (lambda path: put(path, seconds()), ("--name", "../x"), "not '../x'"),
        (lambda path: put(path, seconds()), ("--name", ""), "not ''"),
        (lambda path: put(path, seconds()), ("--name", "a\n"), "--name must be small letters"),
        (lambda path: put(path, seconds()), ("--name", "n" * 300), "File name too long"),
        (lambda path: put(path, seconds()), ("--into", "{tmp}/file"), "choose another --into"),
        (lambda path: put(path, seconds()), ("--name", "folder"), "cannot be read (Is a dir"),
        (lambda path: put(path, seconds()), ("--name", "broken"), "is not JSON"),
        (
            lambda path: put(path, seconds(), seconds(environment=OTHER_GPU)),
            (),
            "figures of Big GPU 80GB and Other GPU: give --name",
        ),
        (lambda path: put(path, seconds(environment=NAMELESS)), (), "give --name"),
    ],
)
def test_import_refuses_in_a_line_and_writes_nothing(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    make: Callable[[Path], object],
    arguments: tuple[str, ...],
    message: str,
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "broken.json").write_text("{")
    make(tmp_path / "given")
    before = sorted(tmp_path.rglob("*"))
    given = [argument.replace("{tmp}", str(tmp_path)) for argument in arguments]
    assert main(["import", str(tmp_path / "given"), "--into", str(tmp_path), *given]) == 2
    printed = capsys.readouterr()
    assert message in printed.err
    assert printed.err.count("\n") == 1
    assert printed.out == ""
    assert sorted(tmp_path.rglob("*")) == before


def test_claims_and_report_show_what_was_recorded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = {"frames": 16, "batch": 8, "options": {"formulation": "published"}}
    tsn = Reference(point=point(**where), samples=(4.0, 4.0))
    ours = point(network="blvnet_tam", **where)
    write(tmp_path / "recorded" / "gpu.json", [seconds(ours, samples=(1.0, 1.0), reference=tsn)])
    store = str(put(tmp_path / "s", measurement(TSN)))
    beside_store = ("--store", store, "--recorded", str(tmp_path / "recorded"))
    assert main(["claims", *beside_store, "--json"]) == 0
    claims = {claim["id"]: claim for claim in json.loads(capsys.readouterr().out)}
    (case,) = (c for c in claims["seconds-gpu-tsn"]["cases"] if c["status"] == "ok")
    assert (case["machine"], case["ratio"]) == ("Big GPU 80GB, 80 GiB", 4.0)
    assert main(["report", *beside_store, "--out", str(tmp_path / "out")]) == 0
    content = json.loads((tmp_path / "out" / "results.json").read_text())
    assert {m["quantity"] for m in content["measurements"]} == {"macs", "latency"}


@pytest.mark.parametrize("command", ["claims", "report"])
def test_a_wrong_recorded_file_is_named(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store, recorded = str(put(tmp_path / "s", measurement(TSN))), tmp_path / "recorded"
    arguments = [command, "--store", store, "--recorded", str(recorded)]
    arguments += ["--out", str(tmp_path / "out")] if command == "report" else []
    assert main(arguments) == 2
    assert f"{recorded}: cannot be read (No such file" in capsys.readouterr().err
    recorded.mkdir()
    (recorded / "gpu.json").write_text(changed(quantitty="x"))
    assert main(arguments) == 2
    assert "gpu.json: record 1: quantitty: unknown key" in capsys.readouterr().err


def test_recorded_results_do_not_stand_in_for_those_of_an_empty_store(tmp_path: Path) -> None:
    write(tmp_path / "recorded" / "gpu.json", [seconds()])
    arguments = ["--store", str(put(tmp_path / "s")), "--recorded", str(tmp_path / "recorded")]
    assert main(["report", *arguments, "--out", str(tmp_path / "out")]) == 0
    assert "Nothing was measured yet." in (tmp_path / "out" / "index.html").read_text()
