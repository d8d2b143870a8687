"""Imports for a file that is not ours: its own folder first, whatever packages there are called.

A researcher's folder has a `models` as we do. While its file runs, and whenever its modules import
something later, the folder's modules are found; everybody else never sees them.
"""

import builtins
import hashlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import machinery, util
from pathlib import Path
from traceback import walk_tb
from types import CodeType, ModuleType

OUR_PACKAGES = ("bench", "models", "reports", "suites", "tests")
DIGITS = 12  # 48 bits: no two versions of a file will share a fingerprint by chance


class OwnImports:
    """Lets a file import from its own folder, and hides what it imports from everybody else."""

    def __init__(self, file: Path) -> None:
        self.files = {file: file.read_bytes()}  # every file executed, the user's first
        self._file = file
        self._main = f"_blvbench_user_{hashlib.sha256(str(file).encode()).hexdigest()[:DIGITS]}"
        self._modules: dict[str, ModuleType] = {}
        self._path = [str(file.parent), *sys.path]
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
        return module

    @contextmanager
    def active(self) -> Iterator[None]:
        """Within: imports find the folder's modules. After: they find what they found before."""
        if self._is_active:
            yield
            return
        hidden = self._take_out()
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
            self._modules = self._take_out()
            sys.modules.update(hidden)

    def _take_out(self) -> dict[str, ModuleType]:
        names = [name for name in list(sys.modules) if name.partition(".")[0] in self._roots]
        return {name: sys.modules.pop(name) for name in names}

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> machinery.ModuleSpec | None:
        """The folder's module of this name, if it has one (a finder of `sys.meta_path`)."""
        if path is None and self._is_free(name):
            self._roots.add(name)
        if name.partition(".")[0] not in self._roots:
            return None
        folders = [str(self._file.parent)] if path is None else path
        spec = next(filter(None, (_finder(folder).find_spec(name) for folder in folders)), None)
        if spec and spec.origin:
            self.files[Path(spec.origin)] = Path(spec.origin).read_bytes()
            if isinstance(spec.loader, machinery.SourceFileLoader):
                spec.loader = _OwnLoader(self, name, spec.origin)
        return spec

    def _is_free(self, name: str) -> bool:
        """Whether a directory without `__init__.py` is all that there is of this name."""
        folder = self._file.parent / name
        finders = [finder for finder in sys.meta_path if not isinstance(finder, OwnImports)]
        if name in self._roots or not folder.is_dir():
            return False
        spec = next(filter(None, (finder.find_spec(name, None) for finder in finders)), None)
        return spec is not None and set(spec.submodule_search_locations or ()) == {str(folder)}

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

    def fingerprint(self) -> str:
        """12 hex digits over names and contents of the files executed, as they were then."""
        digest = hashlib.sha256()
        for path in sorted(self.files):
            content = self.files[path]
            digest.update(f"{self.relative(path)}\0{len(content)}\0".encode())
            digest.update(content)
        return digest.hexdigest()[:DIGITS]

    def relative(self, path: Path) -> str:
        """The name of a file as seen from the folder."""
        return os.path.relpath(path, self._file.parent)

    def reason(self, error: BaseException) -> str:
        """One line: the error's type, its first line, and where in the user's files it arose."""
        first = "".join(str(error).strip().splitlines()[:1])
        kind = type(error).__name__
        lines = [(Path(f.f_code.co_filename), line) for f, line in walk_tb(error.__traceback__)]
        places = [f"{self.relative(p)}, line {line}" for p, line in lines if p in self.files]
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
        """As every loader, but with another `__import__`."""
        own = {**vars(builtins), "__import__": self._imports.run_import}
        vars(module)["__builtins__"] = own
        super().exec_module(module)


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
