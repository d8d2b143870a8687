from typing import Any

import numpy as np
from matplotlib.axes import Axes

from bench.machine.environment import current_environment
from reports.machines import machine_id
from reports.samples_plot import draw_samples
from tests.records import measurement, point

OTHER = current_environment().model_copy(update={"processor": "Other"})


def timed(**fields: Any) -> Any:
    where = point(frames=fields.pop("frames", 8))
    latency = {"quantity": "latency", "instrument": "cpu", "unit": "seconds"}
    return measurement(where, **latency, **fields)


def axes_of(figures: Any, name: str) -> Axes:
    (axes,) = figures[name].axes
    assert isinstance(axes, Axes)
    return axes


def test_a_machine_has_a_figure_with_each_sample() -> None:
    figures = draw_samples(
        [
            timed(samples=(1.0, 2.0, 4.0)),
            timed(frames=16, samples=(3.0, 5.0)),
            timed(samples=(7.0,), environment=OTHER),
            measurement(point()),
        ]
    )
    assert len(figures) == 2
    (here,) = (name for name in figures if name != f"{machine_id(OTHER.machine)}-samples")
    axes = axes_of(figures, here)
    dots = np.concatenate([np.asarray(dots.get_offsets())[:, 0] for dots in axes.collections])
    assert sorted(dots.tolist()) == [1.0, 2.0, 3.0, 4.0, 5.0]
    bars = np.concatenate([np.asarray(line.get_xdata()) for line in axes.lines])
    assert bars.tolist() == [2.0, 4.0]  # the medians
    labels = [label.get_text() for label in axes.get_yticklabels()]
    points = [label.partition(", batch")[0] for label in labels]
    assert points == ["tsn depth 50, 8 frames", "tsn depth 50, 16 frames"]


def test_what_gave_no_figure_is_not_drawn() -> None:
    assert draw_samples([timed(samples=(), status="oom", reason="r")]) == {}


def test_each_number_of_threads_has_a_figure_that_names_it() -> None:
    figures = draw_samples([timed(samples=(1.0,), settings={"threads": n}) for n in (1, 2)])
    labels = sorted(figure.axes[0].get_xlabel() for figure in figures.values())
    assert labels == [
        "seconds per batch, each sample, 1 thread",
        "seconds per batch, each sample, 2 threads",
    ]
