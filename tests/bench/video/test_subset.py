import hashlib
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bench.errors import BenchError
from bench.video import subset
from bench.video.annotations import AnnotatedVideos, load_annotations
from tests.bench.video.films import write_numbered

CLASSES = ("a", "b", "c")
VIDEOS = 4  # of each class


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for each class, each video of its own length."""
    folder = tmp_path_factory.mktemp("data")
    for place, name in enumerate(CLASSES):
        (folder / name).mkdir()
        for number in range(VIDEOS):
            write_numbered(folder / name / f"{number}.mp4", 3 + VIDEOS * place + number)
    return folder


@pytest.fixture
def listed(data: Path) -> AnnotatedVideos:
    return load_annotations(None, data, "folders")


def names(manifest: subset.Manifest) -> list[str]:
    return [clip.name for clip in manifest.clips]


def drawn(listed: AnnotatedVideos, data: Path, **options: Any) -> subset.Manifest:
    return subset.draw_subset(listed, data, **options).manifest


def test_every_class_has_as_many_clips(listed: AnnotatedVideos, data: Path) -> None:
    manifest = drawn(listed, data, per_class=2)
    assert [clip.label for clip in manifest.clips] == [0, 0, 1, 1, 2, 2]
    assert manifest.classes == CLASSES
    assert subset.count_subset(listed, 2) == len(manifest.clips)


def test_the_seed_alone_decides(listed: AnnotatedVideos, data: Path) -> None:
    draws = [names(drawn(listed, data, per_class=2, seed=seed)) for seed in range(8)]
    assert names(drawn(listed, data, per_class=2, seed=0)) == draws[0]
    assert len({tuple(sorted(draw)) for draw in draws}) > 1
    backwards = AnnotatedVideos(listed.videos[::-1], listed.classes)
    assert names(drawn(backwards, data, per_class=2, seed=0)) == draws[0]


def test_a_larger_subset_holds_a_smaller_one(listed: AnnotatedVideos, data: Path) -> None:
    for seed in range(3):
        one, three = (names(drawn(listed, data, per_class=n, seed=seed)) for n in (1, 3))
        assert set(one) < set(three)


def test_some_classes_keep_their_numbers(listed: AnnotatedVideos, data: Path) -> None:
    manifest = drawn(listed, data, per_class=1, classes=("c", "b"))
    assert [clip.label for clip in manifest.clips] == [1, 2]
    assert manifest.classes == CLASSES
    with pytest.raises(BenchError, match=r"no class 'bb' \(did you mean 'b'\?\)"):
        drawn(listed, data, per_class=1, classes=("bb",))


def test_hashes_are_of_the_files(listed: AnnotatedVideos, data: Path) -> None:
    for clip in drawn(listed, data, per_class=2).clips:
        assert clip.sha256 == hashlib.sha256((data / clip.path).read_bytes()).hexdigest()


def test_a_class_with_too_few_videos_is_named(listed: AnnotatedVideos, data: Path) -> None:
    with pytest.raises(BenchError, match=f"class 'a' has {VIDEOS} usable videos, not 5"):
        drawn(listed, data, per_class=5)
    with pytest.raises(BenchError, match="at least 1 video of a class, not 0"):
        drawn(listed, data, per_class=0)


def test_unusable_videos_are_passed_over_and_named(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for number in range(3):
        (tmp_path / "a" / f"bad{number}.mp4").write_text("text")
    write_numbered(tmp_path / "a" / "good.mp4", 5)
    (tmp_path / "a" / "empty.mp4").touch()
    found = load_annotations(None, tmp_path, "folders")
    every = [subset.draw_subset(found, tmp_path, per_class=1, seed=seed) for seed in range(12)]
    assert {names(one.manifest)[0] for one in every} == {"a/good.mp4"}
    passed = {u.name: u.kind for one in every for u in one.passed_over}
    assert passed["a/empty.mp4"] == "empty"
    assert passed["a/bad0.mp4"] == "not a video"
    with pytest.raises(BenchError, match="has 1 usable videos, not 2") as error:
        drawn(found, tmp_path, per_class=2)
    assert "a/empty.mp4 is empty: has 0 bytes" in str(error.value)
    assert "a/bad0.mp4 is not a video: cannot be read by FFmpeg" in str(error.value)


def test_what_is_written_is_read(listed: AnnotatedVideos, data: Path, tmp_path: Path) -> None:
    manifest = drawn(listed, data, per_class=2, seed=3)
    subset.write_manifest(manifest, tmp_path / "m.json")
    again = subset.read_manifest(tmp_path / "m.json")
    assert again == manifest
    assert again.digest == manifest.digest
    assert drawn(listed, data, per_class=2, seed=4).digest != manifest.digest
    with pytest.raises(BenchError, match=r"absent/m\.json: cannot be written"):
        subset.write_manifest(manifest, tmp_path / "absent" / "m.json")


def test_the_clips_are_the_lists_videos(listed: AnnotatedVideos, data: Path) -> None:
    manifest = drawn(listed, data, per_class=2)
    assert set(subset.subset_videos(manifest, data)) <= set(listed.videos)


def test_other_contents_are_named(listed: AnnotatedVideos, data: Path, tmp_path: Path) -> None:
    manifest = drawn(listed, data, per_class=2)
    for clip in manifest.clips:
        path = tmp_path / clip.path
        path.parent.mkdir(exist_ok=True)
        path.write_bytes((data / clip.path).read_bytes())
    assert len(subset.subset_videos(manifest, tmp_path)) == 6
    first, second = manifest.clips[:2]
    (tmp_path / first.path).write_bytes((data / second.path).read_bytes())
    (tmp_path / second.path).unlink()
    with pytest.raises(BenchError, match="differs from the manifest in 2 of 6 clips") as error:
        subset.subset_videos(manifest, tmp_path)
    assert f"{first.name} has other contents" in str(error.value)
    assert f"{second.name} is missing" in str(error.value)
    assert "\n" not in str(error.value)


def test_folders_of_frames_have_hashes_too(tmp_path: Path) -> None:
    (tmp_path / "v").mkdir()
    for number in range(1, 6):
        picture = Image.fromarray(np.full((16, 16, 3), number * 20, np.uint8))
        picture.save(tmp_path / "v" / f"{number:05}.jpg")
    file = tmp_path / "list.txt"
    file.write_text("v 0 2 0\n")  # some count from 0
    (tmp_path / "v" / "00000.jpg").write_bytes((tmp_path / "v" / "00001.jpg").read_bytes())
    assert drawn(load_annotations(file, tmp_path, "frames"), tmp_path, per_class=1).clips[0].frames
    file.write_text("v 2 4 0\n")
    found = load_annotations(file, tmp_path, "frames")
    manifest = drawn(found, tmp_path, per_class=1)
    assert manifest.clips[0].frames == (2, 4)
    assert subset.subset_videos(manifest, tmp_path) == found.videos
    (tmp_path / "v" / "00005.jpg").unlink()
    assert subset.subset_videos(manifest, tmp_path)
    (tmp_path / "v" / "00003.jpg").write_bytes((tmp_path / "v" / "00001.jpg").read_bytes())
    with pytest.raises(BenchError, match="v has other contents"):
        subset.subset_videos(manifest, tmp_path)


GOOD: dict[str, Any] = {
    "format": 1,
    "seed": 0,
    "per_class": 1,
    "classes": ["a"],
    "clips": [{"name": "v", "path": "v.mp4", "label": 0, "frames": None, "sha256": "0" * 64}],
}


def with_clip(**fields: Any) -> dict[str, Any]:
    return {**GOOD, "clips": [{**GOOD["clips"][0], **fields}]}


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ({**GOOD, "format": 2}, "format"),
        ({**GOOD, "more": 1}, "more"),
        ({**GOOD, "clips": []}, "clips"),
        ({**GOOD, "classes": []}, "classes"),
        ({**GOOD, "clips": GOOD["clips"] * 2}, "two clips have the same name"),
        (with_clip(label=1), "the label of a clip has no class"),
        (with_clip(label=-1), "clips.0.label"),
        (with_clip(path="../../v.mp4"), "is outside the folder"),
        (with_clip(path="/v.mp4"), "is outside the folder"),
        (with_clip(path=""), "the path is empty"),
        (with_clip(name="v\x1b[2J"), "control character"),
        (with_clip(sha256="0"), "sha256"),
        (with_clip(frames=[4, 2]), "first frame comes after the last"),
        (with_clip(frames=[-1, 2]), "frames"),
        ([], "it"),
    ],
)
def test_a_manifest_that_makes_no_sense_is_refused(tmp_path: Path, content: Any, what: str) -> None:
    file = tmp_path / "m.json"
    file.write_text(json.dumps(GOOD))
    assert subset.read_manifest(file).clips[0].path == "v.mp4"
    file.write_text(json.dumps(content))
    with pytest.raises(BenchError, match=r"m\.json: is not a manifest of this version") as error:
        subset.read_manifest(file)
    assert what in str(error.value)
    assert "\n" not in str(error.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=50),
        st.dictionaries(st.sampled_from(list(GOOD)), JSON).map(
            lambda some: json.dumps({**GOOD, **some}).encode()
        ),
        st.dictionaries(st.sampled_from(list(GOOD["clips"][0])), JSON).map(
            lambda some: json.dumps(with_clip(**some)).encode()
        ),
    )
)
def test_only_errors_of_ours_come_out_of_a_manifest(content: bytes) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder, "m.json")
        file.write_bytes(content)
        said = ""
        try:
            subset.read_manifest(file)
        except BenchError as error:
            said = str(error)
        assert "\n" not in said
