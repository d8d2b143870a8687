from argparse import Namespace

import pytest

from bench.commands import Parser, UsageError
from bench.commands.options import device
from bench.commands.options.device import add_device, find_device, thread_count


def parsed(*line: str) -> Namespace:
    parser = Parser(prog="p")
    add_device(parser)
    return parser.parse_args(line)


@pytest.mark.parametrize(("has_cuda", "found"), [(True, "cuda"), (False, "cpu")])
def test_what_computes_is_the_gpu_where_there_is_one(
    has_cuda: bool, found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device, "has_device", lambda name: name == "cuda" and has_cuda)
    assert find_device(parsed()) == found
    for name in ("cpu", "cuda"):
        assert find_device(parsed("--device", name)) == name
    with pytest.raises(UsageError, match="invalid choice: 'tpu'"):
        parsed("--device", "tpu")


def test_threads_are_the_usable_cores_unless_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "usable_cores", lambda: 7)
    assert thread_count(parsed()) == 7
    assert thread_count(parsed("--threads", "1")) == 1


@pytest.mark.parametrize("count", ["0", "-3"])
def test_no_threads_are_refused(count: str) -> None:
    with pytest.raises(UsageError, match=f"^--threads must be at least 1, not {count}$"):
        thread_count(parsed("--threads", count))
