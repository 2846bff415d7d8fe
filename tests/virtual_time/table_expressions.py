"""DynamoDB's update and condition expressions, as far as the tables of a run write them.

What is not known raises ``NotImplementedError``: an expression is never taken for another.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

Item = dict[str, Any]
_TOKEN = re.compile(r"\s*(<>|<=|>=|[=<>(),+\-]|[#:]?[A-Za-z_][\w]*(?:\.[#:]?[\w]+)*|[#:]\w+)")
_SETS = ("SS", "NS", "BS")


class RefusedPathError(Exception):
    """A path leads into what is not there: DynamoDB's ValidationException."""


@dataclass(frozen=True)
class Words:
    """What the aliases of one request mean."""

    names: Mapping[str, str]
    values: Mapping[str, Any]

    def path(self, text: str) -> list[str]:
        return [self.names[one] if one.startswith("#") else one for one in text.split(".")]


def find(item: Item, path: list[str]) -> Any:
    """Returns the value at a path as DynamoDB writes it, None without one."""
    found: Any = {"M": item}
    for name in path:
        found = found.get("M", {}).get(name) if found else None
    return found


def _holder(item: Item, path: list[str]) -> Item:
    """Returns the map that holds the end of a path, which may be written to; others share none."""
    holder = item
    for name in path[:-1]:
        found = holder.get(name)
        if found is None or "M" not in found:
            raise RefusedPathError(".".join(path))
        own = dict(found["M"])
        holder[name] = {"M": own}
        holder = own
    return holder


@cache
def _tokens(text: str) -> tuple[str, ...]:
    tokens, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise NotImplementedError(f"{text!r} at {text[at:]!r}")
        tokens.append(match.group(1))
        at = match.end()
    return tuple(tokens)


class _Reader:
    """Tokens that are read from left to right."""

    def __init__(self, text: str) -> None:
        self._tokens, self._at, self._text = _tokens(text), 0, text

    def peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def take(self, wanted: str | None = None) -> str:
        token = self.peek()
        if wanted is not None and token != wanted:
            raise NotImplementedError(f"{self._text!r}: {token!r} where {wanted!r} is known")
        self._at += 1
        return token


Condition = Callable[[Item, Words], bool]
Operand = Callable[[Item, Words], Any]


@cache
def condition(text: str) -> Condition:
    """Reads a condition expression."""
    reader = _Reader(text)
    read = _any(reader)
    reader.take("")
    return read


def _any(reader: _Reader) -> Condition:
    parts = [_all(reader)]
    while reader.peek() == "OR":
        reader.take()
        parts.append(_all(reader))
    return lambda item, words: any(one(item, words) for one in parts)


def _all(reader: _Reader) -> Condition:
    parts = [_negated(reader)]
    while reader.peek() == "AND":
        reader.take()
        parts.append(_negated(reader))
    return lambda item, words: all(one(item, words) for one in parts)


def _negated(reader: _Reader) -> Condition:
    if reader.peek() == "NOT":
        reader.take()
        inner = _negated(reader)
        return lambda item, words: not inner(item, words)
    if reader.peek() == "(":
        reader.take()
        inner = _any(reader)
        reader.take(")")
        return inner
    return _test(reader)


def _test(reader: _Reader) -> Condition:
    first = reader.take()
    if reader.peek() == "(":
        return _function(first, reader)
    left = _value(first)
    sign = reader.take()
    if sign == "IN":
        reader.take("(")
        options = [_value(reader.take())]
        while reader.peek() == ",":
            reader.take()
            options.append(_value(reader.take()))
        reader.take(")")
        return lambda item, words: any(
            _compare("=", left(item, words), one(item, words)) for one in options
        )
    right = _value(reader.take())
    return lambda item, words: _compare(sign, left(item, words), right(item, words))


def _function(name: str, reader: _Reader) -> Condition:
    reader.take("(")
    path = reader.take()
    if name in {"attribute_exists", "attribute_not_exists"}:
        reader.take(")")
        exists = name == "attribute_exists"
        return lambda item, words: (find(item, words.path(path)) is not None) == exists
    if name == "contains":
        reader.take(",")
        value = _value(reader.take())
        reader.take(")")
        return lambda item, words: _contains(find(item, words.path(path)), value(item, words))
    raise NotImplementedError(f"the function {name} is not known here")


