"""What holds for every test."""

import pytest
import torch

torch.set_num_threads(1)  # on a busy machine, threads that wait for each other crawl

LONGEST = "test_readme.py"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first: at the end, one process would work on it alone."""
    items.sort(key=lambda item: item.path.name != LONGEST)
