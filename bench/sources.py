"""What a measurement, or what it is taken on, depends on: the source files that a script imports, near and far."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import inspect
import textwrap
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

OURS = ("cryoloom.engine.", "cryoloom.protocols.", "cryoloom.testing.", "cryoloom.cli.tool.", "peers.")
_NO_FIGURE = ("_cost", "_protocol", "charts", "pictures", "report", "reporting", "kept", "sources")
"""Parts of names of modules on which no figure depends: they foretell, declare, draw, print or keep."""
_BENCH = Path(__file__).parent


def source_hash(scripts: Iterable[str], functions: Iterable[Callable] = ()) -> str:
    """Of the sources that something depends on.

    Parameters
    ----------
    scripts : names of modules of this folder, or of cryoloom's: they count, as does what they import of cryoloom's
        engine, protocols and simulated microscope, of peers, and of this folder, and what that imports
    functions : if they are given, these count in place of the scripts that they belong to
    """
    wanted = list(functions)
    written = [_without_words(textwrap.dedent(inspect.getsource(one))) for one in wanted]
    digest = hashlib.sha256("\0".join(written).encode())
    found: dict[str, Path] = {}
    for script in scripts:
        _walk(script, found)
    homes = {Path(inspect.getsourcefile(function) or "") for function in wanted}
    for name, file in sorted(found.items()):
        if file not in homes and not set(name.split(".")) & set(_NO_FIGURE):
            digest.update(f"{name}\0{_without_words(file.read_text(encoding='utf-8'))}\0".encode())
    return digest.hexdigest()


def _without_words(source: str) -> str:
    """A source without docstrings, comments and layout, which change no figure."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
    return ast.dump(tree)


def _walk(name: str, found: dict[str, Path]) -> None:
    todo = [name]
    while todo:
        module = todo.pop()
        file = _file_of(module)
        if module in found or file is None:
            continue
        found[module] = file
        todo.extend(_imported(file))


@cache
def _file_of(module: str) -> Path | None:
    """The file of a module that counts; None of another, or of what is no module."""
    if "." not in module:
        file = _BENCH / f"{module}.py"
        return file if file.exists() else None
    if not f"{module}.".startswith(OURS):
        return None
    try:
        spec = importlib.util.find_spec(module)
    except ModuleNotFoundError:  # a name within a module
        return None
    return None if spec is None or spec.origin is None else Path(spec.origin)


@cache
def _imported(file: Path) -> tuple[str, ...]:
    """Names of modules, and of what might be modules, that a file imports when it runs."""
    return tuple(_names(ast.parse(file.read_text(encoding="utf-8"))))


def _names(node: ast.AST) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom) and child.module is not None and child.level == 0:
            yield child.module
            yield from (f"{child.module}.{alias.name}" for alias in child.names)
        else:
            yield from _names(child)
