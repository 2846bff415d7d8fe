"""The source that a function may run: its handler's, and of whatever that leads to.

Of a wiring module only those makers count that something calls, so that a function has no call of
an adapter that it is never given.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
_WIRING = "thriftline.wiring."


@cache
def code_behind(module: str, *more: str) -> str:
    """Returns the source behind a handler's module, and behind modules that it finds by name."""
    waiting, seen = [module, *more], dict[str, str]()
    while waiting:
        name = waiting.pop()
        if name not in seen and (found := _source(name)) is not None:
            seen[name] = found
            waiting += _imported(name, found)
    return "\n".join(seen.values())


def _path(module: str) -> Path | None:
    base = ROOT / "functions" / module.replace(".", "/")
    paths = (base.with_suffix(".py"), base / "__init__.py")
    return next((one for one in paths if one.exists()), None)


def _source(name: str) -> str | None:
    """Returns a module's source, or that of one maker of a wiring module."""
    path = _path(name)
    if path is not None:
        return path.read_text()
    module, _, maker = name.rpartition(".")
    path = _path(module) if module.startswith(_WIRING) else None
    if path is None:
        return None
    source = path.read_text()
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and node.name == maker:
            return ast.get_source_segment(source, node)
    return None


def _imported(name: str, source: str) -> Iterator[str]:
    path = _path(name)
    if path is None:
        # A maker: what its body names, by the imports around it and in it.
        module = name.rpartition(".")[0]
        around = (_path(module) or Path()).read_text()
        names = {one.id for one in ast.walk(ast.parse(source)) if isinstance(one, ast.Name)}
        makers = {one.name for one in ast.parse(around).body if isinstance(one, ast.FunctionDef)}
        yield from (f"{module}.{one}" for one in names & makers)
        yield from _from(ast.parse(around), names)
        yield from _from(ast.parse(source), None)
        return
    yield from _from(ast.parse(source), None)


def _from(tree: ast.AST, only: set[str] | None) -> Iterator[str]:
    """Yields the modules that are imported; of whole wiring modules the makers that are called."""
    wired = dict[str, str]()
    for known, module, whole in _names(tree):
        if only is not None and known not in only:
            continue
        if module == _WIRING[:-1]:
            wired[known] = whole
        else:
            yield from (whole,) if module.startswith(_WIRING) else (module, whole)
    for node in ast.walk(tree):
        holder = node.value if isinstance(node, ast.Attribute) else None
        if isinstance(holder, ast.Name) and holder.id in wired:
            yield f"{wired[holder.id]}.{node.attr}"  # type: ignore[attr-defined]


def _names(tree: ast.AST) -> Iterator[tuple[str, str, str]]:
    """Yields what is imported of this package: the name here, its module, and its whole name."""
    for node in ast.walk(tree):
        module = str(node.module) if isinstance(node, ast.ImportFrom) else ""
        if isinstance(node, ast.ImportFrom) and module.startswith("thriftline"):
            for alias in node.names:
                yield alias.asname or alias.name, module, f"{module}.{alias.name}"
