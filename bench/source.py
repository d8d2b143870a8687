"""Fingerprints of the project's own source, so that what a changed file gave is measured again."""

import ast
import functools
import hashlib
import inspect
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
OWN_PACKAGES = ("bench", "models")
DIGITS = 12  # 48 bits: no two versions of a file will share a fingerprint by chance


@functools.cache
def code_version(*modules: str, functions: tuple[Callable[..., object], ...] = ()) -> str:
    """A fingerprint of modules' source and of every module of the project that they import.

    The source of single `functions` of other modules may join it. Imports nothing. Raises
    `FileNotFoundError` for a module of another project.
    """
    digest = hashlib.sha256()
    for name in sorted(set[str]().union(*map(_closure, modules))):
        digest.update(name.encode())
        digest.update(_source_file(name).read_bytes())
    for function in functions:
        digest.update(inspect.getsource(function).encode())
    return digest.hexdigest()[:DIGITS]


def _closure(module: str) -> set[str]:
    """`module` and the project's modules that it imports, directly or not."""
    found: set[str] = set()
    waiting = {module}
    while waiting:
        name = waiting.pop()
        found.add(name)
        waiting |= _own_imports(name) - found
    return found


@functools.cache
def _own_imports(module: str) -> frozenset[str]:
    """The project's modules that a module's import statements name."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(_source_file(module).read_bytes())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            members = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= {name for name in members if _source_file(name).exists()} or {node.module}
    return frozenset(name for name in names if name.partition(".")[0] in OWN_PACKAGES)


def _source_file(module: str) -> Path:
    path = ROOT.joinpath(*module.split("."))
    package = path / "__init__.py"
    return package if package.exists() else path.with_suffix(".py")
