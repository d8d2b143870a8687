import copy
import sys
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

import pytest
import torch

from models.user_file import UserNetwork, load_factory
from tests.models.conftest import Write
from tests.models.own_files import (
    CLASSES,
    CLIP,
    EMPTY,
    LATER_FILES,
    PLAIN,
    build,
    count,
    counted,
    imports,
    load,
    message,
    source_files,
    value,
)

pytestmark = pytest.mark.usefixtures("imports_are_left_alone")


# The file and the factory


def test_a_factory_is_loaded_by_path_and_name(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write({"net.py": PLAIN})
    monkeypatch.chdir(path.parent)
    network = load_factory("net.py:Net")
    assert network.name == "net.py:Net"
    assert source_files(network) == (path,)
    assert build(network)(torch.zeros(CLIP)).shape == (1, CLASSES)


def test_the_path_is_split_at_the_last_colon(write: Write) -> None:
    assert source_files(load(write({"a:b/net.py": PLAIN})))[0].parent.name == "a:b"


def test_the_file_is_a_module_of_its_own(write: Write) -> None:
    path = write({"net.py": "import sys\nVALUE = (__name__, __file__, sys.modules[__name__])\n"})
    name, file, module = value(path)
    assert name.startswith("_blvbench_user_")
    assert file == str(path)
    assert module.__name__ == name


def test_nothing_is_written_into_the_folder(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    path = write({"net.py": f"import helper\n{EMPTY}", "helper.py": ""})
    load(path)
    assert {file.name for file in path.parent.rglob("*")} == {"net.py", "helper.py"}


@pytest.mark.parametrize("spec", ["net.py", "net:Net", "net.py:", "Net", ":", ""])
def test_a_text_that_names_no_factory_is_refused(spec: str) -> None:
    assert "write path/to/file.py:factory" in message(lambda: load_factory(spec))


def test_a_missing_file_is_named() -> None:
    text = message(lambda: load_factory("missing/net.py:Net"))
    assert "cannot read missing/net.py: No such file or directory" in text


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "net.py").mkdir()
    assert "Is a directory" in message(lambda: load(tmp_path / "net.py"))


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("x = 1\n(\n", "SyntaxError: '(' was never closed (net.py, line 2)"),
        ("\nimport missing\n", "ModuleNotFoundError: No module named 'missing' (net.py, line 2)"),
        ("import models.missing", "No module named 'models.missing' (net.py, line 1)"),
        ("raise ValueError('first\\nsecond')\n", "ValueError: first (net.py, line 1)"),
        ("raise ValueError\n", "ValueError (net.py, line 1)"),
        ("import sys\nsys.exit(3)\n", "SystemExit: 3 (net.py, line 2)"),
        ("import helper\n", "ZeroDivisionError: division by zero (helper.py, line 2)"),
        ("from . import helper\n", "ImportError: attempted relative import with no known parent"),
    ],
)  # fmt: skip
def test_a_file_that_fails_is_one_line(write: Write, source: str, reason: str) -> None:
    path = write({"net.py": source, "helper.py": "\n1 / 0\n"})
    text = message(lambda: load(path))
    assert f"{path} fails: " in text
    assert reason in text


def test_a_file_that_fails_takes_its_modules_along(write: Write) -> None:
    files = {"models/__init__.py": "", "models/inner.py": "", "bench.py": "1 / 0"}
    path = write({"net.py": "import models.inner\nimport bench\n", **files})
    before = imports()
    assert "bench.py, line 1" in message(lambda: load(path))
    assert imports() == before


def test_an_unknown_factory_names_the_nearest(write: Write) -> None:
    path = write({"net.py": PLAIN})
    assert "has no 'Nett' (did you mean 'Net'?)" in message(lambda: load(path, "Nett"))


@pytest.mark.parametrize(("source", "kind"), [("Net = 3", "int"), ("Net = None", "NoneType")])
def test_a_factory_has_to_be_callable(write: Write, source: str, kind: str) -> None:
    path = write({"net.py": source})
    assert f"net.py:Net is of type {kind}" in message(lambda: load(path))


def test_a_file_is_executed_once_for_all_its_factories(write: Write) -> None:
    path = write({"net.py": f"{counted(PLAIN)}Other = Net"})
    for factory in ("Net", "Other", "Net"):
        load(path, factory)
    assert count(path) == 1


def test_a_file_that_changed_is_executed_anew(write: Write) -> None:
    path = write({"net.py": counted(f"import helper\n{EMPTY}"), "helper.py": ""})
    before = load(path).sources().fingerprint()
    (path.parent / "helper.py").write_text("A = 1")
    assert load(path).sources().fingerprint() != before
    assert load(path).sources().fingerprint() != before
    assert count(path) == 2


def test_a_file_that_imported_more_is_not_fresh(write: Write) -> None:
    path = write(LATER_FILES)
    network = load(path)
    build(network)
    assert source_files(load(path)) == source_files(network) != (path,)
    assert source_files(load_factory(f"{path}:Net", fresh=True)) == (path,)


