import json
from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.video import lists
from bench.video.annotations import AnnotatedVideos, load_annotations
from bench.video.data_set import Video
from tests.bench.video.conftest import Write

DATA = Path("videos")
KINETICS = "label,youtube_id,time_start,time_end,split,is_cc\n"
SPLITS = {"kinetics": "train", "hmdb51": "train1"}


def test_frames_of_the_authors(write: Write) -> None:
    for text in (
        "a/b 1 30 1\nc 5 9 0\n",
        "a/b;1;30;1\r\n\r\nc; 5; 9; 0",
        "\ufeffa/b 1 30 1\nc 5 9 0",
    ):
        assert load_annotations(write(text), DATA, "frames") == AnnotatedVideos(
            (Video("a/b", DATA / "a/b", 1, (1, 30)), Video("c", DATA / "c", 0, (5, 9))),
            ("0", "1"),
        )


def test_frames_in_three_columns_count_from_1(write: Write) -> None:
    annotated = load_annotations(
        write("a b 30 1\nc 9 0"), DATA, "frames", labels=write("Doing this\nDoing that\n")
    )
    assert [(v.name, v.frames) for v in annotated.videos] == [("a b", (1, 30)), ("c", (1, 9))]
    assert annotated.classes == ("Doing this", "Doing that")


@pytest.mark.parametrize("line", ["{} {} {}", "{}\t{}\t{}", "{},{},{}", "{}, {}, {}", "{};{};{}"])
@pytest.mark.parametrize("path", ["a", "a b", "'a b'", '"a b 3"'])
def test_columns_of_frames_have_any_separator(line: str, path: str, write: Write) -> None:
    text = line.format(path, 30, 0) + "\n" + line.format("c", 9, 1)
    annotated = load_annotations(write(text), DATA, "frames")
    names = [path.strip("'\""), "c"]
    assert [(v.name, v.frames) for v in annotated.videos] == [(names[0], (1, 30)), ("c", (1, 9))]


def test_actions_of_one_folder_are_told_apart_by_their_frames(write: Write) -> None:
    annotated = load_annotations(write("a b;1;30;1\na b;31;40;0\nc;1;9;0"), DATA, "frames")
    assert [video.name for video in annotated.videos] == ["a b:1-30", "a b:31-40", "c"]
    assert annotated.videos[1].path == DATA / "a b"


def test_something(write: Write) -> None:
    listed = [
        {
            "id": "78687",
            "label": "holding x",
            "template": "Holding [something]",
            "placeholders": [],
        },
        {"id": "7", "template": "Moving [part] of [something]"},
    ]
    labels = {"Moving part of something": "1", "Holding something": "0"}
    file, names = write(json.dumps(listed)), write(json.dumps(labels))
    assert load_annotations(file, DATA, "something-v2", labels=names) == AnnotatedVideos(
        (Video("78687", DATA / "78687.webm", 0), Video("7", DATA / "7.webm", 1)),
        ("Holding something", "Moving part of something"),
    )


