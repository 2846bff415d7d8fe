"""Metric math, as far as alarms use it here: arithmetic, FILL, IF, MIN, MAX, SUM, AVG, ABS.

Values are those of one period; None is a period without data, and whatever is made of it has none.
"""

import ast
import operator
from collections.abc import Callable, Mapping, Sequence

Value = float | None

_OPERATORS: Mapping[type[ast.AST], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_COMPARISONS: Mapping[type[ast.AST], Callable[[float, float], bool]] = {
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_AGGREGATES: Mapping[str, Callable[[Sequence[float]], float]] = {
    "MAX": max,
    "MIN": min,
    "SUM": sum,
    "AVG": lambda values: sum(values) / len(values),
}
_FUNCTIONS = ("ABS", "FILL", "IF", *_AGGREGATES)


class ExpressionNotDoneError(ValueError):
    """An expression that is not evaluated here."""


def parse(expression: str) -> ast.expr:
    """Read an expression.

    Raises:
        ExpressionNotDoneError: it has what is not evaluated here.
    """
    try:
        tree = ast.parse(expression.strip(), mode="eval").body
    except SyntaxError as error:
        raise ExpressionNotDoneError(f"cannot read {expression!r}") from error
    for node in ast.walk(tree):
        _check(node, expression)
    return tree


def _check(node: ast.AST, expression: str) -> None:
    plain = (
        *(ast.BinOp, ast.UnaryOp, ast.USub, ast.Name, ast.Load, ast.Call, ast.Compare, ast.List),
        *_OPERATORS,
        *_COMPARISONS,
    )
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return
    if not isinstance(node, plain):
        raise ExpressionNotDoneError(f"{type(node).__name__} in {expression!r}")
    if isinstance(node, ast.Call) and (
        not isinstance(node.func, ast.Name) or node.func.id not in _FUNCTIONS or node.keywords
    ):
        raise ExpressionNotDoneError(f"a function in {expression!r}")


def evaluate(node: ast.expr, known: Mapping[str, Value]) -> Value:
    """Return the value of an expression for one period.

    Raises:
        ExpressionNotDoneError: it names what is not there.
    """
    if isinstance(node, ast.Constant):
        return float(node.value)  # type: ignore[arg-type]
    if isinstance(node, ast.Name):
        if node.id not in known:
            raise ExpressionNotDoneError(f"there is no metric {node.id}")
        return known[node.id]
    if isinstance(node, ast.UnaryOp):
        value = evaluate(node.operand, known)
        return None if value is None else -value
    if isinstance(node, ast.Call):
        return _call(node, known)
    if isinstance(node, ast.BinOp):
        return _pair(_OPERATORS[type(node.op)], node.left, node.right, known)
    if isinstance(node, ast.Compare):
        return _pair(_COMPARISONS[type(node.ops[0])], node.left, node.comparators[0], known)
    raise ExpressionNotDoneError(type(node).__name__)


def _pair(
    do: Callable[[float, float], float], left: ast.expr, right: ast.expr, known: Mapping[str, Value]
) -> Value:
    first, second = evaluate(left, known), evaluate(right, known)
    if first is None or second is None or (do is operator.truediv and second == 0):
        return None
    return float(do(first, second))


def _call(node: ast.Call, known: Mapping[str, Value]) -> Value:
    assert isinstance(node.func, ast.Name)
    name = node.func.id
    if name == "FILL":
        value = evaluate(node.args[0], known)
        return evaluate(node.args[1], known) if value is None else value
    if name == "IF":
        condition = evaluate(node.args[0], known)
        if condition is None:
            return None
        chosen = node.args[1:2] if condition else node.args[2:3]
        return evaluate(chosen[0], known) if chosen else None
    given = [
        part for each in node.args for part in (each.elts if isinstance(each, ast.List) else [each])
    ]
    values = [value for each in given if (value := evaluate(each, known)) is not None]
    if not values:
        return None
    return abs(values[0]) if name == "ABS" else float(_AGGREGATES[name](values))