# Calling the factory


def calls(write: Write, parameters: str) -> UserNetwork:
    """A factory of these parameters; its network says in `arguments` what it was called with."""
    source = f"""
        from torch import nn
        def Net({parameters}):
            arguments = dict(locals())
            net = nn.Identity()
            net.arguments = arguments
            return net
    """
    return load(write({"net.py": source}))


@pytest.mark.parametrize(
    ("parameters", "options", "expected"),
    [
        ("", {}, {}),
        ("num_classes", {}, {"num_classes": 5}),
        ("*, frames, clip_shape", {}, {"frames": 2, "clip_shape": CLIP}),
        ("classes=3", {}, {"classes": 3}),
        ("num_classes, width=1", {"width": 2}, {"num_classes": 5, "width": 2}),
        ("num_classes, width", {"width": 2}, {"num_classes": 5, "width": 2}),
        ("shape, classes", {}, {"shape": CLIP, "classes": 5}),
        ("shape, num_classes", {}, {"shape": CLIP, "num_classes": 5}),
        ("shape, classes, /, width=1", {"width": 2}, {"shape": CLIP, "classes": 5, "width": 2}),
        ("**rest", {"a": 1}, {"rest": {"clip_shape": CLIP, "num_classes": 5, "frames": 2, "a": 1}}),
        ("shape, classes, **rest", {"a": 1}, {"shape": CLIP, "classes": 5, "rest": {"a": 1}}),
    ],
)
def test_a_factory_gets_what_it_names(
    write: Write, parameters: str, options: Mapping[str, object], expected: dict[str, object]
) -> None:
    model = calls(write, parameters).build(CLIP, CLASSES, options)
    assert model.arguments == expected


@pytest.mark.parametrize(
    "parameters",
    [
        "shape",
        "a, b, c",
        "num_classes, shape",
        "frames, classes",
        "shape, classes, *, frames",
        "*, a",
    ],
)
def test_a_factory_that_cannot_be_called_is_told_what_it_may_name(
    write: Write, parameters: str
) -> None:
    text = message(lambda: build(calls(write, parameters)))
    names = [name for name in parameters.split(", ") if name != "*"]
    assert f"net.py:Net takes ({', '.join(names)}): its required parameters must be" in text


@pytest.mark.parametrize(
    ("parameters", "option"),
    [("num_classes, width", "width"), ("width", "width"), ("a, b, width, *, c=1", "width")],
)
def test_a_required_option_is_named(write: Write, parameters: str, option: str) -> None:
    text = message(lambda: build(calls(write, parameters)))
    assert text.endswith(f"all others need a default or --option; give --option {option}=")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"widht": 3}, "has no option 'widht' (did you mean 'width'?): its options are width"),
        ({"num_classes": 3}, "has no option 'num_classes': its options are width"),
    ],
)
def test_an_unknown_option_names_the_nearest(
    write: Write, options: Mapping[str, object], expected: str
) -> None:
    network = load(write({"net.py": PLAIN}))
    assert expected in message(lambda: network.build(CLIP, CLASSES, options))


def test_a_factory_without_a_signature_is_refused(write: Write) -> None:
    network = load(write({"net.py": "Net = dict"}))
    assert "cannot be read: wrap it in a function" in message(lambda: build(network))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("raise KeyError('a\\nb')", "cannot build its network: KeyError: 'a\\nb' (net.py, line 3)"),
        ("raise OSError('a\\nb')", "cannot build its network: OSError: a (net.py, line 3)"),
        ("raise SystemExit", "cannot build its network: SystemExit (net.py, line 3)"),
        ("from models.a import b", "cannot build its network: ZeroDivisionError: division by zero"),
        ("return 3", "returns int: let it return a torch.nn.Module"),
        ("return __import__('torch').nn.Identity", "returns type: let it return"),
    ],
)
def test_a_factory_that_fails_is_one_line(write: Write, body: str, expected: str) -> None:
    path = write({"net.py": f"\ndef Net():\n    {body}\n", "models/a.py": "1 / 0"})
    network = load(path)
    assert f"{path}:Net {expected}" in message(lambda: build(network))


# The network that comes out


def test_the_network_is_one_as_any(write: Write) -> None:
    model = build(load(write({"net.py": PLAIN})), width=2).eval()
    clip = torch.rand(CLIP)
    twin = copy.deepcopy(model)
    assert torch.equal(twin(clip), model(clip))
    with torch.no_grad(), pytest.warns((FutureWarning, DeprecationWarning), match="deprecated"):
        traced = torch.jit.trace(model, clip)
    assert torch.allclose(traced(clip), model(clip))


