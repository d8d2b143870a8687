from typing import Any

import pytest
import torch

from bench.workload.placement import check_device, place
from bench.workload.torch_settings import fix_settings
from tests.records import point

SMALL = {"depth": 18, "frames": 2, "input_size": 32}


def state() -> tuple[Any, ...]:
    cudnn: Any = torch.backends.cudnn
    return (
        torch.get_num_threads(),
        cudnn.benchmark,
        cudnn.conv.fp32_precision,
        torch.backends.cuda.matmul.fp32_precision,
        torch.random.get_rng_state().tolist(),
    )


@pytest.mark.parametrize(("precision", "products"), [("fp32", "ieee"), ("tf32", "tf32")])
def test_everything_is_set_and_restored_even_after_an_error(precision: Any, products: str) -> None:
    before = state()

    def fail() -> None:
        with fix_settings("cuda", precision, threads=2, cudnn_benchmark=True) as settings:
            assert settings == {"threads": 2, "seed": 0, "cudnn_benchmark": True}
            assert state()[:4] == (2, True, products, products)
            torch.rand(3)
            raise RuntimeError("inside")

    with pytest.raises(RuntimeError, match="inside"):
        fail()
    assert state() == before


def test_on_a_cpu_cudnn_is_not_on_record() -> None:
    with fix_settings("cpu", "fp32", threads=1, cudnn_benchmark=True) as settings:
        assert settings == {"threads": 1, "seed": 0}


def test_a_network_and_its_clip_are_the_same_each_time() -> None:
    (first, clip), (second, again) = (place(point(**SMALL), "cpu") for _ in range(2))
    assert torch.equal(clip, again)
    assert all(map(torch.equal, first.parameters(), second.parameters()))


@pytest.mark.parametrize(
    ("network", "memory_format", "is_last"),
    [
        ("tsn", "default", True),
        ("tsn", "contiguous", False),
        ("tsn", "channels_last", True),
        ("i3d_resnet", "default", False),
        ("i3d_resnet", "contiguous", False),
        ("i3d_resnet", "channels_last", True),
    ],
)
def test_weights_and_clips_are_stored_as_the_point_says(
    network: str, memory_format: Any, is_last: bool
) -> None:
    where = point(network=network, depth=50, frames=2, input_size=32, memory_format=memory_format)
    model, clip = place(where, "cpu")
    formats = {4: torch.channels_last, 5: torch.channels_last_3d}
    weights = [w for w in model.parameters() if w.dim() in formats and w.shape[2] > 1]
    assert weights
    for weight in weights:
        found = weight.is_contiguous(memory_format=formats[weight.dim()])
        assert found == is_last
    if network == "i3d_resnet":
        assert clip.is_contiguous(memory_format=torch.channels_last_3d) == is_last
    assert model(clip).shape == (1, 174)


def test_the_cpu_has_every_precision_but_tf32() -> None:
    check_device(point(precision="bf16"), "cpu")
    with pytest.raises(ValueError, match="Ampere"):
        check_device(point(precision="tf32"), "cpu")