def _value(token: str) -> Operand:
    if token.startswith(":"):
        return lambda _, words: words.values[token]
    return lambda item, words: find(item, words.path(token))


def _contains(holder: Any, value: Any) -> bool:
    if holder is None:
        return False
    for kind in _SETS:
        if kind in holder:
            return value.get(kind[0]) in holder[kind]
    raise NotImplementedError("contains is known of sets only")


def _compare(sign: str, left: Any, right: Any) -> bool:
    if left is None or right is None:
        return sign == "<>" and left is not right
    if sign in {"=", "<>"}:
        same = bool(_comparable(left) == _comparable(right))
        return same if sign == "=" else not same
    one, other = _comparable(left), _comparable(right)
    if type(one) is not type(other):
        return False
    found = {"<": one < other, "<=": one <= other, ">": one > other, ">=": one >= other}
    return bool(found[sign])


def _comparable(value: Any) -> Any:
    ((kind, inner),) = value.items()
    if kind == "N":
        return Decimal(inner)
    if kind in _SETS:
        return kind, frozenset(inner)
    if kind == "M":
        return {name: _comparable(one) for name, one in inner.items()}
    return inner if kind in {"S", "B"} else (kind, str(inner))


def updated(text: str, before: Item, words: Words) -> Item:
    """Returns an item after an update expression, which reads it as it was before.

    What is not changed is shared with the item before, which stays as it is.
    """
    item = dict(before)
    reader = _Reader(text)
    while verb := reader.take():
        apply = {"SET": _set, "REMOVE": _remove, "ADD": _add, "DELETE": _delete}.get(verb)
        if apply is None:
            raise NotImplementedError(f"{text!r}: {verb!r}")
        apply(reader, item, before, words)
        while reader.peek() == ",":
            reader.take()
            apply(reader, item, before, words)
    return item


def _set(reader: _Reader, item: Item, before: Item, words: Words) -> None:
    path = words.path(reader.take())
    reader.take("=")
    value = _operand(reader, before, words)
    if reader.peek() in {"+", "-"}:
        sign = -1 if reader.take() == "-" else 1
        more = _operand(reader, before, words)
        if value is None or more is None:
            raise RefusedPathError(f"{'.'.join(path)}: an operand is missing")
        value = {"N": f"{(Decimal(value['N']) + sign * Decimal(more['N'])).normalize():f}"}
    if value is None:
        raise RefusedPathError(".".join(path))
    _holder(item, path)[path[-1]] = value


def _operand(reader: _Reader, before: Item, words: Words) -> Any:
    token = reader.take()
    if token != "if_not_exists":
        return _value(token)(before, words)
    reader.take("(")
    found = find(before, words.path(reader.take()))
    reader.take(",")
    otherwise = _operand(reader, before, words)
    reader.take(")")
    return otherwise if found is None else found


def _remove(reader: _Reader, item: Item, before: Item, words: Words) -> None:
    path = words.path(reader.take())
    if find(item, path[:-1]) is not None or len(path) == 1:
        _holder(item, path).pop(path[-1], None)


def _add(reader: _Reader, item: Item, before: Item, words: Words) -> None:
    path, value = words.path(reader.take()), words.values[reader.take()]
    ((kind, inner),) = value.items()
    if kind not in _SETS:
        raise NotImplementedError("ADD is known of sets only")
    old = find(item, path)
    _holder(item, path)[path[-1]] = {kind: sorted({*inner, *(old[kind] if old else ())})}


def _delete(reader: _Reader, item: Item, before: Item, words: Words) -> None:
    path, value = words.path(reader.take()), words.values[reader.take()]
    ((kind, inner),) = value.items()
    old = find(item, path)
    if old is None:
        return
    left = sorted(set(old[kind]) - set(inner))
    holder = _holder(item, path)
    if left:
        holder[path[-1]] = {kind: left}
    else:
        # DynamoDB has no empty sets.
        del holder[path[-1]]
