import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext, SpawnContext

import pytest

from bench.machine import processes


@pytest.fixture
def preloaded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the fork server is told to read; none is started here."""
    names: list[str] = []
    monkeypatch.setattr(ForkServerContext, "set_forkserver_preload", lambda _, n: names.extend(n))
    return names


def test_where_there_is_a_fork_server_it_reads_pytorch_first(
    preloaded: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(multiprocessing, "get_all_start_methods", lambda: ["spawn", "forkserver"])
    assert isinstance(processes.process_context(), ForkServerContext)
    assert preloaded == processes.PRELOADED
    assert all(find_spec(name) for name in preloaded)


def test_elsewhere_every_process_is_spawned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multiprocessing, "get_all_start_methods", lambda: ["spawn"])
    assert isinstance(processes.process_context(), SpawnContext)


@pytest.mark.parametrize(
    ("methods", "expected"),
    [(["spawn", "forkserver"], ["blocked", "started", "open again"]), (["spawn"], [])],
)
def test_the_fork_server_is_started_deaf_to_interrupts(
    methods: list[str],
    expected: list[str],
    preloaded: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    steps: list[str] = []

    @contextmanager
    def blocked() -> Iterator[None]:
        steps.append("blocked")
        yield
        steps.append("open again")

    monkeypatch.setattr(multiprocessing, "get_all_start_methods", lambda: methods)
    monkeypatch.setattr(forkserver, "ensure_running", lambda: steps.append("started"))
    monkeypatch.setattr(processes, "block_interrupts", blocked)
    processes.start_fork_server()
    assert steps == expected
    assert bool(preloaded) == bool(expected)


def test_a_process_that_another_one_started_is_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not processes.is_worker()
    monkeypatch.setattr(multiprocessing, "parent_process", object)
    assert processes.is_worker()
