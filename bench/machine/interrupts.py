"""Handles Ctrl-C only while a run waits for results, so that no result is lost.

A signal may reach any thread that does not block it, and Python handles it in the main thread, even
if that thread blocks it. So while a signal must not be handled, it is only noted. It is also
blocked, because processes that are started meanwhile inherit the mask.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# Some systems have no signal masks.
SIG_BLOCK, SIG_UNBLOCK = (getattr(signal, name, 0) for name in ("SIG_BLOCK", "SIG_UNBLOCK"))


class _PendingInterrupt:
    """Whether an interrupt came while interrupts were held, and whether they are handled now."""

    is_pending = False
    is_allowed = False

    def note(self, number: int, frame: FrameType | None) -> None:
        """Python's handler of SIGINT while interrupts are held."""
        if self.is_allowed:
            raise KeyboardInterrupt
        self.is_pending = True

    def raise_it(self) -> None:
        if self.is_pending:
            self.is_pending = False
            raise KeyboardInterrupt


_pending = _PendingInterrupt()


@contextmanager
def hold_interrupts() -> Iterator[None]:
    """Within: Ctrl-C raises `KeyboardInterrupt` only inside of `allow_interrupts`.

    An interrupt that came otherwise is raised at the end. Processes that are started within ignore
    Ctrl-C.
    """
    if (
        signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    ):  # somebody else handles it
        with block_interrupts():
            yield
        return
    _pending.is_pending = False
    signal.signal(signal.SIGINT, _pending.note)
    try:
        with block_interrupts():
            yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    _pending.raise_it()


@contextmanager
def allow_interrupts() -> Iterator[None]:
    """Within: Ctrl-C raises `KeyboardInterrupt`, and so does one that came before."""
    with _mask_interrupts(SIG_UNBLOCK):
        _pending.is_allowed = True
        try:
            _pending.raise_it()
            yield
        finally:
            _pending.is_allowed = False


@contextmanager
def block_interrupts() -> Iterator[None]:
    """Within: SIGINT is blocked where the system can; processes that are started inherit that."""
    with _mask_interrupts(SIG_BLOCK):
        yield


@contextmanager
def _mask_interrupts(how: int) -> Iterator[None]:
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(how, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
