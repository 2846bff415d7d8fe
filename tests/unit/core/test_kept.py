"""Only reading is inside ``reading``: a fault of AWS there would be taken for one of a document."""

import ast
from collections.abc import Iterator
from pathlib import Path

FUNCTIONS = Path(__file__).parents[3] / "functions/thriftline"
# Names under which clients of AWS go, and their methods that read a store.
CALLS = {"read", "read_json", "read_required", "list", "get_item", "get_object", "call"}


def calls_inside(source: str) -> Iterator[str]:
    """Yields the calls of AWS in the bodies of ``with reading(...)``."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.With) and any(_is_reading(one.context_expr) for one in node.items):
            for inner in (one for line in node.body for one in ast.walk(line)):
                called = getattr(inner, "func", None)
                if isinstance(called, ast.Attribute) and called.attr in CALLS:
                    yield f"{node.lineno}: {ast.unparse(called)}"


def _is_reading(call: ast.expr) -> bool:
    return isinstance(call, ast.Call) and getattr(call.func, "id", "") == "reading"


def test_a_call_of_aws_inside_would_be_found() -> None:
    source = "with reading(place, UPDATE):\n    found = json.loads(self._artifacts.read(key))\n"
    assert list(calls_inside(source)) == ["1: self._artifacts.read"]


def test_no_call_of_aws_is_inside() -> None:
    found = {
        str(path.relative_to(FUNCTIONS)): calls
        for path in FUNCTIONS.rglob("*.py")
        if (calls := list(calls_inside(path.read_text(encoding="utf-8"))))
    }
    assert found == {}
