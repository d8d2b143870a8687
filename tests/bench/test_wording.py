import pytest

from bench.wording import count_text, list_first


@pytest.mark.parametrize(
    ("number", "words", "expected"),
    [
        (0, ("frame",), "0 frames"),
        (1, ("frame",), "1 frame"),
        (2, ("frame",), "2 frames"),
        (1, ("class", "classes"), "1 class"),
        (1000, ("class", "classes"), "1,000 classes"),
    ],
)
def test_a_count_of_one_has_no_plural(number: int, words: tuple[str, ...], expected: str) -> None:
    assert count_text(number, *words) == expected


@pytest.mark.parametrize(
    ("most", "expected"), [(1, "a; and 2 more"), (2, "a; b; and 1 more"), (3, "a; b; c")]
)
def test_a_list_counts_what_it_leaves_out(most: int, expected: str) -> None:
    assert list_first(["a", "b", "c"], most) == expected
