from pathlib import Path

import torch
from torch import nn

from bench.instruments import params
from bench.instruments.params import by_module, count
from tests.records import point

FROZEN = """
from torch import nn
def build(num_classes):
    trunk = nn.Conv3d(3, 5, 1).requires_grad_(False)
    head = nn.Linear(5, num_classes)
    return nn.Sequential(trunk, nn.AdaptiveAvgPool3d(1), nn.Flatten(), head)
"""


def test_weights_and_biases_count_and_buffers_do_not() -> None:
    model = nn.Sequential(
        nn.Conv3d(3, 4, (1, 2, 3)), nn.BatchNorm3d(4), nn.Linear(5, 6, bias=False)
    )
    assert count(model) == (4 * 3 * 1 * 2 * 3 + 4) + (4 + 4) + 5 * 6


def test_a_shared_parameter_counts_once() -> None:
    first, second = nn.Linear(5, 6), nn.Linear(5, 6)
    second.weight = first.weight
    assert count(nn.Sequential(first, second)) == 5 * 6 + 6 + 6


def test_what_is_frozen_and_what_has_no_contents_counts() -> None:
    with torch.device("meta"):
        model = nn.Linear(5, 6)
    model.requires_grad_(False)
    assert count(model) == 5 * 6 + 6
    assert count(nn.Flatten()) == 0


def test_learned_and_frozen_parameters_are_apart(tmp_path: Path) -> None:
    own = tmp_path / "own.py"
    own.write_text(FROZEN)
    reading = params.read(point(network=f"{own}:build", depth=None, num_classes=7))
    assert reading.samples == (3 * 5 + 5 + 5 * 7 + 7,)
    assert reading.details["parameters"] == {"learned": 5 * 7 + 7, "frozen": 3 * 5 + 5}


def test_parts_are_counted_to_the_third_level_but_not_the_items_of_lists() -> None:
    encoder = nn.ModuleDict({"embed": nn.Linear(3, 4), "blocks": nn.Sequential(nn.Linear(4, 4))})
    encoder["embed"].inner = nn.ModuleDict({"deep": nn.Linear(1, 1)})
    model = nn.ModuleDict({"body": encoder, "pool": nn.Identity()})
    assert by_module(model) == {
        "body": 16 + 2 + 20,
        "body.embed": 16 + 2,
        "body.embed.inner": 2,
        "body.blocks": 20,
    }
