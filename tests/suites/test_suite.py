from pathlib import Path

import pytest

from bench.runs.tasks import make_suite_tasks
from suites import Protocol, SuiteError, bundled_suites, load_suite

SUITE = """
title = "t"
description = "d"
[[sweep]]
networks = ["tsn"]
depths = [50]
frames = [8, 16]
quantities = ["macs"]
"""


def test_bundled_suites_load() -> None:
    suites = {name: load_suite(name) for name in bundled_suites()}
    assert {"accuracy", "gpu", "guard", "latency", "paper", "shapes"} <= set(suites)
    assert not {"claims", "gate_rules", "stages"} & set(suites)
    assert all(suite.size for suite in suites.values())


def test_the_gpu_suite_takes_less_than_ten_minutes() -> None:
    figures = sum(
        len(sweep.networks)
        * len(sweep.depth_choices)
        * len(sweep.frames)
        * len(sweep.modes)
        * len(sweep.precisions)
        * sum(quantity.endswith((":cuda", ":nvml")) for quantity in sweep.quantities)
        for sweep in load_suite("gpu").sweep
    )
    assert figures == 248  # about 2 s each


def test_a_suite_is_read_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(SUITE + "[sweep.options]\nwindow = 5\n")
    (sweep,) = load_suite(str(path)).sweep
    assert sweep.frames == (8, 16)
    assert sweep.batches == (1,)
    assert sweep.depth_choices == (50,)
    assert sweep.class_counts == (174,)
    assert sweep.option_sets == ({"window": 5},)


def test_lists_of_classes_and_options_are_swept(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        SUITE.replace("depths = [50]", "num_classes = [87, 200]")
        + 'options = { window = [3, 5], backbone = "b", pooled = [true, false] }'
    )
    (sweep,) = load_suite(str(path)).sweep
    assert sweep.class_counts == (87, 200)
    assert sweep.option_sets == (
        {"window": 3, "backbone": "b", "pooled": True},
        {"window": 3, "backbone": "b", "pooled": False},
        {"window": 5, "backbone": "b", "pooled": True},
        {"window": 5, "backbone": "b", "pooled": False},
    )


def test_a_sweep_without_depths_and_options_has_one_choice_of_each(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(SUITE.replace("depths = [50]\n", ""))
    (sweep,) = load_suite(str(path)).sweep
    assert sweep.depth_choices == (None,)
    assert sweep.option_sets == ({},)


def test_a_sweep_that_is_too_large_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    many = f"[{', '.join(map(str, range(1, 1001)))}]"
    second = SUITE.partition("[[sweep]]")[2].replace("[50]", f"[50]\nbatches = {many}")
    path.write_text(f"{SUITE}\n[[sweep]]{second}\nseeds = {many}")
    with pytest.raises(SuiteError, match=r"sweep\.2: has more than 100,000 figures: split it"):
        load_suite(str(path))


def test_sweeps_that_are_too_large_together_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    many = f"[{', '.join(map(str, range(1, 1001)))}]"
    sweep = SUITE.partition("[[sweep]]")[2].replace("[50]", f"[50]\nbatches = {many}")
    path.write_text(SUITE + 100 * f"\n[[sweep]]{sweep}")
    with pytest.raises(SuiteError, match=r"toml: has more than 100,000 figures: split it"):
        load_suite(str(path))


@pytest.mark.parametrize("name", bundled_suites())
def test_a_suite_has_at_most_as_many_tasks_as_its_size(name: str) -> None:
    suite = load_suite(name)
    assert len(make_suite_tasks(suite, name)) <= suite.size


ROWS = """
title = "t"
description = "d"
[[published]]
clips = "tested"
datasets = ["kinetics-400"]
quantities = ["macs", "memory"]
"""


def test_published_rows_are_swept_at_the_size_of_their_test(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(ROWS)
    (sweep,) = load_suite(str(path)).published
    sizes = {(row.network, row.frames, row.protocol): size for row, size in sweep.rows}
    assert sizes["tsm", 8, Protocol(10, 3, 256, "dense")] == 256
    assert sizes["tsm", 8, Protocol(1, 10, 224, "uniform")] == 224
    assert all(row.dataset == "kinetics-400" and row.top1 for row, _ in sweep.rows)
    assert sweep.size == 2 * len(sweep.rows)


def test_published_rows_are_swept_at_the_printed_size(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(ROWS.replace("tested", "printed"))
    (sweep,) = load_suite(str(path)).published
    assert all(size == row.input_size for row, size in sweep.rows)
    assert ("tsm", 50, 8, 224) in {(r.network, r.depth, r.frames, size) for r, size in sweep.rows}


def test_an_unknown_data_set_of_published_rows_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(ROWS.replace("kinetics-400", "kinetics"))
    with pytest.raises(SuiteError, match=r"no published row is of data set 'kinetics': choose amo"):
        load_suite(str(path))


def test_a_suite_without_anything_to_measure_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(ROWS.partition("[[")[0])
    with pytest.raises(SuiteError, match=r"has nothing to measure: add a \[\[sweep\]\]"):
        load_suite(str(path))


def test_an_unknown_suite_is_refused() -> None:
    with pytest.raises(
        SuiteError, match=r"there is no suite 'papr' \(No such file.*: choose one of"
    ):
        load_suite("papr")
