"""What loading clips costs beside decoding alone; `nox -s bench` prints the shares.

In turn, on the same files and in one process: PyAV decodes every picture and keeps none, and the
loader makes normalised clips of 8 frames.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from bench.video.arrow_of_time import ENCODING
from bench.video.data_set import Video
from bench.video.encoding import write_video
from bench.video.loading import EvaluationSet, load_items
from bench.video.motions import PAIRS, SIZE, draw_motion
from bench.video.sampling import Uniform
from bench.video.transforms import EvaluationCrops
from bench.workload.torch_settings import fix_settings

ROUNDS = 15
BOUND = 0.8  # of the speed of decoding alone, at least
HEIGHT, WIDTH, PICTURES = 240, 320, 240
# How many videos, their crops, and how they are coded; the first kind is that of arrow-of-time.
FILMS: dict[str, tuple[int, EvaluationCrops, dict[str, str]]] = {
    "generated": (64, EvaluationCrops(SIZE, SIZE), ENCODING),
    "h264": (4, EvaluationCrops(224, 256), {}),
    "h264 without b-frames": (4, EvaluationCrops(224, 256), {"bf": "0"}),
}


def decode(videos: Sequence[Video]) -> None:
    for video in videos:
        with av.open(str(video.path)) as container:
            container.streams.video[0].codec_context.thread_count = 1  # as the loader has
            for _ in container.decode(video=0):
                pass


def film(kind: str, number: int) -> NDArray[np.uint8]:
    """A motion of the generated set, or a pattern that moves."""
    random = np.random.default_rng(number)
    if kind == "generated":
        return draw_motion(PAIRS[number % len(PAIRS)], random)
    coarse = random.integers(0, 256, (HEIGHT // 16, WIDTH // 16, 3))
    base = np.kron(coarse, np.ones((16, 16, 1))).astype(np.uint8)
    return np.stack([np.roll(base, (2 * n, 3 * n), (0, 1)) for n in range(PICTURES)])


def seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


@pytest.mark.parametrize("kind", FILMS)
def test_loading_keeps_up_with_decoding(
    benchmark: Any, capsys: pytest.CaptureFixture[str], kind: str, tmp_path: Path
) -> None:
    is_timed = not benchmark.disabled  # else one video shows that all runs
    count, views, options = FILMS[kind]
    videos = []
    for number in range(count if is_timed else 1):
        videos.append(Video(str(number), tmp_path / f"{number}.mp4", 0))
        write_video(videos[-1].path, film(kind, number), rate=24, options=options)
    loaded = EvaluationSet(videos, Uniform(8), views)
    rounds: list[tuple[float, float]] = []

    def run_round() -> None:
        bare = seconds(lambda: decode(videos))
        rounds.append((bare, seconds(lambda: list(load_items(loaded, range(len(loaded)))))))

    with fix_settings("cpu", "fp32", threads=1, cudnn_benchmark=False):
        benchmark.pedantic(run_round, rounds=ROUNDS if is_timed else 1)
    share = median(bare / loader for bare, loader in rounds)
    benchmark.extra_info["share of decoding's speed"] = share
    assert share > 0
    if is_timed:
        with capsys.disabled():
            print(f"\n{kind}: the loader has {share:.0%} of the speed of decoding alone")
        assert share >= BOUND
