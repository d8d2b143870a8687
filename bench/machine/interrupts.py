"""Ctrl-C while results are waited for, and nowhere else, so that none is lost.

A signal reaches any thread that does not block it, and Python answers it in the main one, whatever
that blocks; so it is noted where it must not be answered, and blocked as well for the processes
that are started meanwhile.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# Some systems have no signal masks.
SIG_BLOCK, SIG_UNBLOCK = (getattr(signal, name, 0) for name in ("SIG_BLOCK", "SIG_UNBLOCK"))


class _Noted:
    """Whether an interrupt came where it was held, and whether it is held now."""

    came = False
    is_answered = False

    def note(self, number: int, frame: FrameType | None) -> None:
        """Python's handler of SIGINT where interrupts are held."""
        if self.is_answered:
            raise KeyboardInterrupt
        self.came = True

    def raise_it(self) -> None:
        if self.came:
            self.came = False
            raise KeyboardInterrupt


_noted = _Noted()


@contextmanager
def hold_interrupts() -> Iterator[None]:
    """Within: Ctrl-C is answered by `KeyboardInterrupt` in `interrupts_answered` alone.

    One that came later is answered at the end. Processes that are started within do not answer it.
    """
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:  # it is another's to do
        with block_interrupts():
            yield
        return
    _noted.came = False
    signal.signal(signal.SIGINT, _noted.note)
    try:
        with block_interrupts():
            yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    _noted.raise_it()


@contextmanager
def answer_interrupts() -> Iterator[None]:
    """Within: Ctrl-C is answered, and one that came before as well."""
    with _masked(SIG_UNBLOCK):
        _noted.is_answered = True
        try:
            _noted.raise_it()
            yield
        finally:
            _noted.is_answered = False


@contextmanager
def block_interrupts() -> Iterator[None]:
    """Within: SIGINT is blocked, where the system can; processes started within inherit that."""
    with _masked(SIG_BLOCK):
        yield


@contextmanager
def _masked(how: int) -> Iterator[None]:
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(how, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
