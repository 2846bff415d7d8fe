"""Tokens of pages: where the next one begins, and of which list it is."""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping

from thriftline.api.problems import Fault, Problem, unreadable

LONGEST_TOKEN = 2_000
_LONGEST_VALUE = 1_024
_VERSION = 1


def next_token(key: Mapping[str, str] | None, filters: Mapping[str, str | None]) -> str | None:
    """Returns the token of the page behind ``key``; None where there is none."""
    if key is None:
        return None
    document = {"v": _VERSION, "k": dict(key), "f": _digest(filters)}
    text = json.dumps(document, separators=(",", ":"), sort_keys=True)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def start_of(
    token: str | None, filters: Mapping[str, str | None], names: tuple[str, ...]
) -> dict[str, str] | None:
    """Returns the key that a token holds, None without a token.

    Raises:
        Problem: 400 for a token that is none, or that is of another list or other filters.
    """
    if token is None:
        return None
    document = _read(token)
    if document.get("f") != _digest(filters):
        raise _refused("it is of a list with other filters; begin without a token")
    key = document.get("k")
    if not isinstance(key, dict) or set(key) != set(names) or not all(map(_is_short, key.values())):
        raise _refused("it is of another list")
    return key


def _read(token: str) -> dict[str, object]:
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        document = json.loads(raw)
    except (binascii.Error, ValueError, RecursionError):
        raise _refused("it is no token") from None
    if not isinstance(document, dict) or document.get("v") != _VERSION:
        raise _refused("it is no token")
    return document


def _is_short(value: object) -> bool:
    """What no key of AWS could be is no part of a token either: half a character, or too long."""
    try:
        return isinstance(value, str) and 0 < len(value.encode()) <= _LONGEST_VALUE
    except UnicodeEncodeError:
        return False


def _digest(filters: Mapping[str, str | None]) -> str:
    given = {name: value for name, value in filters.items() if value is not None}
    return hashlib.sha256(json.dumps(given, sort_keys=True).encode()).hexdigest()[:16]


def _refused(why: str) -> Problem:
    return unreadable(f"next_token cannot be used: {why}.", Fault("query:next_token", why))
