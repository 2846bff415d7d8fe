"""What one label is: the string that a value becomes, or why it is none."""

from typing import Any

from thriftline.datasets.engine.blocks import MISSING


def plain_label(label: Any) -> tuple[str, str]:
    """The label's type and the string it becomes; the code of a check if it is no label."""
    if type(label) is str:
        return "string", label
    if type(label) is bool:
        return "boolean", "true" if label else "false"
    if type(label) is int:
        return "integer", str(label)
    if label is MISSING:
        return "missing_column", ""
    if label is None:
        return "missing_label", ""
    return "unsupported_value_type", ""


def type_rule(value: object) -> str:
    """Names a type in the words of data files."""
    names = {"int": "number", "float": "number with decimals", "bool": "boolean", "dict": "object"}
    kind = type(value).__name__
    return f"a {names.get(kind, kind)}"
