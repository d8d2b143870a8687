"""Fingerprints of the project's own source: figures of changed code are measured again.

A fingerprint is of code that computes: comments, docstrings and formatting do not change it.
"""

import ast
import functools
import hashlib
from pathlib import Path

ROOT = Path(__file__).parents[1]
OWN_PACKAGES = ("bench", "models", "suites")
DIGITS = 12  # 48 bits: no two versions of a file will share a fingerprint by chance
# Modules that describe, write or refuse: no figure depends on their code, nor on what they import.
# A network has a fingerprint of its own, and the machine is a part of a result's identity.
NOT_COMPUTING = (
    "bench.errors",
    "bench.json_file",
    "bench.machine.environment",
    "bench.machine.interrupts",
    "bench.machine.processes",
    "bench.records.catalogue",
    "bench.records.measurement",
    "bench.records.point",
    "bench.records.record",
    "bench.source",
    "bench.text",
    "bench.workload.networks",
    "models.checkpoint",
    "models.errors",
    "models.layouts",
    "suites",
)

DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


@functools.cache
def code_version(module: str) -> str:
    """A fingerprint of the code of `module`, and of the project's modules that it computes with.

    Those are the modules that its import statements name, directly or not, without the ones in
    `NOT_COMPUTING`. Imports nothing. Raises `FileNotFoundError` for a module of another project.
    """
    digest = hashlib.sha256()
    for name in sorted(_closure(module)):
        digest.update(f"{name}\0{_code(name)}\0".encode())
    return digest.hexdigest()[:DIGITS]


def _closure(module: str) -> set[str]:
    """`module` and the project's modules that it computes with."""
    found: set[str] = set()
    waiting = {module}
    while waiting:
        name = waiting.pop()
        found.add(name)
        waiting |= _own_imports(name) - found
    return found


@functools.cache
def _own_imports(module: str) -> frozenset[str]:
    """The project's modules that a module's import statements name, without `NOT_COMPUTING`."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(_source_file(module).read_bytes())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            members = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= {name for name in members if _source_file(name).exists()} or {node.module}
    return frozenset(name for name in names if _is_own(name) and not _is_not_computing(name))


@functools.cache
def _code(module: str) -> str:
    """The syntax of a module, without comments, docstrings and places."""
    tree = ast.parse(_source_file(module).read_bytes())
    for node in ast.walk(tree):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            del node.body[0]
    return _dump(tree)


def _dump(node: object) -> str:
    """The syntax below `node`: as `ast.dump`, whose text changes with the version of Python."""
    if isinstance(node, list):
        return f"[{','.join(map(_dump, node))}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = (f"{k}={_dump(v)}" for k, v in ast.iter_fields(node) if v is not None and v != [])
    return f"{type(node).__name__}({','.join(fields)})"


def _is_own(module: str) -> bool:
    return module.partition(".")[0] in OWN_PACKAGES


def _is_not_computing(module: str) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in NOT_COMPUTING)


def _source_file(module: str) -> Path:
    path = ROOT.joinpath(*module.split("."))
    package = path / "__init__.py"
    return package if package.exists() else path.with_suffix(".py")
