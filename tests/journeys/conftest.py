"""The order of the journeys: the longest files come first."""

import pytest

# At the end, one process would run them while the other one has nothing to do.
LONGEST = ("test_paper.py", "test_slurm.py", "test_faults.py", "test_kills.py", "test_published.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    name = item.path.name
    return LONGEST.index(name) if name in LONGEST else len(LONGEST)
