from pathlib import Path

import pytest

from bench.runs.tasks import make_suite_tasks
from suites import SuiteError, bundled_suites, load_claims, load_suite
from suites.gpu_memory import load_gpu_peaks

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
    assert list(bundled_suites()) == [
        *("accuracy", "accuracy_quick", "gpu", "guard", "guard_time"),
        *("latency", "paper", "published", "seconds", "shapes"),
    ]
    for name in bundled_suites():
        assert load_suite(name).sweep


def test_the_suite_of_a_gpu_keeps_to_ten_minutes() -> None:
    figures = sum(
        len(sweep.networks)
        * len(sweep.depth_choices)
        * len(sweep.frames)
        * len(sweep.modes)
        * len(sweep.precisions)
        * sum(quantity.endswith((":cuda", ":nvml")) for quantity in sweep.quantities)
        for sweep in load_suite("gpu").sweep
    )
    assert figures == 248  # of about 2 s each


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


def test_without_depths_and_options_a_sweep_has_one_choice_of_each(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(SUITE.replace("depths = [50]\n", ""))
    (sweep,) = load_suite(str(path)).sweep
    assert sweep.depth_choices == (None,)
    assert sweep.option_sets == ({},)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("frames", "framse", r"sweep\.1\.framse: unknown key \(did you mean 'frames'\?\)"),
        ("title", "tilte", r"tilte: unknown key \(did you mean 'title'\?\)"),
        ('title = "t"', 'title = "t"\nzzz = 1', r"zzz: unknown key \(known keys: title"),
        ("[8, 16]", "[8, 16.0]", r"sweep\.1\.frames\.2: input should be a valid integer, not 16.0"),
        ("[8, 16]", "[8, 0]", r"sweep\.1\.frames\.2: input should be greater than or equal to 1"),
        ("[8, 16]", "8", r"sweep\.1\.frames: input should be a valid tuple, not 8"),
        ("[8, 16]", "[]", r"sweep\.1\.frames: tuple should have at least 1 item"),
        ("[50]", "[]", r"sweep\.1\.depths: tuple should have at least 1 item"),
        ("[50]", "[50]\nnum_classes = 0", r"\.num_classes: input should be greater .*, not 0"),
        ("[50]", '[50]\nnum_classes = "a"', r"\.num_classes: input should be a valid integer"),
        ("[50]", "[50]\nnum_classes = []", r"\.num_classes: tuple should have at least 1 item"),
        (
            "[50]",
            "[50]\nnum_classes = [9, 0]",
            r"\.num_classes\.2: input should be greater .*, not 0",
        ),
        ("[50]", "[50]\noptions.a = nan", r"sweep\.1\.options\.a: input should be text, a finite"),
        ("[50]", "[50]\noptions.a = 2020-01-01", r"\.options\.a: input should be text, a finite"),
        ("[50]", "[50]\noptions.a = []", r"\.options\.a: tuple should have at least 1 item"),
        ("[50]", "[50]\noptions.a = [1, [2]]", r"\.options\.a\.2: input should be text.*not \[2\]"),
        ('["tsn"]', "[3]", r"sweep\.1\.networks\.1: input should be a valid string"),
        ('title = "t"\n', "", "title: is missing"),
        ("[[sweep]]", "[[sweep", "is not TOML"),
    ],
)
def test_a_wrong_suite_is_refused_in_a_line(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(SUITE.replace(old, new))
    with pytest.raises(SuiteError, match=message) as caught:
        load_suite(str(path))
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_are_no_suites_are_refused(tmp_path: Path) -> None:
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "huge.toml").write_text("#" * (2 << 20))
    for name, message in {
        "binary.toml": "UTF-8",
        "huge.toml": "larger than",
        ".": "Is a directory",
        "absent.toml": "there is no suite .*No such file",
    }.items():
        with pytest.raises(SuiteError, match=message):
            load_suite(str(tmp_path / name))


