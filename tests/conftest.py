"""What holds for every test."""

import signal
from collections.abc import Iterator

import pytest
import torch
from hypothesis import settings

torch.set_num_threads(1)  # on a busy machine, threads that wait for each other crawl
settings.register_profile("without deadline", deadline=None)  # a busy machine fails no test
settings.load_profile("without deadline")


@pytest.fixture
def _interruptible() -> Iterator[None]:
    """Processes that are started meanwhile answer SIGINT; a shell's background jobs do not."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