def make(folder: Path, *names: str) -> Path:
    """A folder with empty files of these names."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def test_something_is_found_whatever_its_suffix(tmp_path: Path, write: Write) -> None:
    data = make(tmp_path / "data", "7.mp4", "8.webm", "8.mp4", "9.MKV")
    template = "Moving [part] of [something]"
    listed = [{"id": name, "template": template} for name in (7, "8", "9", "10")]
    for names in ({"Moving part of something": "0"}, {template: "0"}):
        annotated = load_annotations(
            write(json.dumps(listed)), data, "something-v2", labels=write(json.dumps(names))
        )
        assert [video.path.name for video in annotated.videos] == [
            *("7.mp4", "8.webm", "9.MKV", "10.webm")
        ]
        assert annotated.videos[3].sought == ("10.webm",)
        assert annotated.classes == tuple(names)


def test_kinetics_takes_the_file_that_is_there(tmp_path: Path, write: Write) -> None:
    files = {
        "in_folder": "b c/in_folder_000001_000011.mp4",
        "flat": "flat_000001_000011.mp4",
        "-bare": "-bare.mp4",
        "other": "other_000001_000011.mkv",
        "scored": "passing_American_football_(in_game)/scored_000001_000011.webm",
        "named": "b_c/named.mp4",
        "absent": "absent_000001_000011.mp4",
    }
    data = make(tmp_path / "data", *(name for name in files.values() if "absent" not in name))
    classes = dict.fromkeys(files, "a") | dict.fromkeys(("in_folder", "named"), "b c")
    classes["scored"] = "passing American football (in game)"
    rows = [f"{classes[name]},{name},1,11,train,0\n" for name in files]
    annotated = load_annotations(write(KINETICS + "".join(rows)), data, "kinetics")
    found = [video.path.relative_to(data).as_posix() for video in annotated.videos]
    assert found == list(files.values())
    assert annotated.videos[0].name == "in_folder_000001_000011"
    name = "absent_000001_000011.mp4"
    assert annotated.videos[-1].sought == (name, f"a/{name}", "absent.mp4", "a/absent.mp4")


@pytest.mark.parametrize("layout", ["list", "moments"])
def test_lists_of_a_path_and_a_label(layout: str, tmp_path: Path, write: Write) -> None:
    data = make(tmp_path / "data", "a b/clip 1.mp4", "a b/clip 2.mkv", "c/clip, 3.mp4", "clip 4")
    wanted = ["a b/clip 1.mp4", "a b/clip 2.mkv", "c/clip, 3.mp4", "clip 4"]
    for line, paths in (
        ("{} {}", wanted),
        ("{}\t{}", wanted),
        ("'{}' {}", wanted),
        ('"{}",{}', wanted),
        ("{} {}", ["a b/clip 1", "a b/clip 2", "c/clip, 3", "clip 4"]),
        ("{};{}", ["a_b/clip 1.mp4", "A b/clip 2.mp4", "c/clip, 3.webm", "clip 4.mp4"]),
        (f"{data}/{{}} {{}}", wanted),
        ("{} {}", [path.replace("/", "\\") for path in wanted]),
    ):
        for end, encoding in (("\n", "utf-8"), ("\r\n", "utf-8-sig"), ("\r\n", "utf-16")):
            text = end.join(line.format(path, n % 2) for n, path in enumerate(paths))
            annotated = load_annotations(write(text.encode(encoding)), data, layout)
            found = [video.path.relative_to(data).as_posix() for video in annotated.videos]
            assert found == wanted
            assert [video.label for video in annotated.videos] == [0, 1, 0, 1]
            assert annotated.classes == ("0", "1")


def test_paths_that_are_ids_are_found(tmp_path: Path, write: Write) -> None:
    data = make(tmp_path / "data", "78687.webm", "-3B32lodo2M.mp4")
    for separator in " ,":
        file = write(f"78687{separator}1\n-3B32lodo2M{separator}0\n")
        annotated = load_annotations(file, data, "list")
        assert [v.path.name for v in annotated.videos] == ["78687.webm", "-3B32lodo2M.mp4"]


def test_absolute_paths_are_named_as_relative_ones(tmp_path: Path, write: Write) -> None:
    data = make(tmp_path / "data", "a.mp4")
    for layout, line in (("list", "0"), ("frames", "9 0"), ("moments", "0")):
        annotated = load_annotations(write(f"{data}/a.mp4 {line}"), data, layout)
        assert annotated.videos[0].name == "a.mp4"


def test_two_files_that_a_path_may_mean_are_refused(tmp_path: Path, write: Write) -> None:
    data = make(tmp_path / "data", "a.mp4", "a.webm", "b c/x.mp4", "b_c/x.mp4")
    for path, names in (("a", "'a.mp4' or 'a.webm'"), ("b-c/x", "'b c/x.mp4' or 'b_c/x.mp4'")):
        file = write(f"{path} 0")
        with pytest.raises(BenchError) as error:
            load_annotations(file, data, "list")
        assert str(error.value) == f"{file}: line 1: video {path!r} may be {names}: keep one"
    assert load_annotations(write("a.mp4 0"), data, "list").videos[0].path == data / "a.mp4"


def test_files_that_are_no_videos_are_left_alone(tmp_path: Path) -> None:
    data = make(tmp_path, "a/1.mp4", "a/2.MOV", "a/Thumbs.db", "a/.DS_Store", "a/notes.txt")
    make(tmp_path, "a/README", "a/cover.jpg", "a/sound.wav", "a/desktop.ini")
    (tmp_path / "a" / "unknown.clip").write_bytes(b"\0\0\0\x18ftypisom")
    (tmp_path / "a" / "song.m4a").write_bytes(b"\0\0\0\x18ftypM4A ")
    names = [video.name for video in load_annotations(None, data, "folders").videos]
    assert names == ["a/1.mp4", "a/2.MOV", "a/unknown.clip"]


def test_kinetics_splits_and_labels(write: Write) -> None:
    file = write(KINETICS + "a,x,1,11,train,0\nb,y,1,11,val,0\n")
    labels = write("b\na\n")
    annotated = load_annotations(file, DATA, "kinetics", labels=labels, split="val")
    assert annotated == AnnotatedVideos(
        (Video("y_000001_000011", DATA / "y_000001_000011.mp4", 0),), ("b", "a")
    )
    file = write("label,youtube_id,time_start,time_end\na,x,1,11\n")
    assert len(load_annotations(file, DATA, "kinetics", split="val").videos) == 1


def test_moments(write: Write) -> None:
    file = write("b/yt-x_3.mp4,b,3,0\na/y.mp4,a,4,0\n")
    annotated = load_annotations(file, DATA, "moments")
    assert annotated.classes == ("a", "b")
    assert annotated.videos[0] == Video("b/yt-x_3.mp4", DATA / "b/yt-x_3.mp4", 1)
    annotated = load_annotations(file, DATA, "moments", labels=write("b,0\nc,2\na,1\n"))
    assert annotated.classes == ("b", "a", "c")
    assert [video.label for video in annotated.videos] == [0, 1]


def test_ucf101(write: Write) -> None:
    labels = write("1 Zip\n2 Archery\n")
    train, test = write("Zip/v_z.avi 1\nArchery/v_a.avi 2\n"), write("Archery/v_b.avi\n")
    expected = (
        Video("Zip/v_z.avi", DATA / "Zip/v_z.avi", 0),
        Video("Archery/v_a.avi", DATA / "Archery/v_a.avi", 1),
    )
    for names in (labels, None):
        annotated = load_annotations(train, DATA, "ucf101", labels=names)
        assert annotated == AnnotatedVideos(expected, ("Zip", "Archery"))
    (video,) = load_annotations(test, DATA, "ucf101", labels=labels).videos
    assert video == Video("Archery/v_b.avi", DATA / "Archery/v_b.avi", 1)


def test_hmdb51(tmp_path: Path) -> None:
    (tmp_path / "run_test_split1.txt").write_text("r 1.avi 1 \nr2.avi 2 \nr3.avi 0 \n")
    (tmp_path / "eat_test_split1.txt").write_text("e1.avi 2\n")
    (tmp_path / "run_test_split2.txt").write_text("r9.avi 1\n")
    annotated = load_annotations(tmp_path, DATA, "hmdb51", split="train1")
    assert annotated == AnnotatedVideos(
        (Video("run/r 1.avi", DATA / "run/r 1.avi", 1),), ("eat", "run")
    )
    annotated = load_annotations(tmp_path, DATA, "hmdb51", split="test1")
    assert [video.name for video in annotated.videos] == ["eat/e1.avi", "run/r2.avi"]


def test_folders(tmp_path: Path) -> None:
    for name in ("b/2.mp4", "b/1.mp4", "a/1.avi", "b/.hidden", ".git/config", "b/sub/x.mp4"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "README").touch()
    annotated = load_annotations(None, tmp_path, "folders")
    assert annotated.classes == ("a", "b")
    assert [(v.name, v.label) for v in annotated.videos] == [
        ("a/1.avi", 0),
        ("b/1.mp4", 1),
        ("b/2.mp4", 1),
    ]
    assert annotated.videos[0].path == tmp_path / "a/1.avi"


@pytest.mark.parametrize(
    ("layout", "text", "message"),
    [
        ("frames", "", "{file}: lists no videos: check the file and the layout 'frames'"),
        ("frames", "a 1 9 0\nb 9", "{file}: line 2: needs the columns"),
        ("frames", "a 9 0\nb 1 9 0", "{file}: line 2: needs the columns"),
        ("frames", "a 9 0\n\nb 9 x", "{file}: line 3: class number 'x' is not a whole number"),
        ("frames", "a 9 0\nb 9 ٣", "{file}: line 2: class number '٣' is not a whole number"),
        ("frames", "a;9;-1", "{file}: line 1: class number '-1' is not a whole number"),
        ("frames", "a 9 100000", "{file}: line 1: class number 100000 is out of range: use 0 to"),
        ("frames", "a;x;9;0", "{file}: line 1: first frame 'x' is not a whole number"),
        ("frames", "a x 0", "{file}: line 1: number of frames 'x' is not a whole number"),
        ("frames", "a 9 5 0", "{file}: line 1: frames 9 to 5 are an empty range: correct it"),
        ("frames", "a 0 0", "{file}: line 1: frames 1 to 0 are an empty range: correct it"),
        ("frames", "a 1 9 0\na 1 9 1", "{file}: line 2: video 'a:1-9' is a duplicate: keep one"),
        ("frames", "a 9 0\n../b 9 0", "{file}: line 2: path '../b' is outside the folder"),
        ("frames", "/b 9 0", "{file}: line 1: path '/b' is outside the folder"),
        ("frames", ". 9 0", "{file}: line 1: path '.' is outside the folder"),
        ("frames", ";9;0", "{file}: line 1: the path is empty: write it"),
        ("frames", "a\x01b 9 0", "{file}: line 1: the path 'a\\x01b' has a control character"),
        ("frames", "a\0 9 0", "{file}: has a NUL byte: this is not a text file"),
        ("something-v2", "[\n{", "{file}: line 2: is not JSON (Expecting property name"),
        ("something-v2", "[" * 200_000, "{file}: is nested too deeply"),
        ("something-v2", "[" + "1" * 5000 + "]", "{file}: has a number with too many digits"),
        ("something-v2", "{}", "{file}: is not a list of videos: use train.json"),
        ("something-v2", '[{"id": "1"}]', "{file}: video 1: lacks 'id' or 'template' as text"),
        ("something-v2", '[{"id": 1.5, "template": "a"}]', "{file}: video 1: lacks 'id'"),
        ("something-v2", '[{"id": "\\u0000", "template": "a"}]', "{file}: video 1: the id '\\x00'"),
        ("something-v2", '[{"id": "\\ud800", "template": "a"}]', "{file}: video 1: the id"),
        ("something-v2", "[]", "{file}: needs the file of class names, such as labels.json"),
        ("kinetics", "", "{file}: line 1: lacks the column 'label': add it to the header"),
        ("kinetics", "label,youtube_id\n", "{file}: line 1: lacks the column 'time_start'"),
        ("kinetics", KINETICS, "{file}: lists no video"),
        ("kinetics", KINETICS + "a,x,1\n", "{file}: line 2: has 3 columns, not 6: correct it"),
        ("kinetics", KINETICS + ",x,1,2,train,0", "{file}: line 2: the class is empty"),
        ("kinetics", KINETICS + "a,,1,2,train,0", "{file}: line 2: the youtube_id is empty"),
        ("kinetics", KINETICS + "a,x,1.5,2,train,0", "{file}: line 2: time_start '1.5' is no"),
        ("kinetics", KINETICS + "a,x,3,2,train,0", "{file}: line 2: starts at 3 s and ends at 2 s"),
        ("kinetics", KINETICS + "a,../x,1,2,train,0", "{file}: line 2: path '../x_000001_000002"),
        ("kinetics", KINETICS + "a,x,1,2,val,0", "{file}: has no split 'train': use one of 'val'"),
        ("kinetics", KINETICS + "a" * 200_000, "{file}: line 2: is not CSV (field larger"),
        ("moments", "a/b.mp4\n", "{file}: line 1: needs the columns 'path label'"),
        ("moments", "a/b.mp4,a\nc", "{file}: line 2: needs the columns 'path label'"),
        ("moments", "a/b.mp4,a\na/b.mp4,b", "{file}: line 2: video 'a/b.mp4' is a duplicate"),
        ("moments", ",a\n", "{file}: line 1: the path is empty"),
        ("ucf101", "A/x.avi", "{file}: needs the file of class names, such as classInd.txt"),
        ("ucf101", "A/x.avi 0", "{file}: line 1: class number 0 is out of range: use 1 to 100000"),
        ("ucf101", "x.avi 1", "{file}: line 1: the class folder is empty"),
        ("ucf101", "A/x.avi 2", "{file}: no class has number 0, counted from 0"),
        (
            "ucf101",
            "A/x.avi 1\nB/x.avi 1",
            "{file}: line 2: class 'B' or its number is a",
        ),
        ("hmdb51", "", "{file}: cannot be listed (Not a directory): give an existing folder"),
    ],
)
def test_what_is_wrong_is_one_line(write: Write, layout: str, text: str, message: str) -> None:
    file = write(text)
    assert _error(file, layout).startswith(message.replace("{file}", str(file)))


@pytest.mark.parametrize(
    ("layout", "text", "labels", "message"),
    [
        (
            "frames",
            "a 9 2",
            "x\ny",
            "{file}: line 1: class 2 is not among the 2 classes: check the list and",
        ),
        ("frames", "a 9 0", "x\nx", "{labels}: line 2: class 'x' or its number is a duplicate"),
        ("frames", "a 9 0", " \n", "{labels}: has no classes: list them"),
        ("frames", "a 9 0", "a\x02b", "{labels}: line 1: the class 'a\\x02b' has a control"),
        ("something-v2", "[]", "[]", "{labels}: does not map classes to numbers"),
        ("something-v2", "[]", '{"a": [1]}', "{labels}: class 'a': class number '' is not a whole"),
        ("something-v2", "[]", '{"a": "1"}', "{labels}: no class has number 0, counted from 0"),
        (
            "something-v2",
            '[{"id": "1", "template": "[b]"}]',
            '{"a": 0}',
            "{file}: video 1: class 'b' is not among the 1",
        ),
        (
            "kinetics",
            KINETICS + "a,x,1,2,train,0",
            "b",
            "{file}: line 2: class 'a' is not among the 1",
        ),
        ("moments", "a/b.mp4,a", "b", "{file}: line 1: class 'a' is not among the 1 class: "),
        ("moments", "a/b.mp4,a", ",0", "{labels}: line 1: the class is empty: write it"),
        ("ucf101", "B/x.avi", "1 A", "{file}: line 1: class 'B' is not among the 1 class: "),
        ("ucf101", "A/x.avi 1", "0 A", "{labels}: line 1: class number 0 is out of range"),
    ],
)
def test_what_is_wrong_with_the_classes_is_one_line(
    write: Write, layout: str, text: str, labels: str, message: str
) -> None:
    file, names = write(text), write(labels)
    expected = message.replace("{file}", str(file)).replace("{labels}", str(names))
    assert _error(file, layout, names).startswith(expected)


def test_a_file_that_cannot_be_read(
    tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    absent = tmp_path / "absent"
    assert _error(absent, "frames") == (
        f"{absent}: cannot be read (No such file or directory): check the path"
    )
    file = write(b"\xc3\x28")
    assert _error(file, "frames") == f"{file}: is not UTF-8 text: save it as UTF-8"
    monkeypatch.setattr(lists, "MAX_BYTES", 4)
    file = write("a 9 0")
    assert (
        _error(file, "frames") == f"{file}: is larger than 4 bytes: this is not an annotation file"
    )


def test_lists_of_hmdb51_that_cannot_be_used(tmp_path: Path) -> None:
    file = tmp_path / "run_test_split1.txt"
    file.write_text("r1.avi 3\n")
    assert _error(tmp_path, "hmdb51") == (
        f"{file}: line 1: does not end with 0, 1 or 2: write it as 'video.avi 1'"
    )
    file.write_text("../r1.avi 1\n")
    assert _error(tmp_path, "hmdb51").startswith(f"{file}: line 1: path 'run/../r1.avi' is outside")
    file.write_text("r1.avi 2\n")
    assert _error(tmp_path, "hmdb51").startswith(f"{tmp_path}: lists no video")
    for split in (None, "train", "val1"):
        with pytest.raises(BenchError, match=r"has no split .*: use train1, test1"):
            load_annotations(tmp_path, DATA, "hmdb51", split=split)


def test_folders_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="lists no video"):
        load_annotations(None, tmp_path, "folders")
    with pytest.raises(BenchError, match="absent: cannot be listed"):
        load_annotations(None, tmp_path / "absent", "folders")
    (tmp_path / "a\nb").mkdir()
    with pytest.raises(BenchError, match=r"folder 'a\\nb': the class .* control character"):
        load_annotations(None, tmp_path, "folders")


def _error(file: Path, layout: str, labels: Path | None = None) -> str:
    with pytest.raises(BenchError) as caught:
        load_annotations(file, DATA, layout, labels=labels, split=SPLITS.get(layout))
    message = str(caught.value)
    assert "\n" not in message
    return message
