"""TensorBoard itself reads the logs of a training run."""

from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from bench.video.logs import open_logs


def test_tensorboard_reads_the_events(tmp_path: Path) -> None:
    with open_logs(None, tmp_path, done=0) as write:
        write(1, 2.5, 0.5)
        write(2, 1.5, 0.25)
    with open_logs(None, tmp_path, done=1) as write:
        write(2, 1.25, 0.25)
    events = EventAccumulator(str(tmp_path))
    events.Reload()
    assert [(e.step, e.value) for e in events.Scalars("loss")] == [(1, 2.5), (2, 1.25)]
    assert [e.value for e in events.Scalars("learning_rate")] == [0.5, 0.25]
