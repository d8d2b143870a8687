from pathlib import Path

import pytest

import models
from bench.choice.candidates import expand_networks, frame_candidates, load_user_networks
from bench.errors import BenchError
from bench.records.point import Point
from models import NetworkError
from tests.bench.choice.known import accuracy
from tests.models.networks import BUILDABLE
from tests.records import point

SETTING = point(frames=16, batch=8, mode="train", input_size=224)
NET = """
from torch import nn
def Net(num_classes):
    return nn.Sequential(nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(3, num_classes))
"""


def describe(points: list[Point]) -> list[tuple[str, int | None, dict[str, object]]]:
    return [(p.network, p.depth, dict(p.options)) for p in points]


def test_by_default_all_networks_come_in_all_their_depths() -> None:
    found = expand_networks([], [], SETTING, [])
    assert {p.network for p in found} == set(BUILDABLE)
    assert {p.depth for p in found if p.network == "tsn"} == {18, 34, 50, 101, 152}
    assert [p.depth for p in found if p.network == "i3d"] == [None]
    assert len(found) == len(set(found))
    assert {(p.batch, p.mode) for p in found} == {(8, "train")}


def test_every_network_has_frames_that_it_accepts() -> None:
    frames = {
        p.network: p.frames
        for p in expand_networks(["blvnet", "tsn", "mvit_v2_s"], [], SETTING, [])
    }
    assert frames == {"blvnet": 2, "tsn": 1, "mvit_v2_s": 16}


def test_a_network_of_one_size_is_compared_at_that_size() -> None:
    found = expand_networks(["tsn", "mvit_v2_s", "mvit_v2_l"], [50], SETTING, [])
    assert {p.network: p.input_size for p in found} == {
        "tsn": 224,
        "mvit_v2_s": 224,
        "mvit_v2_l": 312,
    }


def test_a_size_that_is_asked_for_is_the_size_of_all() -> None:
    asked = SETTING.model_copy(update={"input_size": 320})
    names = ["tsn", "hiera", "mvit_v2_s"]
    found = expand_networks(names, [50], asked, [], own_sizes=False)
    assert {p.input_size for p in found} == {320}
    tsn, hiera, mvit = (frame_candidates(p, 64, None) for p in found)
    assert len(tsn.values) == 64
    for refused, name in ((hiera, "hiera"), (mvit, "mvit_v2_s")):
        assert refused.values == ()
        assert refused.end == f"{name} takes frames of 224 px, not 320 px: use 224"


def test_repeated_names_count_once_in_their_order() -> None:
    found = expand_networks(["tsn", "tam", "tsn"], [18], SETTING, [])
    assert describe(found) == [("tsn", 18, {}), ("tam", 18, {})]


def test_depths_restrict_only_networks_that_have_a_choice() -> None:
    found = expand_networks(["tsn", "i3d"], [50], SETTING, [])
    assert describe(found) == [("tsn", 50, {}), ("i3d", None, {})]
    everything = expand_networks([], [34], SETTING, [])
    assert {p.depth for p in everything} == {34, None}


def test_a_named_network_without_the_depths_is_refused() -> None:
    message = "^tsn has none of the depths 51, 52: choose from 18, 34, 50, 101, 152$"
    with pytest.raises(BenchError, match=message):
        expand_networks(["tsn"], [51, 52], SETTING, [])


def test_a_depth_that_no_network_has_is_refused() -> None:
    with pytest.raises(BenchError, match=r"^no network has depth 7: see 'blvbench models'"):
        expand_networks([], [7], SETTING, [])
    with pytest.raises(BenchError, match=r"^no network has depth 50: "):
        expand_networks(["i3d"], [50], SETTING, [])


def test_an_unknown_network_is_refused() -> None:
    with pytest.raises(NetworkError, match="did you mean 'tsn'"):
        expand_networks(["tsnn"], [], SETTING, [])


