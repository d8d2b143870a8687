import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from bench.machine.interrupts import allow_interrupts, hold_interrupts


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.1)


@pytest.fixture
def _another_thread() -> Iterator[None]:
    """One that blocks no signal, as that of a progress bar: it may get what is sent."""
    over = threading.Event()
    thread = threading.Thread(target=over.wait)
    thread.start()
    yield
    over.set()
    thread.join()


@pytest.mark.usefixtures("_interruptible", "_another_thread")
def test_an_interrupt_is_raised_where_it_is_allowed() -> None:
    done: list[str] = []
    with hold_interrupts():
        interrupt()
        done.append("what must not be interrupted")
        with pytest.raises(KeyboardInterrupt), allow_interrupts():
            done.append("never")
        with pytest.raises(KeyboardInterrupt), allow_interrupts():
            interrupt()
        done.append("the end")
    assert done == ["what must not be interrupted", "the end"]


@pytest.mark.usefixtures("_interruptible", "_another_thread")
def test_an_interrupt_that_nothing_answers_comes_at_the_end() -> None:
    with pytest.raises(KeyboardInterrupt), hold_interrupts():
        interrupt()
    with hold_interrupts():  # which is over then
        pass


@pytest.mark.usefixtures("_interruptible")
def test_processes_that_are_started_within_do_not_answer() -> None:
    ends_itself = "import os, signal; os.kill(os.getpid(), signal.SIGINT); print('alive')"
    with hold_interrupts():
        printed = subprocess.run(
            [sys.executable, "-c", ends_itself], capture_output=True, text=True, check=False
        )
    assert printed.stdout == "alive\n"


def test_what_answers_interrupts_already_is_left_alone() -> None:
    seen: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: seen.append(number))
    try:
        with hold_interrupts(), allow_interrupts():
            interrupt()
    finally:
        signal.signal(signal.SIGINT, before)
    assert seen == [signal.SIGINT]
