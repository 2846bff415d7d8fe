"""How one field of the configuration is read; a refusal names the field, the rule, the fix."""

from __future__ import annotations

import difflib
import math
from typing import TYPE_CHECKING, Any, Callable, TypeVar

from .errors import PreparationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

T = TypeVar("T")


def refuse(field: str, rule: str, fix: str) -> PreparationError:
    """Returns the error of a field."""
    return PreparationError("config", f"config: `{field}` {rule}. {fix}")


def known_only(field: str, value: Mapping[str, Any], names: Sequence[str]) -> None:
    """Raises an error at a key that has no meaning."""
    for name in value:
        if name not in names:
            near = difflib.get_close_matches(str(name), names, 1)
            fix = f"Did you mean `{near[0]}`?" if near else f"Known are: {', '.join(names)}."
            raise refuse(f"{field}.{name}".lstrip("."), "is not known", fix)


def section(parent: Mapping[str, Any], name: str, names: Sequence[str]) -> Mapping[str, Any]:
    """Returns an object that must be there, with known keys only."""
    value = parent.get(name)
    if not isinstance(value, dict):
        raise refuse(name, f"must be an object, not {shown(value)}", f"Give {example(names)}.")
    known_only(name, value, names)
    return value


def text(parent: Mapping[str, Any], field: str, default: Any = ...) -> Any:
    """Returns a text that is not blank; the default where the key is absent or null."""
    value = parent.get(_last(field))
    if value is None and default is not ...:
        return default
    if not isinstance(value, str) or not value.strip():
        raise refuse(field, f"must be a text that is not blank, not {shown(value)}", "Give one.")
    return value


def one_of(parent: Mapping[str, Any], field: str, choices: Sequence[str], default: str) -> str:
    """Returns one of a few words."""
    value = parent.get(_last(field), default)
    if not isinstance(value, str) or value not in choices:
        words = ", ".join(choices)
        raise refuse(field, f"must be one of {words}, not {shown(value)}", f"Write `{default}`.")
    return value


def flag(parent: Mapping[str, Any], field: str, default: bool) -> bool:
    """Returns true or false."""
    value = parent.get(_last(field), default)
    if not isinstance(value, bool):
        raise refuse(field, f"must be true or false, not {shown(value)}", "Write one of the two.")
    return value


def whole(
    parent: Mapping[str, Any], field: str, least: int, most: int, default: int | None = None
) -> int | None:
    """Returns a whole number within limits; the default where the key is absent or null."""
    value = parent.get(_last(field))
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        rule = f"must be a whole number from {least:,} to {most:,}, not {shown(value)}"
        raise refuse(field, rule, "Change it, or leave it out.")
    return value


def number(
    parent: Mapping[str, Any], field: str, least: float, most: float, default: float
) -> float:
    """Returns a number within limits; the default where the key is absent."""
    value = parent.get(_last(field), default)
    good = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not good or not math.isfinite(value) or not least <= value <= most:
        rule = f"must be a number from {least:g} to {most:g}, not {shown(value)}"
        raise refuse(field, rule, f"The usual value is {default:g}.")
    return float(value)


def texts(parent: Mapping[str, Any], field: str, least: int = 0) -> tuple[str, ...]:
    """Returns a list of texts, each once."""
    value = parent.get(_last(field))
    if value is None and not least:
        return ()
    if not isinstance(value, list) or len(value) < least:
        rule = f"must be a list of {least or 'any number of'} or more texts, not {shown(value)}"
        raise refuse(field, rule if least else rule.replace(" or more", ""), "Give a list.")
    for number_, one in enumerate(value):
        if not isinstance(one, str) or not one.strip():
            raise refuse(f"{field}[{number_}]", f"must be a text, not {shown(one)}", "Give one.")
    return tuple(dict.fromkeys(value))


def each(parent: Mapping[str, Any], field: str, read: Callable[[str, Any], T]) -> tuple[T, ...]:
    """Returns a list of objects, each read by `read(its place, it)`."""
    value = parent.get(_last(field), [])
    if not isinstance(value, list):
        raise refuse(field, f"must be a list, not {shown(value)}", "Give a list of objects.")
    return tuple(read(f"{field}[{number_}]", one) for number_, one in enumerate(value))


def shown(value: Any) -> str:
    """A value in a sentence: its type where it is long or may be personal."""
    if value is None:
        return "absent or null"
    if isinstance(value, (bool, int, float)):
        return str(value).lower() if isinstance(value, bool) else str(value)
    if isinstance(value, str):
        return f"`{value}`" if len(value) <= 40 else f"a text of {len(value):,} characters"
    return "an object" if isinstance(value, dict) else "a list"


def example(names: Sequence[str]) -> str:
    """The form of an object, in a sentence."""
    return "{" + ", ".join(f'"{name}": …' for name in names) + "}"


def _last(field: str) -> str:
    return field.rpartition(".")[2]
