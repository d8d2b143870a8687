from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.errors import BenchError
from bench.video.annotations import Layout, load_annotations
from tests.bench.video.conftest import Write
from tests.bench.video.test_layouts import KINETICS, SPLITS


def test_requests_that_make_no_sense(write: Write) -> None:
    file = write("a 9 0")
    with pytest.raises(BenchError, match="no layout 'kinetic': use frames, something-v2, "):
        load_annotations(file, Path("videos"), "kinetic")
    with pytest.raises(BenchError, match="'frames' needs an annotation file: give it"):
        load_annotations(None, Path("videos"), "frames")
    with pytest.raises(BenchError, match="'folders' has no annotation file: leave it out"):
        load_annotations(file, Path("videos"), "folders")
    with pytest.raises(BenchError, match="'frames' has no splits: leave the split out"):
        load_annotations(file, Path("videos"), "frames", split="train")


ODD = ("9" * 5000, "\0", "\r", "\x85", "\ud800", "\\ud800", "\ufeff")
LETTERS = ("a", "b/c", "..", "0", "1")
MARKS = (",", ";", " ", "\n", '"', "[", "]", "{", "}", ":", '"id":"1"', '"template":"a"', KINETICS)
TEXTS = st.one_of(st.text(), st.lists(st.sampled_from(LETTERS + MARKS + ODD)).map("".join))


@pytest.mark.parametrize("layout", get_args(Layout))
@settings(max_examples=60, deadline=None)
@given(text=TEXTS, labels=st.none() | TEXTS, name=TEXTS)
def test_any_text_is_read_or_refused(layout: str, text: str, labels: str | None, name: str) -> None:
    with TemporaryDirectory() as folder:
        root = Path(folder)
        file, names = root / "list", root / "labels"
        file.write_bytes(text.encode("utf-8", "surrogatepass"))
        names.write_bytes((labels or "").encode("utf-8", "surrogatepass"))
        if layout == "hmdb51":
            (root / "lists").mkdir()
            file = file.rename(root / "lists" / "a_test_split1.txt").parent
        data = root / "videos"
        _make_video(data, name)
        refused = None
        try:
            annotated = load_annotations(
                None if layout == "folders" else file,
                data,
                layout,
                labels=None if labels is None else names,
                split=SPLITS.get(layout),
            )
        except BenchError as error:
            refused = str(error)
    if refused is not None:
        assert "\n" not in refused
        return
    assert annotated.videos
    assert len({video.name for video in annotated.videos}) == len(annotated.videos)
    assert len(set(annotated.classes)) == len(annotated.classes)
    for video in annotated.videos:
        assert 0 <= video.label < len(annotated.classes)
        assert data in video.path.parents
        assert ".." not in video.path.parts


def _make_video(data: Path, name: str) -> None:
    """A folder and a file of a name, where the file system takes it."""
    (data / "class").mkdir(parents=True)
    name = name.replace("/", "")
    if name in ("", ".", ".."):
        return
    try:
        (data / name).mkdir()
        (data / "class" / name).touch()
    except (OSError, ValueError):
        return
