import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from bench.errors import BenchError
from bench.workload.meta_forward import dry_run
from bench.workload.networks import NEEDS_VALUES
from models.wrappers import evaluating


class Small(nn.Module):
    """A convolution and a batch norm, which notes how it was run."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv3d(3, 4, 1)
        self.norm = nn.BatchNorm3d(4)

    def forward(self, clip: Tensor) -> Tensor:
        self.was_meta, self.was_training = clip.is_meta, self.training
        return self.norm(self.convolution(clip)).mean((2, 3, 4))


def test_operators_run_on_meta_tensors_in_eval_mode_and_modes_see_them() -> None:
    model, flops = Small(), FlopCounterMode(display=False)
    dry_run(model, (2, 3, 2, 8, 8), flops)
    assert model.was_meta
    assert not model.was_training
    assert flops.get_total_flops() == 2 * (2 * 2 * 8 * 8) * 3 * 4


def test_a_network_that_needs_values_computes_on_random_ones() -> None:
    class ByContent(Small):
        def forward(self, clip: Tensor) -> Tensor:
            return super().forward(clip if clip.std().item() > 0.5 else clip[:, :, :1])

    model, flops = ByContent(), FlopCounterMode(display=False)
    setattr(model, NEEDS_VALUES, True)
    dry_run(model, (2, 3, 2, 8, 8), flops)
    assert not model.was_meta
    assert not model.was_training
    assert flops.get_total_flops() == 2 * (2 * 2 * 8 * 8) * 3 * 4


@pytest.mark.parametrize(
    ("device", "needs_values"), [("meta", False), ("cpu", False), ("cpu", True)]
)
def test_a_module_may_be_given_a_view_of_a_parameter(device: str, needs_values: bool) -> None:
    class Asking(Small):
        def __init__(self) -> None:
            super().__init__()
            self.query = nn.Parameter(torch.zeros(1, 4))
            self.head = nn.Linear(4, 5)

        def forward(self, clip: Tensor) -> Tensor:
            return self.head(self.query.expand(len(clip), -1)) + super().forward(clip).sum()

    with torch.device(device):
        model, flops = Asking(), FlopCounterMode(display=False)
    setattr(model, NEEDS_VALUES, needs_values)
    dry_run(model, (2, 3, 2, 8, 8), flops)
    assert flops.get_total_flops() == 2 * (2 * 2 * 8 * 8 * 3 * 4 + 2 * 4 * 5)
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_the_model_is_left_as_it_was() -> None:
    model = Small().train()
    model.norm.eval()
    model.norm.requires_grad_(False)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    dry_run(model, (1, 3, 2, 8, 8))
    assert model.training
    assert not model.norm.training
    learned = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
    assert learned == ["convolution.weight", "convolution.bias"]
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[name])


def test_modes_are_restored_after_an_error_too() -> None:
    model = Small().train()

    def fail() -> None:
        with evaluating(model):
            assert not model.norm.training
            raise RuntimeError("inside")

    with pytest.raises(RuntimeError, match="inside"):
        fail()
    assert model.norm.training


def test_a_shape_that_is_no_clip_is_refused() -> None:
    with pytest.raises(BenchError, match=r"\(N, C, T, H, W\)"):
        dry_run(Small(), (1, 3, 4, 8))
