from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from suites.fields import MAX_COUNT, MAX_INT, Count, Seed


@pytest.mark.parametrize(
    ("field", "smallest", "largest"), [(Count, 1, MAX_COUNT), (Seed, 0, MAX_INT)]
)
def test_counts_and_seeds_have_bounds(field: Any, smallest: int, largest: int) -> None:
    adapter = TypeAdapter(field)
    assert [adapter.validate_python(value) for value in (smallest, largest)] == [smallest, largest]
    for value in (smallest - 1, largest + 1):
        with pytest.raises(ValidationError, match=r"should be (greater|less) than or equal"):
            adapter.validate_python(value)
