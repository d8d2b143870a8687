"""Imports of a user's file, whose folder may have packages with the names of ours.

While the file or its factory runs, imports work as in `python file.py`: its folder comes first on
`sys.path`, and our packages do not hide the user's. Afterwards the user's modules leave
`sys.modules`, so that neither we nor another file find them. An import that runs later, in
`forward`, finds them again. Libraries are shared.
"""

import builtins
import hashlib
import sys
import sysconfig
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import util
from importlib.abc import Loader
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

from models.meta import real_tensors
from models.sources import DIGITS, Sources

OUR_ROOT = Path(__file__).resolve().parents[1]
OUR_NAMES = ("blvbench", "bench", "models", "reports", "suites")
STDLIB = Path(sysconfig.get_path("stdlib")).resolve()
INSTALLED = {"site-packages", "dist-packages"}  # folders of libraries, in any Python


class OwnImports:
    """The modules of a user's file, and the finder that finds them while it is active."""

    def __init__(self, file: Path) -> None:
        digest = hashlib.sha256(str(file).encode()).hexdigest()
        self.name = f"_blvbench_user_{digest[:DIGITS]}"  # the file's, as a module
        self._files = {file: file.read_bytes()}  # every file executed, the user's first
        self._path = [str(file.parent), *sys.path]
        self._roots = {self.name}  # top-level names of the user's modules
        self._modules: dict[str, ModuleType] = {}  # the user's, while inactive
        self._hidden: dict[str, ModuleType] = {}  # others of the same names, while active
        self._late: dict[tuple[object, ...], ModuleType] = {}  # what imports in `forward` found
        PathFinder.invalidate_caches()  # files may be new

    def sources(self) -> Sources:
        """The files executed so far."""
        return Sources(dict(self._files))

    @contextmanager
    def active(self) -> Iterator[None]:
        """Within: imports find the user's modules. After: they find what they found before."""
        self._hidden = _take_out({*OUR_NAMES, *self._roots})
        sys.modules.update(self._modules)
        sys.path, self._path = self._path, sys.path
        sys.meta_path.insert(0, self)
        try:
            yield
        finally:
            sys.meta_path.remove(self)
            sys.path, self._path = self._path, sys.path
            self._modules = _take_out(self._roots)
            sys.modules.update(self._hidden)

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module of the user, or a hidden one if the user has none of this name."""
        root = _root(name)
        if name == self.name:
            spec = util.spec_from_file_location(name, next(iter(self._files)))
        elif name == root:
            spec = _find_users(name)
        else:
            spec = PathFinder.find_spec(name, path) if root in self._roots else None
        if spec is None:
            hidden = {n: module for n, module in self._hidden.items() if _root(n) == name}
            return ModuleSpec(name, _HiddenLoader(hidden)) if hidden else None
        self._roots.add(root)
        if spec.has_location and spec.origin:
            self._files[Path(spec.origin)] = Path(spec.origin).read_bytes()
            if isinstance(spec.loader, SourceFileLoader):
                spec.loader = _UserLoader(name, spec.origin, self._import)
        return spec

    def _import(
        self,
        name: str,
        globals: Mapping[str, object] | None = None,  # noqa: A002 - as `__import__` names it
        locals: Mapping[str, object] | None = None,  # noqa: A002 - as `__import__` names it
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        """`__import__` of the user's modules.

        An import that runs later, in `forward`, is slow, so its result is cached.
        """
        if self in sys.meta_path:  # while active
            return builtins.__import__(name, globals, locals, fromlist, level)
        key = ((globals or {}).get("__package__"), name, tuple(fromlist or ()), level)
        if key not in self._late:
            with self.active():
                self._late[key] = builtins.__import__(name, globals, locals, fromlist, level)
        return self._late[key]


class _UserLoader(SourceFileLoader):
    """Executes a module of the user, with `run_import` for its import statements."""

    def __init__(self, name: str, path: str, run_import: Callable[..., ModuleType]) -> None:
        super().__init__(name, path)
        self._builtins = {**vars(builtins), "__import__": run_import}

    def get_code(self, fullname: str) -> CodeType:
        """Compile anew: cached bytecode outlives a quick edit, and would stay in the folder."""
        return self.source_to_code(self.get_data(self.path), self.path)

    def exec_module(self, module: ModuleType) -> None:
        """Execute with real tensors: the module outlives a network on the meta device."""
        vars(module)["__builtins__"] = self._builtins
        with real_tensors():
            super().exec_module(module)


class _HiddenLoader(Loader):
    """Puts modules that are loaded already back into `sys.modules`."""

    def __init__(self, modules: Mapping[str, ModuleType]) -> None:
        self._modules = modules

    def exec_module(self, module: ModuleType) -> None:
        sys.modules.update(self._modules)


def _root(name: str) -> str:
    return name.partition(".")[0]


def _take_out(roots: Collection[str]) -> dict[str, ModuleType]:
    """Take modules out of `sys.modules`, with what is inside of them."""
    return {name: sys.modules.pop(name) for name in list(sys.modules) if _root(name) in roots}


def _find_users(name: str) -> ModuleSpec | None:
    """Find a top-level module on `sys.path` that is neither Python's nor a library's nor ours."""
    path = None
    if name in OUR_NAMES:  # a folder of theirs without `__init__.py` comes before ours, too
        path = [entry for entry in sys.path if Path(entry).resolve() != OUR_ROOT]
    spec = PathFinder.find_spec(name, path)
    if spec is None:
        return None
    folders = [*(spec.submodule_search_locations or ())]
    place = Path(folders[0] if folders else spec.origin or "").resolve()
    return None if place.is_relative_to(STDLIB) or INSTALLED & {*place.parts} else spec
