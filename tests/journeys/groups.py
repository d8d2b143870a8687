"""Groups of processes, to tell whether one outlives what started it."""

import os
import time

import pytest

LAST_RESORT_S = 1800  # a worker that is still importing torch ends when it is through with that


def wait_for_the_end_of_group(group: int) -> None:
    """Return when no worker of a run is left; fail where one outlives it."""
    deadline = time.monotonic() + LAST_RESORT_S
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail("a worker outlived its run")
