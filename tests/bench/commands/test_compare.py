from pathlib import Path

import pytest

from bench.commands import main
from bench.machine.environment import current_environment
from bench.records import recorded
from bench.records.store import Store
from tests.bench.commands.comparing import LABELS, OWN, SMALL, by_network, compare, measure_cost
from tests.bench.commands.lines import refusal
from tests.models.networks import BUILDABLE
from tests.records import measurement, point


def test_a_second_run_measures_nothing(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = ["compare", "--macs", "0.25G", "--networks", "tsn", "--depths", "18", *SMALL]
    line += ["--store", str(store)]
    assert main(line) == 0
    first = capsys.readouterr()
    with Store(store) as opened:
        before = sorted(m.model_dump_json() for m in opened.measurements())
    assert main(line) == 0
    second = capsys.readouterr()
    assert second.out == first.out
    assert "0/?" in second.err
    with Store(store) as opened:
        assert sorted(m.model_dump_json() for m in opened.measurements()) == before


def test_the_network_of_a_file_is_compared(
    tmp_path: Path, store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "own.py").write_text(OWN)
    own = f"{tmp_path}/own.py:Net"
    files = ("--model", own, "--model", f"{tmp_path}/own.py:never")
    line = ("--macs", "20M", "--networks", "tsn", "--depths", "18", *files, *SMALL)
    found = by_network(compare(capsys, *line, "--store", str(store)))
    where = point(network=own, depth=None, frames=3, input_size=32)
    by_frames = {
        n: measure_cost(LABELS["macs"], where.model_copy(update={"frames": n})) for n in (3, 6)
    }
    assert found[own, None]["frames"] == max(n for n, macs in by_frames.items() if macs <= 20e6)
    assert found[own, None]["limited_by"].startswith("macs: 6 frames need")
    refused = found[f"{tmp_path}/own.py:never", None]
    assert refused["status"] == "refused"
    assert "not today" in refused["reason"]


def test_networks_with_limited_frames_are_compared(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ("--macs", "100G", "--networks", "s3d,mvit_v2_s", "--max-frames", "18")
    found = by_network(compare(capsys, *line, "--store", str(store)))
    assert found["s3d", None]["frames"] == 18
    assert found["s3d", None]["limited_by"] == "--max-frames 18"
    assert found["mvit_v2_s", None]["frames"] == 16
    assert found["mvit_v2_s", None]["limited_by"] == "the network accepts only 16 frames"
    line = ("--macs", "1M", "--networks", "s3d,mvit_v2_s", "--max-frames", "5")
    found = by_network(compare(capsys, *line, "--store", str(store)))
    assert found["s3d", None]["limited_by"].startswith("macs: ")
    assert "takes 16 frames, not 5" in found["mvit_v2_s", None]["reason"]


def test_an_accuracy_has_its_pretraining_and_the_memory_of_both_steps(
    store: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    line = ["--macs", "100G", "--memory", "16GiB", "--per", "video", "--dataset", "kinetics-400"]
    line += ["--networks", "x3d,tsm", "--depths", "18", "--max-frames", "8", "--batch", "2"]
    found = compare(capsys, *line, "--store", str(store))
    tsm, x3d = (choice["accuracies"][0] for choice in found["choices"] if choice["accuracies"])
    if tsm["pretraining"] != "IN1k":
        tsm, x3d = x3d, tsm
    assert (tsm["pretraining"], x3d["pretraining"]) == ("IN1k", "none")
    assert tsm["macs_per_video"] == 3 * tsm["costs"][LABELS["macs"]]["value"]
    variant = {"network": "x3d", "depth": None, "options": {"variant": "xs"}, "frames": 4}
    where = point(**variant, input_size=182, batch=2, num_classes=400)
    for mode in ("train", "infer"):
        peak = measure_cost(LABELS["memory"], where.model_copy(update={"mode": mode}))
        assert x3d["memory_bytes"][mode] == peak
    assert main(["compare", *line, "--store", str(store)]) == 0
    printed = capsys.readouterr().out
    assert "train memory" in printed
    assert "; pretraining none, 10 x 3 views of 182 px, dense)" in printed
    assert "The front mixes weights pretrained on IN1k; none: '--pretrain' compares" in printed
    line += ["--pretrain", "IN1K"]
    found = compare(capsys, *line, "--store", str(store))
    counted = [one["pretraining"] for choice in found["choices"] for one in choice["accuracies"]]
    assert list(found["left_out"]) == ["none"]
    assert set(counted) == {"IN1k"}
    assert main(["compare", *line, "--store", str(store)]) == 0
    assert "mixes" not in capsys.readouterr().out


def test_the_claim_of_the_paper_is_judged_at_the_budget_of_a_tsn(
    store: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    line = ["--macs", "tsn:50:8", "--networks", "tsm,blvnet_tam", "--depths", "50,101"]
    content = compare(capsys, *line, "--store", str(store))
    (budget,) = content["budgets"]
    assert budget["limit"] == measure_cost(LABELS["macs"], point())
    found = by_network(content)
    assert found["blvnet_tam", 101]["frames"] == 16
    first = content["choices"][0]
    assert (first["network"], first["depth"], first["frames"]) == ("blvnet_tam", 101, 16)
    (best,) = first["accuracies"]
    assert (best["top1"], best["kind"]) == (60.2, "published")
    assert best["pareto"] == [LABELS["macs"], LABELS["params"]]
    assert best["macs_per_video"] == best["costs"][LABELS["macs"]]["value"]
    front = [(one["point"]["network"], one["top1"]) for one in content["pareto"][LABELS["macs"]]]
    assert front == [("blvnet_tam", 59.1), ("blvnet_tam", 60.2)]
    several = [one["top1"] for one in content["not_compared"] if one["network"] == "tsm"]
    assert sorted(several) == [61.2, 62.72, 63.1, 63.3, 63.7, 64.16]
    assert [claim["verdict"] for claim in content["claims"]] == ["reproduced"]
    assert main(["compare", *line, "--store", str(store)]) == 0
    printed = capsys.readouterr().out
    assert "60.2 at 16 frames, published [1]" in printed
    assert "[1] IBM/bLVNet-TAM@feadcd3 README.md" in printed
    assert (
        "Claim: A deeper bLVNet-TAM with twice the frames needs no more MACs than a TSN: "
        in printed
    )
    assert max(map(len, printed.splitlines())) <= 200


def test_per_video_an_accuracy_costs_all_views_of_its_test(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["--networks", "tsm,blvnet_tam", "--depths", "50", "--store", str(store)]
    clip = measure_cost(LABELS["macs"], point(network="tsm", frames=8, input_size=256))
    content = compare(capsys, "--macs", str(6 * clip), "--per", "video", *line)
    assert content["per"] == "video"
    found = by_network(content)["tsm", 50]
    tops = {a["top1"]: a["macs_per_video"] for a in found["accuracies"]}
    assert tops == {62.72: 6 * clip, 61.2: 6 * clip}
    content = compare(capsys, "--macs", str(6 * clip - 1), "--per", "video", *line)
    assert by_network(content)["tsm", 50]["accuracies"] == []


def test_option_sets_with_a_known_accuracy_are_compared(
    store: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    line: tuple[str, ...] = ("--macs", "4G", "--networks", "tsn", "--depths", "18", "--frames", "2")
    mini = "mini-something-something-v2"
    content = compare(capsys, *line, "--dataset", mini, "--store", str(store))
    options = [one["options"] for one in content["choices"]]
    assert {"backbone": "inception_v1", "temporal_pooling": "max"} in options
    assert len(options) == 4
    accuracy = measurement(
        point(depth=18, frames=2, num_classes=16, input_size=32, dataset="mine"),
        quantity="accuracy",
        instrument="evaluated",
        unit="percent",
        samples=(100, 100, 0, 100),
    )
    with Store(store, create=True) as opened:
        opened.put("accuracy", accuracy)
    line = (*line, "--input-size", "32", "--dataset", "mine", "--store", str(store))
    (choice,) = compare(capsys, *line)["choices"]
    (found,) = choice["accuracies"]
    assert (found["kind"], found["top1"], found["videos"]) == ("measured", 75, 4)
    assert main(["compare", *line]) == 0
    assert "75.0 (30.1 to 95.4) at 2 frames, measured on 4 videos [1]" in capsys.readouterr().out


def test_recorded_latencies_of_another_machine_are_used(
    tmp_path: Path, store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    card = {"accelerator": "NVIDIA X1", "accelerator_memory_bytes": 8 << 30}
    fields = {"quantity": "latency", "instrument": "cuda", "unit": "seconds"}
    timed = [
        measurement(
            point(depth=18, frames=frames, input_size=32),
            **fields,
            samples=(seconds,),
            environment=current_environment().model_copy(update=card),
        )
        for frames, seconds in ((2, 0.01), (4, 0.02), (6, 0.04))
    ]
    recorded.write(tmp_path / "x1.json", timed)
    networks = ("--networks", "tsn", "--depths", "18,34", *SMALL)
    line = (*networks, "--recorded", str(tmp_path), "--machine", "x1", "--store", str(store))
    content = compare(capsys, "--latency", "25ms", *line)
    assert content["budgets"][0]["machine"] == "NVIDIA X1, 8 GiB"
    found = by_network(content)
    assert found["tsn", 18]["frames"] == 4
    assert found["tsn", 18]["limited_by"] == "latency: 6 frames need 40.00 ms"
    assert found["tsn", 34]["reason"].startswith("no latency of this network is recorded")
    found = by_network(compare(capsys, "--latency", "tsn:18:6", "--macs", "1T", *line))
    assert found["tsn", 18]["frames"] == 6
    assert found["tsn", 18]["limited_by"] == "no other frames are recorded"
    error = refusal(capsys, "compare", "--latency", "tsn:34:8", *line)
    assert "is not recorded: give the limit as a number" in error


def test_latencies_are_measured_here(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = ("--latency", "10000s", "--device", "cpu", "--networks", "tsn", "--depths", "18")
    small = ("--input-size", "32", "--max-frames", "2", "--params", "20M")
    found = by_network(compare(capsys, *line, *small, "--store", str(store)))
    assert found["tsn", 18]["frames"] == 2
    assert found["tsn", 18]["limited_by"] == "--max-frames 2"
    assert found["tsn", 18]["costs"]["latency:cpu"]["value"] > 0


def test_every_network_is_compared_by_default() -> None:
    from bench.choice.candidates import expand_networks

    names = {base.network for base in expand_networks((), (), point(frames=1), ())}
    assert names == set(BUILDABLE)


FALLING = """
from torch import nn

class Net(nn.Module):
    def __init__(self, num_classes, frames):
        super().__init__()
        width = 4 if frames % 4 == 0 else 400
        self.conv = nn.Conv3d(3, width, (1, 8, 8), stride=(1, 8, 8))
        self.head = nn.Linear(width, num_classes)

    def forward(self, clip):
        return self.head(self.conv(clip).mean((2, 3, 4)))
"""


def test_costs_that_fall_are_found_and_named(
    tmp_path: Path, store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "own.py"
    own.write_text(FALLING)
    line = ["--macs", "1M", "--max-frames", "11", "--model", f"{own}:Net", "--networks", "tsn"]
    line += ["--depths", "18", "--input-size", "32", "--store", str(store)]
    found = by_network(compare(capsys, *line))[f"{own}:Net", None]
    assert (found["status"], found["frames"]) == ("fits", 8)
    note = "costs fall as frames are added: of 11 numbers of frames, these fit: 4, 8"
    assert found["notes"] == [note]
    assert main(["compare", *line]) == 0
    assert note in capsys.readouterr().out


def test_a_search_over_costs_that_may_fall_says_so(
    tmp_path: Path, store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "own.py"
    own.write_text(FALLING)
    line = ["--latency", "1000s", "--max-frames", "3", "--model", f"{own}:Net", "--networks", "tsn"]
    line += ["--depths", "18", "--input-size", "32", "--store", str(store), "--device", "cpu"]
    found = by_network(compare(capsys, *line))[f"{own}:Net", None]
    assert found["frames"] == 3
    (note,) = found["notes"]
    assert note.startswith("searched, on the assumption that more frames cost no less; ")
    assert note.endswith("; numbers of frames tried: 1, 3")
