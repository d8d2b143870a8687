"""Imports for a file that is not ours: its own folder first, whatever packages there are called.

A researcher's folder has a `models` as we do. While its file runs, and whenever its modules import
something later, the folder's modules are found; everybody else never sees them. The same holds for
modules in the folders that the file adds to `sys.path`, unless they are installed there.
"""

import builtins
import hashlib
import os
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import machinery, util
from pathlib import Path
from traceback import walk_tb
from types import CodeType, ModuleType

from models.meta import real_tensors

OUR_PACKAGES = ("bench", "models", "reports", "suites", "tests")
DIGITS = 12  # 48 bits: no two versions of a file will share a fingerprint by chance
OUR_ROOT = Path(__file__).resolve().parents[1]
INSTALLED = frozenset({"site-packages", "dist-packages"})  # where libraries are, in any Python


@dataclass(frozen=True)
class Sources:
    """Files that were executed, seen from the folder of the first: their contents at that time."""

    folder: Path
    contents: Mapping[Path, bytes]

    def fingerprint(self) -> str:
        """12 hex digits over names and contents."""
        digest = hashlib.sha256()
        for path in sorted(self.contents):
            content = self.contents[path]
            digest.update(f"{os.path.relpath(path, self.folder)}\0{len(content)}\0".encode())
            digest.update(content)
        return digest.hexdigest()[:DIGITS]

    def are_current(self) -> bool:
        """Whether the files on disk still have these contents."""
        try:
            return all(path.read_bytes() == content for path, content in self.contents.items())
        except OSError:
            return False