@pytest.mark.parametrize(
    ("new", "message"),
    [
        (f"options.a = {'[' * 100_000}", "is nested too deeply"),
        (f"input_size = {'9' * 5000}", "holds a value that cannot be read"),
        (f"input_size = 0x{'f' * 9000}", "less than or equal to 2147483647, not this int"),
        (f"options.a = 0x{'f' * 9000}", "a finite number, true or false, not this int"),
        (f"options.a = [0x{'f' * 9000}]", r"options\.a\.1: input should be text"),
        ('"a\\u001b\\n\\u202E" = 1', r"sweep\.1\.'a\\x1b\\n\\u202e': unknown key"),
        (f"{'a' * 100_000} = 1", "unknown key"),
        (f"options = {{ {'a' * 9999} = 1, {'a' * 9999} = 1 }}", r"is not TOML: .*\(at line 7, "),
        (f"options = {{ {', '.join(f'a{n} = [1, 2]' for n in range(20_000))} }}", "asks for more"),
    ],
)
def test_what_is_too_much_is_refused_in_a_short_line(
    tmp_path: Path, new: str, message: str
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(SUITE.replace("depths = [50]", f"depths = [50]\n{new}"))
    with pytest.raises(SuiteError, match=message) as caught:
        load_suite(str(path))
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1000


def test_a_sweep_that_is_too_large_is_named(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    many = f"[{', '.join(map(str, range(1, 1001)))}]"
    second = SUITE.partition("[[sweep]]")[2].replace("[50]", f"[50]\nbatches = {many}")
    path.write_text(f"{SUITE}\n[[sweep]]{second}\nseeds = {many}")
    with pytest.raises(SuiteError, match=r"sweep\.2: asks for more than 100,000 figures: split it"):
        load_suite(str(path))


def test_sweeps_are_too_large_together(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    many = f"[{', '.join(map(str, range(1, 1001)))}]"
    sweep = SUITE.partition("[[sweep]]")[2].replace("[50]", f"[50]\nbatches = {many}")
    path.write_text(SUITE + 100 * f"\n[[sweep]]{sweep}")
    with pytest.raises(SuiteError, match=r"toml: asks for more than 100,000 figures: split it"):
        load_suite(str(path))


@pytest.mark.parametrize("name", bundled_suites())
def test_the_size_of_sweeps_bounds_their_tasks(name: str) -> None:
    suite = load_suite(name)
    assert len(make_suite_tasks(suite, name)) <= sum(sweep.size for sweep in suite.sweep)


CLAIM = """
[[claim]]
id = "c"
question = "q"
title = "t"
source = "s"
published = "3-4x"
rule = "r"
quantity = "macs"
instrument = "flop_counter"
numerator = { network = "tsn" }
denominator = { network = "tam" }
at_least = 3.0
cases = [{ label = "here", depth = 50, frames = 8 }]
measured_by = "m"
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("at_least = 3.0", "", "exactly one of at_least and at_most"),
        ("at_least = 3.0", "at_least = 3.0\nat_most = 4.0", "exactly one of"),
        (", frames = 8", "", "case 'here' and 'tsn' both lack frames"),
        ("depth = 50", "deph = 50", r"claim\.1\.cases\.1\.deph: .*did you mean 'depth'"),
        ('network = "tam"', 'netwrk = "tam"', "did you mean 'network'"),
        ('id = "c"', 'id = "C!"', r"claim\.1\.id: string should match pattern"),
    ],
)
def test_a_wrong_claim_is_refused_in_a_line(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    path = tmp_path / "claims.toml"
    path.write_text(CLAIM)
    assert load_claims(path)[0].id == "c"
    path.write_text(CLAIM.replace(old, new))
    with pytest.raises(SuiteError, match=message):
        load_claims(path)


def test_published_gpu_peaks() -> None:
    peaks = load_gpu_peaks()
    assert [(peak.frames, peak.peak_mib) for peak in peaks] == [(3, 8321), (5, 13616), (8, 21549)]
