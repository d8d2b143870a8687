"""Top-1 accuracy of trained weights on videos.

A point does not name weights and videos: 'blvbench evaluate' takes both, and calls
`evaluate_weights`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from bench.errors import UnsupportedError
from bench.instruments.accuracy.answers import read_answers
from bench.instruments.reading import Reading
from bench.records.point import Device, Point
from bench.records.record import Scalar
from bench.video.contents import file_hash
from bench.video.data_set import DataSet
from bench.video.decoding import HANDLING, Decoder, decoder_version
from bench.video.evaluation import Scores, evaluate
from bench.video.loading import EvaluationSet, UnusableVideos
from bench.video.sampling import Dense, Uniform
from bench.video.transforms import Crops, EvaluationCrops
from bench.workload.torch_settings import fix_settings


@dataclass(frozen=True)
class Protocol:
    """How videos are tested: sampling of frames, views, test resolution and decoder.

    `sampling` has the number of clips of each video, each of which has `crops` crops; the short
    side of the pictures is resized to `short_side` pixels before cropping.
    """

    sampling: Uniform | Dense
    crops: Crops
    short_side: int
    decoder: Decoder = "pyav"

    @property
    def settings(self) -> dict[str, Scalar]:
        """The protocol as settings of a record."""
        is_dense = isinstance(self.sampling, Dense)
        return {
            "sampling": "dense" if is_dense else "uniform",
            "views": self.sampling.clips,
            "stride": self.sampling.stride if isinstance(self.sampling, Dense) else 0,
            "crops": self.crops,
            "short_side": self.short_side,
            "decoder": f"{decoder_version(self.decoder)}, {HANDLING}",
        }


@dataclass(frozen=True)
class Resources:
    """What an evaluation runs on: a device, threads of a CPU, and processes that read videos."""

    device: Device
    threads: int
    workers: int = 0


def read(point: Point) -> Reading:
    """Raise `UnsupportedError`: a point alone cannot be evaluated."""
    raise UnsupportedError(
        f"an evaluation of {point.network} needs weights and videos: use 'blvbench evaluate'"
    )


def evaluate_weights(
    model: nn.Module,
    point: Point,
    weights: Path,
    data: DataSet,
    protocol: Protocol,
    resources: Resources,
    *,
    max_unusable: float,
    on_video: Callable[[], object] = lambda: None,
) -> tuple[Scores, Reading]:
    """Evaluate `model`, the network of `point` with its `weights` loaded, on `data`.

    Returns the scores of all usable videos, and the reading for a record. Raises `BenchError` if
    more than the share `max_unusable` of the videos cannot be used.
    """
    crops = EvaluationCrops(point.input_size, protocol.short_side, protocol.crops)
    with fix_settings(
        resources.device, point.precision, threads=resources.threads, cudnn_benchmark=False
    ) as settings:
        scores = evaluate(
            model.to(resources.device),
            EvaluationSet(data.videos, protocol.sampling, crops, protocol.decoder),
            precision=point.precision,
            workers=resources.workers,
            unusable=UnusableVideos(len(data.videos), max_unusable),
            on_video=on_video,
        )
    provenance: dict[str, Scalar] = {
        "weights": weights.name,
        "weights_sha256": file_hash(weights),
        "clips": data.digest,
        "frame_files": ", ".join(scores.sources),
    }
    reading = read_answers(
        scores,
        data.videos,
        settings | provenance | protocol.settings,
        reversed_pairs=data.is_generated,
    )
    return scores, reading