class OwnImports:
    """Lets a file import from its own folder, and hides what it imports from everybody else."""

    def __init__(self, file: Path) -> None:
        self.files = {file: file.read_bytes()}  # every file executed, the user's first
        machinery.PathFinder.invalidate_caches()  # files may be new
        self._file = file
        self._main = f"_blvbench_user_{hashlib.sha256(str(file).encode()).hexdigest()[:DIGITS]}"
        self._modules: dict[str, ModuleType] = {}
        self._hidden: dict[str, ModuleType] = {}  # everybody else's, while active
        self._path = [str(file.parent), *sys.path]
        self._given = frozenset(sys.path)
        self._executed = 0
        self._is_active = False
        finder = _finder(str(file.parent))
        names = {entry.name.partition(".")[0] for entry in file.parent.iterdir()}
        self._roots = {self._main} | {name for name in names if _wins(name, finder)}

    def execute(self) -> ModuleType:
        """Execute the file, while active, as a module that is not `__main__`."""
        loader = _OwnLoader(self, self._main, str(self._file))
        spec = machinery.ModuleSpec(self._main, loader, origin=str(self._file))
        spec.has_location = True  # sets __file__
        module = sys.modules[self._main] = util.module_from_spec(spec)
        loader.exec_module(module)
        self._executed = len(self.files)
        return module

    @property
    def is_fresh(self) -> bool:
        """Whether nothing has been imported since the file was executed."""
        return len(self.files) == self._executed

    @contextmanager
    def active(self) -> Iterator[None]:
        """Within: imports find the folder's modules. After: they find what they found before."""
        if self._is_active:
            yield
            return
        self._hidden = _take_out(self._roots)
        sys.modules.update(self._modules)
        sys.path, self._path = self._path, sys.path
        sys.meta_path.insert(0, self)
        self._is_active = True
        try:
            yield
        finally:
            self._is_active = False
            # Other finders stay: a library may have brought one along, as six does.
            sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not self]
            sys.path, self._path = self._path, sys.path
            self._modules = _take_out(self._roots)
            sys.modules.update(self._hidden)
            self._hidden = {}

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> machinery.ModuleSpec | None:
        """The user's module of this name, if there is one (a finder of `sys.meta_path`)."""
        if path is None and self._claims(name):
            self._roots.add(name)
        if name.partition(".")[0] not in self._roots:
            return None
        if path is None:
            spec = machinery.PathFinder.find_spec(name, self._own_path())
        else:
            spec = next(filter(None, (_finder(folder).find_spec(name) for folder in path)), None)
        if spec and spec.has_location and spec.origin:
            self.files[Path(spec.origin)] = Path(spec.origin).read_bytes()
            if isinstance(spec.loader, machinery.SourceFileLoader):
                spec.loader = _OwnLoader(self, name, spec.origin)
        return spec

    def _own_path(self) -> list[str]:
        """The folder, and those that the file has added to `sys.path`, in the order of search."""
        path = sys.path if self._is_active else self._path
        own = str(self._file.parent)
        return [entry for entry in path if entry == own or _is_added(entry, self._given)]

    def _claims(self, name: str) -> bool:
        """Whether the user's folders are where a top-level module is found, or have one as ours."""
        if name in self._roots:
            return False
        spec = machinery.PathFinder.find_spec(name, self._own_path())
        if spec is None or name in OUR_PACKAGES:
            return spec is not None
        finders = [finder for finder in sys.meta_path if not isinstance(finder, OwnImports)]
        first = next(filter(None, (finder.find_spec(name, None) for finder in finders)), None)
        return first is not None and _places(first) == _places(spec)

    def run_import(
        self,
        name: str,
        globals: Mapping[str, object] | None = None,  # noqa: A002 -- as __import__ names it
        locals: Mapping[str, object] | None = None,  # noqa: A002 -- as __import__ names it
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        """`__import__` of the folder's modules, whenever they call it."""
        root = name.partition(".")[0]
        if not level and root in OUR_PACKAGES and self._claims(root):
            self._roots.add(root)
            if self._is_active:
                self._hidden |= _take_out({root})
        is_known = not level and root not in self._roots and root in sys.modules
        if self._is_active or is_known:
            return builtins.__import__(name, globals, locals, fromlist, level)
        # What is there already is handed out at once: a timed forward pass pays for no switch.
        package = str((globals or {}).get("__package__") or "")
        full_name = util.resolve_name("." * level + name, package)
        module = self._modules.get(full_name)
        if module and all(hasattr(module, member) for member in fromlist or ()):
            return module if fromlist else self._modules[root]
        with self.active():
            return builtins.__import__(name, globals, locals, fromlist, level)

    def sources(self) -> Sources:
        """The files executed so far."""
        return Sources(self._file.parent, dict(self.files))

    def reason(self, error: BaseException) -> str:
        """One line: the error's type, its first line, and where in the user's files it arose."""
        first = "".join(str(error).strip().splitlines()[:1])
        kind = type(error).__name__
        lines = [(Path(f.f_code.co_filename), line) for f, line in walk_tb(error.__traceback__)]
        own = [(os.path.relpath(p, self._file.parent), n) for p, n in lines if p in self.files]
        places = [f"{name}, line {line}" for name, line in own]
        return (f"{kind}: {first}" if first else kind) + "".join(f" ({p})" for p in places[-1:])


class _OwnLoader(machinery.SourceFileLoader):
    """Executes a file of the folder such that its import statements are the folder's for good."""

    def __init__(self, imports: OwnImports, name: str, path: str) -> None:
        super().__init__(name, path)
        self._imports = imports

    def get_code(self, fullname: str) -> CodeType:
        """Compiled anew: cached bytecode outlives a quick edit, and would be left in the folder."""
        return self.source_to_code(self.get_data(self.path), self.path)

    def exec_module(self, module: ModuleType) -> None:
        """As every loader, but with another `__import__`, and wherever it is imported.

        A module that is first imported by a network on the meta device lives on when that is gone.
        """
        own = {**vars(builtins), "__import__": self._imports.run_import}
        vars(module)["__builtins__"] = own
        with real_tensors():
            super().exec_module(module)


def _take_out(roots: Set[str]) -> dict[str, ModuleType]:
    """Take modules out of `sys.modules`, with what is inside of them."""
    names = [name for name in list(sys.modules) if name.partition(".")[0] in roots]
    return {name: sys.modules.pop(name) for name in names}


def _is_added(entry: str, given: Set[str]) -> bool:
    """Whether a folder of `sys.path` is neither given, nor a place of libraries, nor ours."""
    folder = Path(entry).resolve()
    is_library = folder.is_relative_to(sysconfig.get_path("stdlib")) or INSTALLED & {*folder.parts}
    return entry not in given and folder.is_dir() and folder != OUR_ROOT and not is_library


def _places(spec: machinery.ModuleSpec) -> tuple[str | None, list[str]]:
    """Where a module is; a package without `__init__.py` may be in several folders."""
    return spec.origin, [*(spec.submodule_search_locations or ())]


def _finder(folder: str) -> machinery.FileFinder:
    return machinery.FileFinder(
        folder,
        (machinery.ExtensionFileLoader, machinery.EXTENSION_SUFFIXES),
        (machinery.SourceFileLoader, machinery.SOURCE_SUFFIXES),
    )


def _wins(name: str, finder: machinery.FileFinder) -> bool:
    """Whether a name in the user's folder comes before a module that is there already."""
    spec = finder.find_spec(name)
    if spec is None or spec.loader is None:
        return spec is not None and name in OUR_PACKAGES
    file = getattr(sys.modules.get(name), "__file__", None)
    is_same = file is not None and Path(file).resolve() == Path(spec.origin or "").resolve()
    # As for `python file.py`, where the interpreter has loaded some of its modules before the file.
    is_pythons = name in sys.modules and name in {"__main__", *sys.stdlib_module_names}
    return not is_same and not is_pythons
