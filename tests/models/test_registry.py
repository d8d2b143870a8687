from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import nn

import models
from bench.instruments import layers, params
from models import NetworkError
from models.registry import register
from tests.models.networks import ALL, BUILDABLE, build, label, small_clip


def every_depth() -> Iterator[tuple[str, dict[str, Any]]]:
    for name in BUILDABLE:
        for backbone, depths in models.get_network(name).depths.items():
            for depth in depths or (None,):
                yield name, {"depth": depth} | ({"backbone": backbone} if backbone else {})


@pytest.mark.parametrize("variant", list(every_depth()), ids=label)
def test_every_network_builds_at_every_depth(variant: tuple[str, dict[str, Any]]) -> None:
    name, options = variant
    with torch.device("meta"):
        model = build(name, num_classes=7, **options)
        assert model(torch.empty(small_clip(name, 2))).shape == (2, 7)


@pytest.mark.parametrize("name", models.list_models())
def test_every_network_says_what_it_is(name: str) -> None:
    network = models.get_network(name)
    assert network.summary
    assert network.source


VARIANTS = {
    "hiera": ("base_plus",),
    "uniformer": ("base",),
    "uniformerv2": ("large",),
    "x3d": ("l",),
    "videomae": ("large",),
    "vjepa2": ("giant",),
}
OTHER_OPTIONS: dict[str, tuple[int | float | str, ...]] = {
    "window": (5, 7),
    "alpha": (1, 4),
    "beta": (2, 8),
    "temporal_pooling": ("max",),
    "temporal_module": ("tam",),
    "sampling": ("4x16", "16x8"),
    "interaction": ("preserved",),
    "design": ("motion",),
    "stem_stride": (4,),
    "shortcut_norms": ("all",),
    "backbone": ("mobilenet_v2", "convnext_tiny"),
    "formulation": ("published",),
    "width": (0.25, 0.5, 1.25),
}


@pytest.mark.parametrize("name", BUILDABLE)
def test_every_option_builds_and_changes_the_network(name: str) -> None:
    network, shape = models.get_network(name), small_clip(name)
    for option, default in network.options.items():
        depth = {"depth": 101} if option == "beta" else {}  # where a larger one tells
        costs = set()
        others = VARIANTS[name] if option == "variant" else OTHER_OPTIONS[option]
        values = (default, *others)
        for value in values:
            with torch.device("meta"):
                model = build(name, num_classes=7, **depth, **{option: value})
            answers: list[tuple[int, ...]] = []
            model.register_forward_hook(lambda _, __, out, to=answers: to.append(tuple(out.shape)))
            rows = layers.count(model, shape)
            assert answers == [(1, 7)]
            # Two formulations of one network need not differ in anything but what they allocate.
            allocated = sum(row.activation_bytes for row in rows)
            costs.add((params.count(model), sum(row.macs for row in rows), allocated))
        assert len(costs) == len(values), f"{option} changes nothing"


@pytest.mark.parametrize("variant", ALL, ids=label)
def test_a_network_knows_what_it_was_built_from(variant: tuple[str, dict[str, Any]]) -> None:
    name, options = variant
    with torch.device("meta"):
        model = build(name, **options)
    configuration: Any = model.configuration
    assert configuration.network == name
    assert configuration.num_classes == 6
    assert configuration.depth == options.get("depth")


def test_a_configuration_leaves_defaults_out() -> None:
    network = models.get_network("tam")
    options = {"window": 3, "width": 1, "temporal_pooling": "max"}
    configured = network.configure(num_classes=5, frames=8, options=options)
    assert configured.depth == 50
    assert configured.options == {"temporal_pooling": "max"}
    halved = network.configure(num_classes=5, frames=8, options={"width": 2})
    assert type(halved.options["width"]) is float


def test_depth_defaults_to_50() -> None:
    with torch.device("meta"):
        default = models.create_model("tsn", num_classes=5, frames=1)
        fifty = models.create_model("tsn", num_classes=5, frames=1, depth=50)
    assert default.state_dict().keys() == fifty.state_dict().keys()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "blvnet_tan"}, "did you mean 'blvnet_tam'"),
        ({"name": "tsn", "depth": 51}, "choose one of 18, 34, 50, 101, 152"),
        ({"name": "tsn", "frames": 0}, "frames must be a whole number of at least 1, not 0"),
        ({"name": "tsn", "frames": -8}, "at least 1, not -8"),
        ({"name": "tsn", "frames": 8.0}, "at least 1, not 8.0"),
        ({"name": "tsn", "num_classes": 0}, "num_classes must be"),
        ({"name": "blvnet", "frames": 7}, "use 6 or 8"),
        ({"name": "blvnet_tam", "frames": 1}, "not 1: use 2"),
        ({"name": "tam", "windw": 5}, "did you mean 'window'"),
        ({"name": "tam", "window": 4}, "window of tam is one of 3, 5, 7, not 4"),
        ({"name": "tam", "window": 5.0}, "not 5.0"),
        ({"name": "blvnet", "alpha": 0}, "one of 1, 2, 4, 8, 16, not 0"),
        ({"name": "blvnet", "alpha": True}, "not True"),
        ({"name": "blvnet_tam", "beta": -1}, "one of 1 to 30, not -1"),
        ({"name": "tsn", "depth": 50.0}, "no depth 50.0"),
        ({"name": "tsn", "depth": True}, "no depth True"),
        ({"name": "tsn", "temporal_pooling": "avg"}, "is one of none, max, not 'avg'"),
        ({"name": "i3d_resnet", "temporal_pooling": 2}, "is one of none, max, not 2"),
        ({"name": "i3d", "depth": 50}, "i3d comes in one depth: leave depth 50 out"),
        (
            {"name": "tsn", "backbone": "inception_v1", "depth": 18},
            "tsn with inception_v1 comes in one depth",
        ),
        (
            {"name": "tsn", "backbone": "vgg"},
            "one of resnet, inception_v1, mobilenet_v2.*not 'vgg'",
        ),
        ({"name": "tsm", "width": 0}, "one of 0.05 to 4.0, not 0"),
        ({"name": "tsm", "width": float("nan")}, "one of 0.05 to 4.0, not nan"),
        ({"name": "tsm", "width": 10**400}, "one of 0.05 to 4.0, not 1000"),
        ({"name": "r3d_18", "width": 0.5}, "has no option 'width': it has none"),
        ({"name": "hiera", "size": "l"}, "has no option 'size': its options are variant, width"),
        ({"name": "mvit_v2_s", "frames": 8}, "mvit_v2_s takes 16 frames, not 8: use 16"),
        ({"name": None}, "there is no network 'None'"),
    ],
)
def test_bad_requests_are_one_line(arguments: dict[str, object], message: str) -> None:
    request = {"num_classes": 5, "frames": 8, **arguments}
    with pytest.raises(NetworkError, match=message) as caught:
        models.create_model(**request)  # type: ignore[arg-type]  # that is what is tested
    assert "\n" not in str(caught.value)


def test_a_name_cannot_be_taken_twice() -> None:
    def tsn(*, num_classes: int, frames: int, depth: int) -> nn.Module:
        raise NotImplementedError

    models.list_models()
    with pytest.raises(ValueError, match="two networks are called 'tsn'"):
        register(depths=(50,), source="nowhere")(tsn)


def test_an_option_without_choices_is_refused() -> None:
    def unheard_of(*, num_classes: int, frames: int, depth: int, size: int = 3) -> nn.Module:
        raise NotImplementedError

    with pytest.raises(ValueError, match="options and choices differ"):
        register(depths=(50,), source="nowhere")(unheard_of)
