"""Texts of a policy with wildcards and variables, matched with values of a request."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

Context = Mapping[str, Sequence[str]]

_WITH_VARIABLES = "2012-10-17"
_KEPT = 4096
_TOKENS = re.compile(r"\$\{(?P<variable>[^}]*)\}|(?P<wildcard>[*?])|(?P<text>.)", re.DOTALL)
_DEFAULT = re.compile(r"\s*(?P<key>[^,\s]+)\s*,\s*'(?P<default>[^']*)'\s*")
# What a policy writes for a character that would otherwise mean something.
_LITERALS = frozenset("*?$")


class UnknownVariableError(Exception):
    """A variable of which the request says nothing: what it stands in matches nothing."""


def with_lower_keys(context: Context) -> Context:
    """Return a context by the form in which keys are compared."""
    return {key.lower(): tuple(values) for key, values in context.items()}


def matches(
    pattern: str, value: str, context: Context, version: str, *, ignore_case: bool = False
) -> bool:
    """Whether `value` is of `pattern`; its keys of `context` are lower case."""
    flags = re.DOTALL | (re.IGNORECASE if ignore_case else 0)
    if "${" not in pattern:
        return _compiled(pattern, flags).fullmatch(value) is not None
    try:
        expression = _expression(pattern, context, version)
    except UnknownVariableError:
        return False
    return re.fullmatch(expression, value, flags) is not None


@lru_cache(_KEPT)
def _compiled(pattern: str, flags: int) -> re.Pattern[str]:
    """Return a pattern without variables, which the same policies ask for again and again."""
    return re.compile(_expression(pattern, {}, _WITH_VARIABLES), flags)


def filled(text: str, context: Context, version: str) -> str:
    """Return a text with its variables filled in; wildcards stand for themselves.

    Raises:
        UnknownVariableError: the request says nothing of a variable.
    """
    if version != _WITH_VARIABLES:
        return text
    return _TOKENS.sub(lambda token: _filled(token, context), text)


def arn_matches(pattern: str, value: str, context: Context, version: str) -> bool:
    """Whether an ARN is of a pattern, each of its six parts by itself."""
    wanted, given = _parts_of_pattern(pattern), value.split(":", 5)
    return len(wanted) == len(given) and all(
        matches(one, other, context, version) for one, other in zip(wanted, given, strict=True)
    )


def _parts_of_pattern(pattern: str) -> list[str]:
    # A variable may hold a colon: ${aws:username}.
    return re.split(r":(?![^{}]*\})", pattern, maxsplit=5)


def _expression(pattern: str, context: Context, version: str) -> str:
    parts = []
    for token in _TOKENS.finditer(pattern):
        if wildcard := token["wildcard"]:
            parts.append(".*" if wildcard == "*" else ".")
        elif token["text"] is not None or version != _WITH_VARIABLES:
            parts.append(re.escape(token[0]))
        else:
            parts.append(re.escape(_filled(token, context)))
    return "".join(parts)


def _filled(token: re.Match[str], context: Context) -> str:
    variable = token["variable"]
    if variable is None:
        return token[0]
    if variable in _LITERALS:
        return variable
    with_default = _DEFAULT.fullmatch(variable)
    key = with_default["key"] if with_default else variable.strip()
    values = context.get(key.lower(), ())
    if len(values) == 1:
        return values[0]
    if with_default:
        return with_default["default"]
    raise UnknownVariableError(key)
