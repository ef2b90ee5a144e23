"""The package's own source code, read as syntax trees, for tests of its shape."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import aegis_batch

__all__ = ["Module", "modules"]

_FOLDER = Path(aegis_batch.__file__).parent


@cache
def _parsed(source: str) -> ast.Module:
    return ast.parse(source)


@dataclass(frozen=True)
class Module:
    """A module: its name below the package, such as ``domain.report``, and its source."""

    name: str
    source: str

    @property
    def tree(self) -> ast.Module:
        """The module's syntax tree, which nobody changes."""
        return _parsed(self.source)

    def is_in(self, *packages: str) -> bool:
        """Say whether the module is one of the named ones, or inside one."""
        return any(self.name == name or self.name.startswith(f"{name}.") for name in packages)

    def references(self) -> Iterator[str]:
        """Yield the full name of everything that is imported, or reached through an import.

        ``from datetime import datetime as dt`` and ``dt.now`` give ``datetime.datetime`` and
        ``datetime.datetime.now``, whether that is called or only handed on.
        """
        imported = dict(_imported(self.tree))
        yield from imported.values()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Attribute | ast.Name):
                yield _full_name(node, imported)

    def built_at_import(self) -> Iterator[str]:
        """Yield the full names of what is called while the module is imported."""
        imported = dict(_imported(self.tree))
        for node in _run_at_import(self.tree):
            if isinstance(node, ast.Call):
                yield _full_name(node.func, imported)

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        """Yield every function and method."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node

    def caught(self) -> Iterator[str]:
        """Yield the name of what each ``except`` and ``suppress`` catches; a bare one gives "".

        Names are without their module.
        """
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ExceptHandler):
                yield from [""] if node.type is None else _last_names(node.type)
            elif isinstance(node, ast.Call) and "suppress" in _last_names(node.func):
                for argument in node.args:
                    yield from _last_names(argument)


@cache
def modules() -> tuple[Module, ...]:
    """Return every module of the package as it is installed."""
    return tuple(
        Module(_name_of(path), path.read_text(encoding="utf-8"))
        for path in sorted(_FOLDER.rglob("*.py"))
    )


def _name_of(path: Path) -> str:
    parts = path.relative_to(_FOLDER).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                # Without a new name only the first part becomes one.
                name = alias.name if alias.asname else alias.name.partition(".")[0]
                yield alias.asname or name, name
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def _full_name(node: ast.expr, imported: dict[str, str]) -> str:
    if isinstance(node, ast.Name):
        return imported.get(node.id, node.id)
    if isinstance(node, ast.Attribute):
        return f"{_full_name(node.value, imported)}.{node.attr}"
    if isinstance(node, ast.Call):
        return _full_name(node.func, imported)
    return "?"


def _last_names(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Tuple):
        for element in node.elts:
            yield from _last_names(element)
    elif isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.Name):
        yield node.id


def _run_at_import(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Lambda):
            continue
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            # The body waits; decorators and default values don't.
            for part in (*child.decorator_list, child.args):
                yield part
                yield from _run_at_import(part)
            continue
        yield child
        yield from _run_at_import(child)
