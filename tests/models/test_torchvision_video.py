import pytest
import torch

import models
from tests.models.networks import build


def test_torchvision_names_a_network_that_clashes_with_a_prefix() -> None:
    with torch.device("meta"):
        theirs = build("torchvision_s3d")
    assert type(theirs.network).__module__.startswith("torchvision.")
    assert "torchvision_mvit_v2_s" not in models.list_models()


def test_mvit_takes_one_size_only() -> None:
    with pytest.raises(models.NetworkError, match="takes 16 frames, not 8"):
        models.create_model("mvit_v2_s", num_classes=6, frames=8)
    with torch.device("meta"):
        model = build("mvit_v2_s")
        with pytest.raises(models.NetworkError, match="224 x 224 pixels, not 112 x 112"):
            model(torch.empty(1, 3, 16, 112, 112))
