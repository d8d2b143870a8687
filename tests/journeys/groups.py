"""Process groups, to check that no process outlives the run that started it."""

import os
import time

import pytest

LAST_RESORT_S = 1800  # a worker that is importing torch ends only after the import


def wait_for_the_end_of_group(group: int) -> None:
    """Return when no worker of a run is left; fail if one outlives the run."""
    deadline = time.monotonic() + LAST_RESORT_S
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail("a worker outlived its run")
