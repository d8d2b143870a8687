from pathlib import Path

import pytest

from models.sources import Sources


def sources(folder: Path, **contents: str) -> Sources:
    """Files of these names, without `.py`, written into a folder."""
    for name, text in contents.items():
        (folder / f"{name}.py").write_text(text)
    return Sources({folder / f"{name}.py": text.encode() for name, text in contents.items()})


def test_a_fingerprint_is_of_names_and_contents_wherever_they_are(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
    first = sources(tmp_path / "a", net="A = 1").fingerprint()
    assert len(first) == 12
    assert sources(tmp_path / "b", net="A = 1").fingerprint() == first
    others = [{"net": "A = 2"}, {"nets": "A = 1"}, {"net": "A = 1", "more": ""}]
    assert len({first, *(sources(tmp_path, **o).fingerprint() for o in others)}) == 4


def test_files_that_changed_or_went_are_not_current(tmp_path: Path) -> None:
    found = sources(tmp_path, net="A = 1", more="")
    assert found.are_current()
    (tmp_path / "more.py").write_text("B = 2")
    assert not found.are_current()
    (tmp_path / "more.py").unlink()
    assert not found.are_current()


def test_an_error_is_explained_by_the_last_line_in_these_files(tmp_path: Path) -> None:
    found = sources(tmp_path, net="\nlen(3)")
    with pytest.raises(TypeError) as caught:
        exec(compile("\nlen(3)", tmp_path / "net.py", "exec"))
    assert found.explain(caught.value).endswith("has no len() (net.py, line 2)")
    assert found.explain(KeyError()) == "KeyError"
    assert found.explain(ValueError("first\nsecond")) == "ValueError: first"
