import dataclasses
import importlib.util
import shutil
import sys
from pathlib import Path
from textwrap import indent

import pytest
import torch

import models
from models.meta import build_on_meta
from models.own_imports import OUR_NAMES
from tests.models.conftest import Write
from tests.models.own_files import (
    CLASSES,
    CLIP,
    EMPTY,
    LATER_FILES,
    build,
    load,
    source_files,
    value,
)

pytestmark = pytest.mark.usefixtures("imports_are_left_alone")
LIBRARY = "blvbench_test_library"  # of another project


# Which module an import finds


@pytest.mark.parametrize("package", OUR_NAMES)
@pytest.mark.parametrize(
    ("file", "statement"),
    [
        ("{}/__init__.py", "from {} import VALUE"),
        ("{}.py", "from {} import VALUE"),
        ("{}/inner.py", "from {}.inner import VALUE"),
        ("{}/inner/deep.py", "from {}.inner.deep import VALUE"),
        ("{}/inner/deep/__init__.py", "import {0}.inner.deep\nVALUE = {0}.inner.deep.VALUE"),
        ("{}/inner.py", "import importlib\nVALUE = importlib.import_module('{}.inner').VALUE"),
    ],
)
def test_the_folder_comes_before_our_packages(
    write: Write, package: str, file: str, statement: str
) -> None:
    path = write({"net.py": statement.format(package), file.format(package): "VALUE = 'theirs'"})
    assert value(path) == "theirs"


def test_the_packages_of_the_folder_import_one_another(write: Write) -> None:
    path = write(
        {
            "net.py": "from models import VALUE",
            "models/__init__.py": "from .blocks.block import VALUE",
            "models/blocks/__init__.py": "",
            "models/blocks/block.py": "from ..registry import name\nfrom bench import clips\n"
            "from models.registry import name as again\nVALUE = (name, again, clips.NAME)",
            "models/registry.py": "name = 'theirs'",
            "bench/clips.py": "NAME = 'clips'",
        }
    )
    assert value(path) == ("theirs", "theirs", "clips")


def test_without_a_package_of_that_name_ours_is_found(write: Write) -> None:
    path = write({"net.py": "import models\nfrom models.registry import list_models as VALUE"})
    assert value(path) is models.list_models


@pytest.mark.parametrize("name", ["json", "__main__"])
def test_a_loaded_module_of_python_stays(write: Write, name: str) -> None:
    path = write({"net.py": f"import {name} as VALUE", f"{name}.py": "1 / 0"})
    assert value(path) is sys.modules[name]


def test_a_plain_directory_does_not_hide_another_project(write: Write) -> None:
    path = write({"net.py": "import jinja2 as VALUE", "jinja2/notes.txt": "", "json/a.txt": ""})
    assert Path(value(path).__file__).name == "__init__.py"


def test_a_plain_directory_of_another_name_is_the_folders(write: Write) -> None:
    path = write(
        {
            "net.py": "from nets_of_theirs.part import VALUE",
            "nets_of_theirs/part.py": "VALUE = 'theirs'",
        }
    )
    assert value(path) == "theirs"
    assert not [name for name in sys.modules if name.startswith("nets_of_theirs")]


def adds(folder: Path, statement: str) -> str:
    """A file that adds a folder to the path before a statement."""
    return f"import sys\nsys.path.insert(0, {str(folder)!r})\n{statement}"


def test_an_installed_module_stays(write: Write, tmp_path: Path) -> None:
    folder = tmp_path / "lib" / "site-packages"
    path = write(
        {
            "file/net.py": adds(folder, f"import {LIBRARY} as VALUE"),
            f"lib/site-packages/{LIBRARY}.py": "",
        }
    )
    try:
        assert value(path) is sys.modules[LIBRARY]
        assert source_files(load(path)) == (path,)
    finally:
        sys.modules.pop(LIBRARY, None)


