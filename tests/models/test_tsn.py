import torch

import models
from tests.models.networks import lively, logits


def test_a_clips_logits_are_the_mean_of_its_frames() -> None:
    model, single = (
        lively(models.create_model("tsn", num_classes=5, frames=frames, depth=18, width=0.25))
        for frames in (3, 1)
    )
    single.load_state_dict(model.state_dict())
    clip = torch.randn(2, 3, 3, 33, 47, dtype=torch.float64)
    frames = [logits(single, clip[:, :, t : t + 1]) for t in range(3)]
    torch.testing.assert_close(logits(model, clip), torch.stack(frames).mean(dim=0))
