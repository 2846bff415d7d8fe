"""What one label is: the string that a value becomes, or why it is none."""

from typing import Any

from thriftline.datasets.engine.blocks import MISSING


class UnnamedClass(int):
    """A class number that is outside the list of names in the file's schema."""


def is_header(value: str, column: str) -> bool:
    """Whether a value is a column's name; a file put behind another has its byte order mark too."""
    shown = value.removeprefix("\ufeff").strip().strip('"').strip()
    return shown == column or shown.casefold() == column.casefold()


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
    if type(value) is UnnamedClass:
        return f"the class number {int(value)}, for which the file's schema has no name"
    names = {"int": "number", "float": "number with decimals", "bool": "boolean", "dict": "object"}
    kind = type(value).__name__
    return f"a {names.get(kind, kind)}"