def test_a_module_of_a_folder_that_the_file_adds_is_the_users(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write({"file/net.py": adds(Path("../lib"), f"from {LIBRARY}.part import VALUE")})
    monkeypatch.chdir(path.parent)
    part = tmp_path / "lib" / LIBRARY / "part.py"
    part.parent.mkdir(parents=True)
    part.write_text("VALUE = 1")
    assert value(path) == 1
    assert [file.resolve() for file in source_files(load(path))] == [path, part]
    before = load(path).sources().fingerprint()
    part.write_text("VALUE = 2")
    assert value(path) == 2
    assert load(path).sources().fingerprint() != before


@pytest.mark.parametrize("package", OUR_NAMES)
@pytest.mark.parametrize("init", [{}, {"{}/__init__.py": ""}], ids=["plain", "package"])
@pytest.mark.parametrize(
    "statement",
    ["from {} import layers\nVALUE = layers.NAME", "from {}.layers import NAME as VALUE"],
)
def test_a_folder_that_the_file_adds_comes_before_our_packages(
    write: Write, tmp_path: Path, package: str, init: dict[str, str], statement: str
) -> None:
    files = {"{}/layers.py": "NAME = 'theirs'", **init}
    path = write(
        {
            "tools/net.py": adds(tmp_path, statement.format(package)),
            **{name.format(package): text for name, text in files.items()},
        }
    )
    ours = sys.modules.get(package)
    assert value(path) == "theirs"
    assert sys.modules.get(package) is ours


def test_a_folder_that_the_factory_adds_comes_before_our_packages(
    write: Write, tmp_path: Path
) -> None:
    statement = "from models.layers import Net as Made\nreturn Made()"
    body = indent(adds(tmp_path, statement), "    ")
    path = write({"tools/net.py": f"def Net():\n{body}", "models/layers.py": EMPTY})
    assert type(build(load(path))).__module__ == "models.layers"


def test_a_folder_on_the_path_comes_before_our_packages(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)  # as with PYTHONPATH=.
    path = write({"tools/net.py": "from models.a import VALUE", "models/a.py": "VALUE = 'theirs'"})
    assert value(path) == "theirs"
    assert source_files(load(path)) == (path, tmp_path / "models" / "a.py")


def test_our_own_folder_is_not_the_users(write: Write) -> None:
    root = Path(models.__file__).parents[1]
    path = write({"net.py": adds(root, "from models.registry import list_models as VALUE")})
    assert value(path) is models.list_models
    assert source_files(load(path)) == (path,)


def test_the_path_that_a_file_sets_holds_for_its_factory(write: Write, tmp_path: Path) -> None:
    path = write(
        {
            "file/net.py": f"""
                import sys
                sys.path.insert(0, {str(tmp_path / "lib")!r})
                def Net():
                    from {LIBRARY} import Net
                    return Net()
            """,
            f"lib/{LIBRARY}.py": EMPTY,
        }
    )
    assert type(build(load(path))).__module__ == LIBRARY
    assert LIBRARY not in sys.modules


def test_dataclasses_work_while_the_file_is_executed(write: Write) -> None:
    source = """
        from __future__ import annotations
        import dataclasses, inspect, typing

        @dataclasses.dataclass
        class Config:
            width: typing.ClassVar[int] = 3
            depth: int = 4

        VALUE = (Config(), typing.get_type_hints(Config), inspect.getsource(Config))
    """
    path = write({"net.py": "from models.config import VALUE", "models/config.py": source})
    config, hints, text = value(path)
    assert dataclasses.asdict(config) == {"depth": 4}
    assert hints["depth"] is int
    assert text.startswith("@dataclasses.dataclass")


# Imports that run later


def test_the_factory_and_forward_import_from_the_folder(write: Write) -> None:
    model = build(load(write(LATER_FILES)))
    first = model(torch.ones(CLIP))
    assert first.shape == (1, CLASSES)
    assert torch.equal(model(torch.ones(CLIP)), first)


def test_a_second_forward_pass_moves_no_modules(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = build(load(write(LATER_FILES)))
    model(torch.ones(CLIP))
    monkeypatch.setitem(sys.modules, LIBRARY, models)
    model(torch.ones(CLIP))
    assert list(sys.modules)[-1] == LIBRARY  # what is taken out and put back comes last


def test_check_imports_from_the_folder(write: Write) -> None:
    load(write(LATER_FILES)).check(CLIP, CLASSES, {})


def test_a_forward_pass_that_fails_to_import_leaves_no_trace(write: Write) -> None:
    path = write({**LATER_FILES, "bench/scale.py": "1 / 0"})
    model = build(load(path))
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            model(torch.ones(CLIP))


def test_the_source_of_code_made_at_run_time_imports_from_the_folder(write: Write) -> None:
    source = "from models.a import A\nfor _ in [0]:\n    exec('from models import a as VALUE')"
    path = write({"net.py": source, "models/a.py": "A = 1"})
    assert value(path).A == 1


def test_a_module_imported_for_a_network_on_the_meta_device_has_real_tensors(
    write: Write,
) -> None:
    source = """
        from torch import nn
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                import models.mean
            def forward(self, clip):
                import models.mean
                return clip - models.mean.MEAN
    """
    path = write({"net.py": source, "models/mean.py": "import torch\nMEAN = torch.ones(1)"})
    build_on_meta(lambda: build(load(path)))
    assert torch.equal(build(load(path))(torch.ones(CLIP)), torch.zeros(CLIP))


@pytest.mark.filterwarnings("ignore")  # of torch's compiler
def test_a_network_that_imports_late_is_compiled(write: Write) -> None:
    model = build(load(write(LATER_FILES))).eval()
    clip = torch.rand(CLIP)
    with torch.no_grad():
        expected = model(clip)
        assert torch.allclose(torch.compile(model, backend="eager")(clip), expected)


def test_two_files_do_not_see_each_others_modules(write: Write) -> None:
    source = """
        import models.name
        from torch import nn
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.first = models.name.NAME
            def forward(self, clip):
                import models.name
                from models.later import LATER
                from parts.later import PART
                self.seen = self.first, models.name.NAME, LATER, PART
                return clip
    """
    networks = []
    for name in ("a", "b"):
        path = write(
            {
                f"{name}/net.py": source,
                f"{name}/models/name.py": f"NAME = {name!r}",
                f"{name}/models/later.py": f"LATER = {name!r}",
                f"{name}/parts/later.py": f"PART = {name!r}",
            }
        )
        networks.append(build(load(path)))
    for _ in range(2):
        for network, name in zip(networks, "ab", strict=True):
            network(torch.zeros(1, 5))
            assert network.seen == (name,) * 4


def test_a_changed_file_is_loaded_anew(write: Write) -> None:
    for number in (1, 2):
        path = write({"net.py": "from models.a import VALUE", "models/a.py": f"VALUE = {number}"})
        assert value(path) == number


def test_a_compiled_module_of_the_folder_is_imported(write: Write) -> None:
    path = write({"net.py": "from models import _bisect as VALUE", "models/__init__.py": ""})
    spec = importlib.util.find_spec("_bisect")
    assert spec
    if not spec.has_location:
        pytest.skip("this Python has no compiled module to copy")
    copied = path.parent / "models" / Path(str(spec.origin)).name
    shutil.copy(str(spec.origin), copied)
    module = value(path)
    assert module.__file__ == str(copied)
    assert source_files(load(path)) == (path, copied.with_name("__init__.py"), copied)