def test_options_with_a_known_accuracy_are_added() -> None:
    wide = accuracy(point(network="tam", depth=50), 50, options=(("window", 5),))
    accuracies = [
        wide,
        accuracy(point(network="tam", depth=101), 50, options=(("window", 7),)),
        accuracy(point(network="tsm"), 50, options=(("temporal_pooling", "max"),)),
        accuracy(point(network="tam"), 50),
    ]
    found = expand_networks(["tam"], [50], SETTING, [*accuracies, wide])
    assert describe(found) == [("tam", 50, {}), ("tam", 50, {"window": 5})]
    assert ("tam", 101, {"window": 7}) in describe(
        expand_networks(["tam"], [], SETTING, accuracies)
    )


def test_options_without_a_depth_are_added_at_any_depths() -> None:
    backbone = (("backbone", "inception_v1"),)
    known = [accuracy(point(network="tsn", depth=None), 50, options=backbone)]
    assert describe(expand_networks(["tsn"], [50], SETTING, known)) == [
        ("tsn", 50, {}),
        ("tsn", None, {"backbone": "inception_v1"}),
    ]


def test_repeated_files_are_one_network_without_a_depth(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(NET)
    name = f"{tmp_path / 'net.py'}:Net"
    (found,) = load_user_networks([name, name], SETTING.model_copy(update={"options": (("a", 1),)}))
    assert found == SETTING.model_copy(update={"network": name, "depth": None, "options": ()})
    with pytest.raises(NetworkError, match="did you mean 'Net'"):
        load_user_networks([f"{tmp_path / 'net.py'}:Nets"], SETTING)


def test_frames_are_those_that_a_network_accepts_up_to_the_largest() -> None:
    found = frame_candidates(point(network="blvnet"), 8, None)
    assert (found.values, found.end, found.field) == ((2, 4, 6, 8), "--max-frames 8", "frames")
    assert frame_candidates(point(), 3, None).values == (1, 2, 3)


def test_one_number_of_frames_may_be_given() -> None:
    found = frame_candidates(point(), 64, 100)
    assert (found.values, found.end) == ((100,), "--frames 100")
    refused = frame_candidates(point(network="blvnet"), 64, 7)
    assert refused.values == ()
    assert "use 6 or 8" in refused.end


def test_a_network_with_one_number_of_frames_has_that_as_its_limit() -> None:
    found = frame_candidates(point(network="mvit_v2_s", depth=None), 64, None)
    assert (found.values, found.end) == ((16,), "the network accepts only 16 frames")
    short = frame_candidates(point(network="mvit_v2_s", depth=None), 15, None)
    assert (short.values, short.end) == ((), "mvit_v2_s takes 16 frames, not 15: use 16")


def test_frames_below_the_smallest_clip_are_not_sure_to_run() -> None:
    frames, _ = models.get_network("s3d").smallest_clip
    assert frames > 2
    assert frame_candidates(point(network="s3d", depth=None), 64, None).sure == frames
    some = frame_candidates(point(network="s3d", depth=None), 64, None, {frames - 1, frames, 40})
    assert (some.values, some.sure) == ((frames - 1, frames, 40), 2)
    assert frame_candidates(point(network="s3d", depth=None), 64, frames).sure == 1


def test_recorded_frames_restrict_the_candidates() -> None:
    every = frame_candidates(point(), 64, None, recorded={4, 16})
    assert (every.values, every.end) == ((4, 16), "no other frames are recorded")
    some = frame_candidates(point(), 8, None, recorded={4, 16})
    assert (some.values, some.end) == ((4,), "--max-frames 8")
    none = frame_candidates(point(), 3, None, recorded={4, 16})
    assert (none.values, none.end) == ((), "no latency of this network is recorded")


def test_a_file_has_all_frames_that_it_accepts(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(NET)
    base = point(network=f"{tmp_path / 'net.py'}:Net", depth=None, input_size=16)
    found = frame_candidates(base, 3, None)
    assert (found.values, found.sure) == ((1, 2, 3), 1)
