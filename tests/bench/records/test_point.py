import pytest
from pydantic import ValidationError

from bench.records.point import Point
from tests.records import point


@pytest.mark.parametrize("field", ["depth", "frames", "batch", "input_size", "num_classes"])
@pytest.mark.parametrize("value", [0, -1, 1.0, "8", True])
def test_a_points_sizes_are_whole_numbers_above_zero(field: str, value: object) -> None:
    with pytest.raises(ValidationError):
        Point.model_validate({"network": "tsn", "depth": 50, "frames": 8, field: value})


def test_points_are_frozen_and_compare_by_value() -> None:
    assert point(options={"b": 1, "a": 2}) == point(options={"a": 2, "b": 1})
    assert len({point(), point(), point(frames=16)}) == 2
    with pytest.raises(ValidationError):
        point().frames = 9  # type: ignore[misc]  # that is what is tested


def test_a_point_is_written_without_what_is_at_its_default() -> None:
    assert str(point()) == "tsn depth 50, 8 frames, batch 1, infer, 224 px"
    full = point(
        network="i3d",
        depth=None,
        options={"a": 1},
        num_classes=5,
        precision="bf16",
        memory_format="channels_last",
        dataset="d",
        seed=3,
    )
    assert str(full) == (
        "i3d a=1, 8 frames, batch 1, infer, 224 px, 5 classes, bf16, channels-last, d, seed 3"
    )


def test_a_step_belongs_to_the_point_and_is_written_where_it_is_not_the_default() -> None:
    adam = point(mode="train", step={"optimizer": "adam", "gradients": "zeroed"})
    assert adam != point(mode="train")
    assert str(adam) == ("tsn depth 50, 8 frames, batch 1, train, 224 px, Adam, gradients zeroed")
    assert "step" not in point(mode="train").model_dump()
    assert Point.model_validate(adam.model_dump()) == adam
    assert Point.model_validate_json(adam.model_dump_json()) == adam


def test_a_point_of_one_frame_says_so() -> None:
    assert str(point(frames=1, num_classes=1)).startswith("tsn depth 50, 1 frame, batch 1, ")
    assert str(point(frames=1, num_classes=1)).endswith(", 1 class")
    assert str(point(frames=2)).startswith("tsn depth 50, 2 frames, ")


def test_points_are_sorted_by_network_and_then_by_size() -> None:
    first, second, third = point(network="tam"), point(), point(frames=16)
    mixed = [third, first, second]
    assert sorted(mixed, key=lambda one: one.sort_key) == [first, second, third]


def test_a_clip_is_of_the_points_sizes() -> None:
    assert point(batch=2, frames=4, input_size=32).clip_shape == (2, 3, 4, 32, 32)
