import pytest

from bench.commands import main, models
from bench.errors import BenchError, UnsupportedError


@pytest.mark.parametrize("kind", [BenchError, UnsupportedError])
def test_an_error_ends_a_command_with_one_line_and_code_2(
    kind: type[BenchError], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(_: object) -> int:
        raise kind("s.sqlite: is not a store: choose another file")

    monkeypatch.setattr(models, "run", run)
    assert main(["models"]) == 2
    assert capsys.readouterr().err == "blvbench: s.sqlite: is not a store: choose another file\n"


def test_other_errors_are_not_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(_: object) -> int:
        raise ValueError("a defect")

    monkeypatch.setattr(models, "run", run)
    with pytest.raises(ValueError, match="a defect"):
        main(["models"])
