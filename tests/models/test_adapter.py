"""An adapter gives a network its form of a clip and takes its logits; names stay."""

import copy

import pytest
import torch
from torch import Tensor, nn

from models import NetworkError
from models.adapter import Adapter, make_adapter

CLIP = (2, 3, 4, 6, 6)


class Folded(nn.Module):
    """Takes (N*T) x C x H x W, and returns a second output in training."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.fc = nn.Conv2d(3, 4, 3), nn.Linear(4, 5)

    def forward(self, frames: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        assert frames.shape == (8, 3, 6, 6)
        y: Tensor = self.fc(self.conv(frames).mean((2, 3))).view(2, 4, 5).mean(1)
        return (y, y * 2) if self.training else y


def test_it_gives_the_form_and_takes_the_logits() -> None:
    network, names = Folded(), list(Folded().state_dict())
    clip = torch.rand(CLIP)
    expected = network.eval()(clip.transpose(1, 2).flatten(0, 1))
    model = Adapter("net", 5, "folded").adapt(nn.DataParallel(network), CLIP)
    for one in (model, copy.deepcopy(model)):
        assert torch.equal(one(clip), expected)
        torch.testing.assert_close(one.train()(clip), expected)
        assert list(one.state_dict()) == names
        assert one.frames_first


@pytest.mark.filterwarnings("ignore:.*is deprecated")
def test_it_adapts_scripted_networks() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    scripted = torch.jit.script(network)
    model = Adapter("net", 4, "folded").adapt(scripted, CLIP)
    assert model(torch.zeros(CLIP)).shape == (8, 4)


def test_options_of_a_point_choose_the_form_and_the_logits() -> None:
    asked = {"--input": "time_first", "--output": "main", "width": 3}
    assert make_adapter("net", 5, asked) == Adapter("net", 5, "time_first", "main")
    assert make_adapter("net", 5, {}) == Adapter("net", 5)


def test_an_unknown_form_names_the_nearest() -> None:
    with pytest.raises(NetworkError, match=r"no input form 'foldd' \(did you mean 'folded'\?\)"):
        Adapter("net", 5, "foldd")


def test_missing_logits_name_the_network_and_the_mode() -> None:
    class Dict(nn.Module):
        def forward(self, clip: Tensor) -> dict[str, Tensor]:
            return {"a": clip.new_zeros(2, 5), "b": clip.new_zeros(2, 5)}

    model = Adapter("net.py:Dict", 5).adapt(Dict(), CLIP)
    with pytest.raises(NetworkError, match=r"net\.py:Dict in training returns dict of a, b: name"):
        model(torch.zeros(CLIP))