def test_a_network_that_imports_late_is_copied_and_traced(write: Write) -> None:
    model = copy.deepcopy(build(load(write(LATER_FILES)))).eval()
    clip = torch.rand(CLIP)
    with torch.no_grad(), pytest.warns((FutureWarning, DeprecationWarning), match="deprecated"):
        traced = torch.jit.trace(model, clip)
    assert torch.allclose(traced(clip), model(clip))


def test_check_passes_a_network_and_takes_options(write: Write) -> None:
    network = load(write({"net.py": PLAIN}))
    network.check((2, 3, 4, 16, 16), 7, {"width": 3})
    assert torch.get_default_device() == torch.device("cpu")


def test_check_evaluates(write: Write) -> None:
    source = """
        import torch
        class Net(torch.nn.Module):
            def __init__(self, num_classes): super().__init__()
            def forward(self, clip):
                return clip.new_zeros(1, 5 + self.training + torch.is_grad_enabled())
    """
    load(write({"net.py": source})).check(CLIP, CLASSES, {})


def test_check_copes_with_a_factory_that_reads_values(write: Write) -> None:
    source = "\nimport torch\nrates = lambda n: [x.item() for x in torch.linspace(0, 1, n)]\n"
    body = "\ndef make(num_classes):\n    assert rates(3)[2] == 1\n    return Net(num_classes)\n"
    path = write({"net.py": dedent(PLAIN) + source + body})
    load(path, "make").check(CLIP, CLASSES, {})


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (
            "nn.Linear(4, 4)(clip)",
            "cannot take a clip of (1, 3, 2, 8, 8): RuntimeError: ",
        ),
        ("[clip]", "returns list of 1: let forward return its logits, clips x classes, here N x 5"),
        ("clip", "(1, 3, 2, 8, 8): let forward return a tensor of (1, 5), clips x classes"),
        ("clip.new_zeros(1, 4)", "returns (1, 4) for a clip of (1, 3, 2, 8, 8): let forward"),
        ("(1, 5)", "returns tuple of 2: let forward return its logits"),
        ("exit()", "cannot take a clip of (1, 3, 2, 8, 8): SystemExit: None (net.py, line 5)"),
    ],
)
def test_check_says_what_is_wrong_with_the_answer(write: Write, answer: str, expected: str) -> None:
    source = f"""
        from torch import nn
        class Net(nn.Module):
            def forward(self, clip):
                return {answer}
            def __init__(self, num_classes): super().__init__()
    """
    network = load(write({"net.py": source}))
    assert expected in message(lambda: network.check(CLIP, CLASSES, {}))


def test_check_says_what_to_do_with_constants(write: Write) -> None:
    source = """
        import torch
        MEAN = torch.zeros(3, 1, 1, 1)
        class Net(torch.nn.Module):
            def __init__(self): super().__init__()
            def forward(self, clip): return (clip - MEAN).new_zeros(1, 5)
    """
    found = load(write({"net.py": source})).check(CLIP, CLASSES, {})
    advice = "(net.py, line 6): keep its constant tensors as buffers, with register_buffer"
    assert found.needs_values
    assert advice in found.notes[0]


def test_check_says_what_the_factory_says(write: Write) -> None:
    network = load(write({"net.py": "def Net(): raise ValueError('bad')"}))
    text = message(lambda: network.check(CLIP, CLASSES, {}))
    assert "cannot build its network: ValueError: bad (net.py, line 1)" in text


# Fingerprints


def test_source_files_are_those_imported_so_far(write: Write) -> None:
    path = write({**LATER_FILES, "models/unused.py": "", "models/__init__.py": ""})
    network = load(path)
    assert source_files(network) == (path,)
    model = build(network)
    names = ["models/__init__.py", "models/parts.py"]
    assert source_files(network) == (path, *(path.parent / name for name in names))
    model(torch.zeros(CLIP))
    names = ["bench/__init__.py", "bench/scale.py", *names, "models/pool.py", "models/scale.py"]
    assert source_files(network) == (path, *(path.parent / name for name in names))


def test_a_fingerprint_holds_names_and_contents(write: Write) -> None:
    def fingerprint(folder: str, statement: str, module: str, text: str) -> str:
        files = {"net.py": f"{statement}\n{EMPTY}", module: text}
        return (
            load(write({f"{folder}/{name}": s for name, s in files.items()}))
            .sources()
            .fingerprint()
        )

    first = fingerprint("a", "import models", "models.py", "A = 1")
    assert len(first) == 12
    assert int(first, 16) >= 0
    assert fingerprint("b", "import models", "models.py", "A = 1") == first
    others = [
        fingerprint("c", "import models", "models.py", "A = 2"),
        fingerprint("d", "import models", "models/__init__.py", "A = 1"),
        fingerprint("e", "import models ", "models.py", "A = 1"),
    ]
    assert len({first, *others}) == 4


def test_a_fingerprint_is_of_what_was_executed(write: Write) -> None:
    path = write({"net.py": EMPTY})
    network = load(path)
    before = network.sources().fingerprint()
    path.write_text("1 / 0")
    assert network.sources().fingerprint() == before
