from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.runs.cluster.locks import is_locked
from bench.runs.cluster.pack import Line, Log, Pack, open_log, read_pack, write_pack
from bench.runs.tasks import make_task
from tests.bench.runs.cluster.fakes import done
from tests.records import point


def test_a_line_that_is_cut_off_is_none_until_the_job_goes_on(tmp_path: Path) -> None:
    path, one = tmp_path / "1.log", make_task(point(), "macs")
    log = Log(path)
    assert not list(log.news())
    with open_log(path) as writer:
        assert writer is not None
        writer.write(Line(started=True))
        writer.write(Line(begun=0))
        writer.write(Line(done=done(0, one)))
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    assert not list(log.news())
    assert (log.has_started, log.has_ended, log.losses(0)) == (True, False, 1)
    with open_log(path) as writer:  # the job was started again
        assert writer is not None
        writer.write(Line(started=True))
        writer.write(Line(done=done(0, one)))
        writer.write(Line(ended=True))
    (result,) = log.news()
    assert result.identity == one.identity
    assert (log.has_ended, log.losses(0), log.done) == (True, 0, {0})
    assert not list(log.news())


def test_a_log_is_one_jobs(tmp_path: Path) -> None:
    path = tmp_path / "1.log"
    assert not is_locked(path)
    with open_log(path) as first:
        assert first is not None
        assert is_locked(path)
        with open_log(path) as second:
            assert second is None
    assert not is_locked(path)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"tasks": 3}', "\0", '{"tasks": []}'])
def test_a_pack_that_is_none_is_refused_in_a_line(tmp_path: Path, content: str) -> None:
    path = tmp_path / "1.json"
    path.write_text(content)
    with pytest.raises(BenchError, match="run the same command again") as caught:
        read_pack(path)
    assert "\n" not in str(caught.value)


def test_a_pack_is_read_as_it_was_written(tmp_path: Path) -> None:
    pack = Pack(
        tasks=(),
        pool="slurm partition=gpu",
        folder="/somewhere",
        jobs=2,
        time_limit_s=1.5,
        job_time_s=60.0,
        requeues=0,
    )
    write_pack(tmp_path / "1.json", pack)
    assert read_pack(tmp_path / "1.json") == pack
