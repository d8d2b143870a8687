from pathlib import Path

import pytest

from bench.commands import main
from bench.video.subset import read_manifest
from tests.bench.commands.lines import refusal
from tests.bench.video.films import write_numbered


def test_some_classes_are_drawn_into_a_manifest(
    where: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    classes, out = tmp_path / "classes.txt", tmp_path / "few.json"
    classes.write_text("c\na\n")
    line = ["subset", *where, "--per-class", "2", "--classes", str(classes), "--seed", "3"]
    assert main([*line, "--out", str(out)]) == 0
    manifest = read_manifest(out)
    assert [clip.label for clip in manifest.clips] == [0, 0, 2, 2]
    assert manifest.seed == 3
    summary = f"{out}: 4 clips of 2 classes, digest {manifest.digest}\n"
    assert capsys.readouterr().out == summary


def test_videos_that_cannot_be_used_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data" / "a").mkdir(parents=True)
    write_numbered(tmp_path / "data" / "a" / "good.mp4", 4)
    (tmp_path / "data" / "a" / "bad.mp4").touch()
    for seed in range(12):  # until the empty one is drawn first
        line = ["subset", "--data", str(tmp_path / "data"), "--layout", "folders"]
        line += ["--per-class", "1", "--seed", str(seed), "--out", str(tmp_path / "m.json")]
        assert main(line) == 0
    assert "Passed over: a/bad.mp4 is empty: " in capsys.readouterr().err


def test_a_negative_seed_is_refused(
    where: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["subset", *where, "--per-class", "1", "--out", str(tmp_path / "m.json")]
    assert refusal(capsys, *line, "--seed", "-1").endswith("--seed must be at least 0, not -1")
