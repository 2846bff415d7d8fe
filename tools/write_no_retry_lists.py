"""Writes which errors each Task of the machines never retries.

An error whose class says ``Retry.NEVER`` is an answer: the same call gets it again. A Task lists
those that its function may raise, which are the classes that the modules of its handler use.
``make docs`` runs this; a test holds the machines to it.
"""

import ast
import inspect
import re
import textwrap
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import grimp

from thriftline.core import errors

ROOT = Path(__file__).parents[1]
MACHINES = ROOT / "statemachines"
_FUNCTION = re.compile(r"\$\{(\w+?)FunctionArn\}")
_NO_RETRY = re.compile(
    r"^(?P<indent> +)- ErrorEquals:(?P<names>[^:]*?)\n(?P=indent)  MaxAttempts: 0\n", re.MULTILINE
)
_WIDTH = 100


def answers() -> frozenset[str]:
    """Returns the names of the errors that no machine may retry."""
    classes = inspect.getmembers(errors, inspect.isclass)
    return frozenset(
        name
        for name, found in classes
        if issubclass(found, errors.ThriftlineError)
        and found is not errors.ThriftlineError
        and found.retry is errors.Retry.NEVER
    )


@cache
def _graph() -> grimp.ImportGraph:
    return grimp.build_graph("thriftline", cache_dir=None)


@cache
def _used_in(module: str) -> frozenset[str]:
    spec = find_spec(module)
    assert spec is not None, module
    assert spec.origin is not None, module
    tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    caught = {
        id(node)
        for handler in ast.walk(tree)
        if isinstance(handler, ast.ExceptHandler) and handler.type is not None
        for node in ast.walk(handler.type)
    }
    return frozenset(
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in caught
    )


def never_retried(handler: str) -> frozenset[str]:
    """Returns the answers that a handler, such as ``plan_run``, may raise."""
    module = f"thriftline.handlers.{handler}"
    modules = {module, *_graph().find_upstream_modules(module)} - {"thriftline.core.errors"}
    used = frozenset().union(*(_used_in(one) for one in modules))
    return used & answers()


def handler_of(function: str) -> str:
    """Returns ``plan_run`` for ``PlanRun``, the template's name of a function."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", function).lower()


def rewritten(text: str) -> str:
    """Returns a machine's text with the list of each Task that calls one function."""
    parts = re.split(r"(?=^ *[A-Z][\w ]*:\n +Type: )", text, flags=re.MULTILINE)
    return "".join(_with_list(part) for part in parts)


def _with_list(state: str) -> str:
    called = _FUNCTION.findall(state)
    if not called or "Type: Task" not in state:
        return state
    names = sorted(frozenset().union(*(never_retried(handler_of(one)) for one in called)))

    def write(match: re.Match[str]) -> str:
        indent = match["indent"]
        if "States.ALL" in match["names"]:
            return match[0]
        line = f"{indent}- ErrorEquals: [{', '.join(names)}]"
        if len(line) > _WIDTH:
            inner = textwrap.fill(
                ", ".join(names),
                _WIDTH,
                initial_indent=f"{indent}      ",
                subsequent_indent=f"{indent}      ",
            )
            line = f"{indent}- ErrorEquals:\n{indent}    [\n{inner},\n{indent}    ]"
        return f"{line}\n{indent}  MaxAttempts: 0\n"

    return _NO_RETRY.sub(write, state, count=1)


def main() -> None:
    """Writes the lists into every machine."""
    for path in sorted(MACHINES.glob("*.asl.yaml")):
        path.write_text(rewritten(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
