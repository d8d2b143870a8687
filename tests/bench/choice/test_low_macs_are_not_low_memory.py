"""The largest batches of a public report, on GPUs of 11 GB (open-mmlab/mmaction2, issue 1620).

Two of them train MMAction2's networks in float32 with Adam over 16 frames of 224 x 224 pixels. 10
clips of X3D-M fit each and 11 do not; 31 of I3D-R50 fit and 32 do not.
"""

from collections.abc import Callable
from functools import partial

import pytest
from torch import nn

import models
from bench.choice import gpu_fit
from bench.choice.candidates import batch_candidates
from bench.choice.gpu_fit import Estimates, Gpu
from bench.instruments import macs
from bench.instruments.memory import simulate
from models.meta import build_on_meta
from suites.step import StepOptions
from tests.models import zoo
from tests.records import point

GPU = Gpu(11 * 2**30)
STEP = StepOptions(optimizer="adam", gradients="zeroed", parallel="ddp")
BASE = point(frames=16, num_classes=400, mode="train", step=STEP)

Build = Callable[[], nn.Module]
X3D: Build = partial(zoo.x3d_m, num_classes=400, frames=16)
I3D: Build = partial(models.create_model, "i3d_3x1x1", num_classes=400, frames=16, stem_stride=4)


def peak_bytes(build: Build, batch: int) -> int:
    return simulate(build, (batch, 3, 16, 224, 224), "train", step=STEP).peak_bytes


@pytest.mark.parametrize(("build", "reported", "simulated"), [(X3D, 10, 10), (I3D, 31, 32)])
def test_simulated_batches_are_within_a_clip_of_the_report(
    build: Build, reported: int, simulated: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        gpu_fit,
        "simulate_point",
        lambda where: simulate(build, where.clip_shape, where.mode, where.precision, where.step),
    )
    found = Estimates(GPU).largest(batch_candidates(BASE))
    assert found.fits
    assert found.fits.point.batch == simulated
    assert abs(simulated - reported) <= 1


def test_one_limit_of_memory_explains_both_batches() -> None:
    fitted = (peak_bytes(X3D, 10), peak_bytes(I3D, 31))
    failed = (peak_bytes(X3D, 11), peak_bytes(I3D, 32))
    assert max(fitted) < min(failed)


def test_the_network_that_takes_more_memory_has_fewer_macs() -> None:
    x3d, i3d = (
        macs.count(build_on_meta(build), (1, 3, 16, 224, 224)).total for build in (X3D, I3D)
    )
    assert x3d < i3d / 2
    assert peak_bytes(X3D, 10) > 2.5 * peak_bytes(I3D, 10)
