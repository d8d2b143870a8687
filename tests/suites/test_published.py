import csv
from collections import Counter
from pathlib import Path

import pytest

from bench.runs.tasks import make_suite_tasks
from suites import (
    Protocol,
    PublishedRow,
    SuiteError,
    load_networks,
    load_published,
    load_suite,
    published,
)
from suites.published import NETWORKS

NETWORKS_OF_TODAY = [one.row for one in load_networks() if one.row]
ROWS = load_published()[: -len(NETWORKS_OF_TODAY)]


def test_rows_are_typed() -> None:
    first, last = ROWS[0], ROWS[-1]
    assert first == PublishedRow(
        source="IBM/action-recognition-pytorch@67cc96f benchmark_mini.md",
        dataset="mini-something-something-v2",
        num_classes=87,
        network="tsn",
        options=(("backbone", "inception_v1"),),
        depth=None,
        frames=8,
        input_size=224,
        protocol=Protocol(1, 1, 224, "uniform"),
        top1=33.1384,
        top5=63.6156,
        macs=11_978_817_536,
        params=5_689_079,
        note="published name: mini_st2stv2-inception-v1-f8-cosine-bs72-e75",
    )
    assert (last.network, last.depth, last.frames, last.num_classes) == ("tsn", 50, 8, 174)
    assert last.top1 == 18.55
    assert last.figures == {}


def test_every_row_of_the_file_is_read() -> None:
    sources = Counter(row.source.partition("@")[0] for row in ROWS)
    assert sources == {
        "IBM/action-recognition-pytorch": 288 + 8,
        "mit-han-lab/temporal-shift-module": 17,
        "IBM/bLVNet-TAM": 12,
        "open-mmlab/mmaction2": 8 + 3,
        "IBM/BigLittleNet": 2,
        "Motionformer (NeurIPS 2021), table of Something-Something v2": 1,
        "X-ViT (NeurIPS 2021), table of Kinetics-400": 1,
    }


def test_every_family_has_a_network_and_every_network_a_family() -> None:
    with published.FILE.open(encoding="utf-8", newline="") as file:
        assert {(cells["family"], cells["backbone"]) for cells in csv.DictReader(file)} == set(
            NETWORKS
        )


@pytest.mark.parametrize(
    ("network", "depth", "options"),
    [
        ("tsn", 18, {}),
        ("tam", None, {"backbone": "inception_v1", "temporal_pooling": "max"}),
        ("tsm", 101, {}),
        ("i3d_resnet", 50, {"temporal_pooling": "max"}),
        ("i3d", None, {}),
        ("s3d_resnet", 18, {}),
        ("s3d", None, {"temporal_pooling": "max"}),
        ("blvnet_tam", 101, {}),
    ],
)
def test_networks_have_the_names_of_the_registry(
    network: str, depth: int | None, options: dict[str, str]
) -> None:
    assert any(
        (row.network, row.depth, row.options) == (network, depth, tuple(sorted(options.items())))
        for row in ROWS
    )


def test_every_accuracy_has_its_protocol() -> None:
    assert all((row.protocol is None) == (row.top1 is None) for row in ROWS)
    protocols = {
        (row.source.partition("/")[0], row.dataset, row.network, str(row.protocol))
        for row in ROWS
        if row.dataset == "something-something-v2" and row.protocol
    }
    assert protocols == {
        ("IBM", "something-something-v2", "blvnet_tam", "1 view of 224 px, uniform"),
        ("IBM", "something-something-v2", "i3d_resnet", "2 x 3 views of 256 px, uniform"),
        ("IBM", "something-something-v2", "tam", "2 x 3 views of 256 px, uniform"),
        ("mit-han-lab", "something-something-v2", "tsm", "2 x 3 views of 256 px, uniform"),
        ("open-mmlab", "something-something-v2", "tsm", "2 x 3 views of 256 px, uniform"),
        ("open-mmlab", "something-something-v2", "tsn", "1 x 10 views of 224 px, uniform"),
    }
    assert {row.protocol.views for row in ROWS if row.protocol} == {1, 3, 6, 9, 10, 30}


def test_an_unknown_family_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "published_results.csv"
    path.write_text(published.FILE.read_text(encoding="utf-8").replace(",tsn,", ",tsnn,"))
    monkeypatch.setattr(published, "FILE", path)
    with pytest.raises(SuiteError, match="tsnn with inception-v1 is not a network"):
        load_published()


def test_the_networks_of_today_come_last() -> None:
    assert list(load_published()[len(ROWS) :]) == NETWORKS_OF_TODAY


def test_pretraining_is_known_where_the_source_tells() -> None:
    known = {row.source.partition("@")[0] for row in ROWS if row.pretraining == "IN1k"}
    assert known == {
        "IBM/bLVNet-TAM",
        "mit-han-lab/temporal-shift-module",
        "open-mmlab/mmaction2",
    }
    assert {row.pretraining for row in ROWS} == {"IN1k", ""}


def test_the_published_suite_has_the_points_of_printed_costs_and_of_accuracies() -> None:
    swept = {
        (point.network, point.depth, point.options, point.frames, point.input_size)
        for task in make_suite_tasks(load_suite("published"), "published")
        if task.instrument.quantity == "macs"
        for point in [task.point]
    }
    rows = load_published()
    printed = {(r.network, r.depth, r.options, r.frames, r.input_size) for r in rows}
    tested = {
        (r.network, r.depth, r.options, r.frames, r.protocol.size)
        for r in rows
        if r.top1 is not None and r.protocol
    }
    assert swept == printed | tested
    assert tested - printed
