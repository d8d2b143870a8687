import torch
from torch import nn

from bench.instruments.params import count


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
