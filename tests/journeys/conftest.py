"""The order of the journeys, and which of them one process runs."""

from pathlib import Path

import pytest

# What takes longest comes first: at the end, one process would work on it alone.
LONGEST = ("test_paper.py", "test_published.py", "test_slurm.py", "test_kills.py", "test_faults.py")
BROWSER = Path(__file__).parent / "browser"  # its pages are open in one process


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist looks for groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_place)
    for item in items:
        if BROWSER in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("browser"))


def _place(item: pytest.Item) -> int:
    name = item.path.name
    return LONGEST.index(name) if name in LONGEST else len(LONGEST)
