from pathlib import Path

import pytest

import models
from bench.choice.candidates import frame_candidates, own_networks, variants
from bench.errors import BenchError
from bench.records.point import Point
from models import NetworkError
from tests.bench.choice.costs import accuracy
from tests.records import point

SETTING = point(frames=16, batch=8, mode="train", input_size=224)
NET = """
from torch import nn
def Net(num_classes):
    return nn.Sequential(nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(3, num_classes))
"""


def described(points: list[Point]) -> list[tuple[str, int | None, dict[str, object]]]:
    return [(p.network, p.depth, dict(p.options)) for p in points]


def test_all_networks_come_in_all_their_depths() -> None:
    found = variants([], [], SETTING, [])
    assert {p.network for p in found} == set(models.list_models())
    assert {p.depth for p in found if p.network == "tsn"} == {18, 34, 50, 101, 152}
    assert [p.depth for p in found if p.network == "i3d"] == [None]
    assert len(found) == len(set(found))
    assert {(p.batch, p.mode) for p in found} == {(8, "train")}


def test_every_network_is_at_frames_that_it_takes() -> None:
    frames = {
        p.network: p.frames for p in variants(["blvnet", "tsn", "mvit_v2_s"], [], SETTING, [])
    }
    assert frames == {"blvnet": 2, "tsn": 1, "mvit_v2_s": 16}


def test_names_are_taken_once_in_their_order() -> None:
    found = variants(["tsn", "tam", "tsn"], [18], SETTING, [])
    assert described(found) == [("tsn", 18, {}), ("tam", 18, {})]


def test_depths_restrict_only_networks_that_have_a_choice() -> None:
    found = variants(["tsn", "i3d"], [50], SETTING, [])
    assert described(found) == [("tsn", 50, {}), ("i3d", None, {})]
    everything = variants([], [34], SETTING, [])
    assert {p.depth for p in everything} == {34, None}


def test_a_named_network_without_the_depth_is_refused_with_those_it_has() -> None:
    message = "^tsn has none of the depths 51, 52: choose from 18, 34, 50, 101, 152$"
    with pytest.raises(BenchError, match=message):
        variants(["tsn"], [51, 52], SETTING, [])


def test_a_depth_that_no_network_has_is_refused() -> None:
    with pytest.raises(BenchError, match=r"^no network has depth 7: see 'blvbench models'"):
        variants([], [7], SETTING, [])
    with pytest.raises(BenchError, match=r"^no network has depth 50: "):
        variants(["i3d"], [50], SETTING, [])


def test_an_unknown_network_is_refused() -> None:
    with pytest.raises(NetworkError, match="did you mean 'tsn'"):
        variants(["tsnn"], [], SETTING, [])


def test_options_that_an_accuracy_is_of_make_another_variant() -> None:
    wide = accuracy(point(network="tam", depth=50), 50, options=(("window", 5),))
    accuracies = [
        wide,
        accuracy(point(network="tam", depth=101), 50, options=(("window", 7),)),
        accuracy(point(network="tam", input_size=256), 50, options=(("window", 7),)),
        accuracy(point(network="tsm"), 50, options=(("temporal_pooling", "max"),)),
        accuracy(point(network="tam"), 50),
    ]
    found = variants(["tam"], [50], SETTING, [*accuracies, wide])
    assert described(found) == [("tam", 50, {}), ("tam", 50, {"window": 5})]
    assert ("tam", 101, {"window": 7}) in described(variants(["tam"], [], SETTING, accuracies))


def test_variants_of_no_depth_stay_whatever_depths_are_asked_for() -> None:
    backbone = (("backbone", "inception_v1"),)
    known = [accuracy(point(network="tsn", depth=None), 50, options=backbone)]
    assert described(variants(["tsn"], [50], SETTING, known)) == [
        ("tsn", 50, {}),
        ("tsn", None, {"backbone": "inception_v1"}),
    ]


def test_files_are_networks_without_a_depth_once_each(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(NET)
    name = f"{tmp_path / 'net.py'}:Net"
    (found,) = own_networks([name, name], SETTING.model_copy(update={"options": (("a", 1),)}))
    assert found == SETTING.model_copy(update={"network": name, "depth": None, "options": ()})
    with pytest.raises(NetworkError, match="did you mean 'Net'"):
        own_networks([f"{tmp_path / 'net.py'}:Nets"], SETTING)


def test_frames_are_those_that_a_network_takes_up_to_the_most() -> None:
    ladder = frame_candidates(point(network="blvnet"), 8, None)
    assert (ladder.values, ladder.end, ladder.field) == ((2, 4, 6, 8), "--max-frames 8", "frames")
    assert frame_candidates(point(), 3, None).values == (1, 2, 3)


def test_one_number_of_frames_may_be_asked_for() -> None:
    ladder = frame_candidates(point(), 64, 100)
    assert (ladder.values, ladder.end) == ((100,), "--frames 100")
    refused = frame_candidates(point(network="blvnet"), 64, 7)
    assert refused.values == ()
    assert "use 6 or 8" in refused.end


def test_a_network_of_one_number_of_frames_says_so() -> None:
    ladder = frame_candidates(point(network="mvit_v2_s", depth=None), 64, None)
    assert (ladder.values, ladder.end) == ((16,), "it accepts 16 frames only")
    short = frame_candidates(point(network="mvit_v2_s", depth=None), 15, None)
    assert (short.values, short.end) == ((), "mvit_v2_s takes 16 frames, not 15")


def test_frames_below_the_smallest_clip_need_not_run() -> None:
    frames, _ = models.get_network("s3d").smallest_clip
    assert frames > 2
    assert frame_candidates(point(network="s3d", depth=None), 64, None).sure == frames
    some = frame_candidates(point(network="s3d", depth=None), 64, None, {frames - 1, frames, 40})
    assert (some.values, some.sure) == ((frames - 1, frames, 40), 2)
    assert frame_candidates(point(network="s3d", depth=None), 64, frames).sure == 1


def test_recorded_frames_are_the_only_ones() -> None:
    every = frame_candidates(point(), 64, None, recorded={4, 16})
    assert (every.values, every.end) == ((4, 16), "no other frames are recorded")
    some = frame_candidates(point(), 8, None, recorded={4, 16})
    assert (some.values, some.end) == ((4,), "--max-frames 8")
    none = frame_candidates(point(), 3, None, recorded={4, 16})
    assert (none.values, none.end) == ((), "no latency of it is recorded")


def test_frames_of_a_file_are_all_that_it_takes(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(NET)
    base = point(network=f"{tmp_path / 'net.py'}:Net", depth=None, input_size=16)
    ladder = frame_candidates(base, 3, None)
    assert (ladder.values, ladder.sure) == ((1, 2, 3), 1)
