"""Labels that are numbers, and files of classes."""

import json
from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.video.annotations import AnnotatedVideos, load_annotations
from bench.video.classes import Classes, read_classes
from tests.bench.video.conftest import Write

DATA = Path("videos")
HEADER = "label,youtube_id,time_start,time_end,split\n"
LISTS = {
    "moments": "v{0}.mp4,{0}\n",
    "list": "v{0}.mp4 {0}\n",
    "frames": "v{0} 9 {0}\n",
    "kinetics": "{0},v{0},1,2,val\n",
}


def listed(write: Write, layout: str, *numbers: object) -> Path:
    rows = "".join(LISTS[layout].format(number) for number in numbers)
    return write(HEADER + rows if layout == "kinetics" else rows)


def labels(annotated: AnnotatedVideos) -> dict[str, int]:
    return {video.name.split(".")[0].split("_")[0]: video.label for video in annotated.videos}


@pytest.mark.parametrize("layout", LISTS)
def test_numbers_are_labels_as_they_stand(layout: str, write: Write) -> None:
    annotated = load_annotations(listed(write, layout, *range(12)), DATA, layout)
    assert labels(annotated) == {f"v{number}": number for number in range(12)}
    assert annotated.classes == tuple(map(str, range(12)))


@pytest.mark.parametrize("layout", ["moments", "list", "kinetics"])
def test_numbers_may_be_written_with_a_point(layout: str, write: Write) -> None:
    numbers = [f"{number}.0" for number in range(11)]
    annotated = load_annotations(listed(write, layout, *numbers), DATA, layout)
    assert [video.label for video in annotated.videos] == list(range(11))


def test_folders_named_by_numbers_have_them_as_labels(tmp_path: Path) -> None:
    for number in range(12):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "v.mp4").touch()
    annotated = load_annotations(None, tmp_path, "folders")
    assert {v.name: v.label for v in annotated.videos} == {f"{n}/v.mp4": n for n in range(12)}


ASKED = "give the classes with --labels, one in a line from 0, or as '1 name'"


@pytest.mark.parametrize("layout", LISTS)
def test_numbers_from_1_and_numbers_with_a_gap_are_asked_about(layout: str, write: Write) -> None:
    for numbers, problem in (
        (range(1, 13), "class numbers are 1 to 12 and not 0 to 11"),
        ((0, 1, 3), "has no video of class number 2, but numbers up to 3"),
        ((1, 3), "has no video of class number 0, but numbers up to 3"),
    ):
        file = listed(write, layout, *numbers)
        with pytest.raises(BenchError) as error:
            load_annotations(file, DATA, layout)
        assert str(error.value) == f"{file}: {problem}: {ASKED}"


@pytest.mark.parametrize("layout", LISTS)
def test_a_file_of_classes_answers(layout: str, write: Write) -> None:
    by_place, from_1 = write("a\nb\nc\nd\n"), write("1 a\n2 b\n3 c\n")
    annotated = load_annotations(listed(write, layout, 0, 1, 3), DATA, layout, labels=by_place)
    assert labels(annotated) == {"v0": 0, "v1": 1, "v3": 3}
    annotated = load_annotations(listed(write, layout, 1, 2, 3), DATA, layout, labels=from_1)
    assert labels(annotated) == {"v1": 0, "v2": 1, "v3": 2}
    assert annotated.classes == ("a", "b", "c")
    with pytest.raises(BenchError, match=r"class 4 is not among the 4 classes"):
        load_annotations(listed(write, layout, 4), DATA, layout, labels=by_place)
    with pytest.raises(BenchError, match=r"class number 0 is out of range: use 1 to"):
        load_annotations(listed(write, layout, 0), DATA, layout, labels=from_1)


@pytest.mark.parametrize("layout", ["moments", "list", "kinetics"])
def test_classes_that_are_named_by_numbers_are_found_by_name(layout: str, write: Write) -> None:
    file = listed(write, layout, 1, 2, 10)
    annotated = load_annotations(file, DATA, layout, labels=write("1\n10\n2\n"))
    assert labels(annotated) == {"v1": 0, "v10": 1, "v2": 2}


@pytest.mark.parametrize("layout", ["moments", "list", "kinetics"])
def test_numbers_that_are_no_labels_are_refused(layout: str, write: Write) -> None:
    for number in ("-1", "1.5", "+1"):
        with pytest.raises(BenchError, match="is not a whole number"):
            load_annotations(listed(write, layout, 0, number), DATA, layout)


@pytest.mark.parametrize("layout", ["moments", "list"])
def test_a_header_is_not_a_class(layout: str, write: Write) -> None:
    file = listed(write, layout, "label", 0, 1)
    with pytest.raises(BenchError) as error:
        load_annotations(file, DATA, layout)
    assert str(error.value) == (
        f"{file}: line 1: class 'label' is not a number, but all others are: "
        "remove this line if it is a header"
    )


def test_names_and_numbers_together_are_names(write: Write) -> None:
    file = listed(write, "moments", "b", "a", 7, 10)
    assert load_annotations(file, DATA, "moments").classes == ("10", "7", "a", "b")


@pytest.mark.parametrize(
    ("text", "classes"),
    [
        ("b\na\n", Classes(("b", "a"))),
        ("0 b\n1 a a\n", Classes(("b", "a a"))),
        ("2 a\n1 b\n", Classes(("b", "a"), 1)),
        ("a, 1\nb, 0\n", Classes(("b", "a"))),
        ("id,name\n0,b\n1,a\n", Classes(("b", "a"))),
        (json.dumps({"a": "1", "b": 0}), Classes(("b", "a"))),
        ("3 point shot\njump\n", Classes(("3 point shot", "jump"))),
        ("\ufeff1\tb\r\n2\ta\r\n", Classes(("b", "a"), 1)),
    ],
)
def test_forms_of_a_file_of_classes(text: str, classes: Classes, write: Write) -> None:
    assert read_classes(write(text)) == classes


def test_a_file_of_classes_that_leaves_one_out_is_refused(write: Write) -> None:
    for text, problem in (
        ("0 a\n2 b\n", "no class has number 1, counted from 0: list every class"),
        ("1 a\n1 b\n", "line 2: class 'b' or its number is a duplicate: keep one"),
        ("a,0\n,1\n", "line 2: the class is empty: write it"),
        ('{"a": [1]}', "class 'a': class number '' is not a whole number: write it in digits"),
    ):
        file = write(text)
        with pytest.raises(BenchError) as error:
            read_classes(file)
        assert str(error.value) in (f"{file}: {problem}", f"{file}: line {problem}")
