"""What a caller sends, read in one place: path, query, headers and body, each within bounds."""

import base64
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import datetime
from decimal import Decimal
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import unquote

from pydantic import BaseModel, ValidationError

from thriftline.api.problems import MOST_ERRORS, Fault, Problem, broken_rule, not_found, unreadable
from thriftline.core.dataclass import dataclass
from thriftline.core.observability import logger
from thriftline.core.project_members import Members

LARGEST_BODY = 256 * 1024
LONGEST_ID = 128
_ID = re.compile(rf"[A-Za-z0-9._-]{{1,{LONGEST_ID}}}")
_KEY = re.compile(r"[!-~]{1,128}")
_DEEPEST = 32
# A user's path may have 512 characters; what is recorded of a person has room for fewer.
_LONGEST_WHO = 200
Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Call:
    """One call of a view: who asks, when, and for what.

    ``caller`` is the ARN that API Gateway verified, with the person's name where a role is shared.
    ``parameters`` are those of the path. ``token`` names what the call starts: the same for a call
    that comes again with its key. ``has_key`` is whether it has one: without, the token is fresh.
    """

    caller: str
    now: datetime
    method: str
    path: str
    parameters: Mapping[str, str]
    token: str
    has_key: bool = False
    members: Members = field(default_factory=lambda: Members({}))

    @property
    def by(self) -> str:
        """Who is recorded: the ARN, of a very long one its beginning and its name."""
        if len(self.caller) <= _LONGEST_WHO:
            return self.caller
        half = _LONGEST_WHO // 2
        return f"{self.caller[: half - 3]}...{self.caller[-half:]}"

    def may(self, project: str) -> bool:
        """Whether the caller may see a project and act for it."""
        return self.members.may(project, self.caller)

    def require(self, project: str | None, what: str) -> str:
        """Returns a project that the caller may see, or act for where the call changes something.

        Args:
            project: None where it cannot be known whose ``what`` is: then it is nobody's, and the
                log has it.
            what: is named to the caller.

        Raises:
            Problem: 404 for a read, as if it were not there; 403 for a change; 404 for both where
                the project is not known.
        """
        if not project:
            logger.warning("a project was not read", what=what)
            raise not_found(what)
        if self.may(project):
            return project
        if self.method == "GET":
            raise not_found(what)
        raise Problem(
            HTTPStatus.FORBIDDEN,
            f"You are no member of project {project}: {what} was not changed. Members are named in "
            "the stack's parameter ProjectMembers.",
        )


def path_parameters(raw: Mapping[str, str] | None, names: tuple[str, ...]) -> dict[str, str]:
    """Returns the parameters of the path, decoded once and checked.

    Raises:
        Problem: 400 for one that is no id.
    """
    found = {}
    for name in names:
        text = unquote((raw or {}).get(name) or "", errors="replace")
        if not _ID.fullmatch(text) or not text.strip("."):
            raise unreadable(
                f"{name} in the path must be 1 to {LONGEST_ID} of A-Z, a-z, 0-9, '.', '_', '-'.",
                Fault(f"path:{name}", "not an id"),
            )
        found[name] = text
    return found


def idempotency_key(headers: Mapping[str, str]) -> str | None:
    """Returns the caller's key, None without one.

    Raises:
        Problem: 400 for one that is too long, or has other characters.
    """
    key = headers.get("idempotency-key")
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        raise unreadable(
            "Idempotency-Key must be 1 to 128 printable ASCII characters without spaces.",
            Fault("header:Idempotency-Key", "not a key"),
        )
    return key


def query_of(model: type[Model], given: Mapping[str, list[str]] | None) -> Model:
    """Returns the parameters of the query.

    Raises:
        Problem: 400 that names each one that is unknown, repeated or out of bounds.
    """
    repeated = sorted(name for name, values in (given or {}).items() if len(values) != 1)
    if repeated:
        raise unreadable(
            "A parameter is given more than once.",
            *(Fault(f"query:{_short(name)}", "is given more than once") for name in repeated),
        )
    try:
        return model.model_validate({name: values[0] for name, values in (given or {}).items()})
    except ValidationError as error:
        faults = _faults(error, lambda place: "query:" + "/".join(place))
        raise unreadable(_first(faults), *faults) from None


def body_of(model: type[Model], raw: bytes) -> Model:
    """Returns the body; an empty one is an empty object.

    Raises:
        Problem: 413, 400 where it is no JSON object, 422 where it breaks a rule of the model.
    """
    if len(raw) > LARGEST_BODY:
        raise Problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"The body has {len(raw):,} bytes; {LARGEST_BODY:,} are read.",
        )
    document = _json_object(raw)
    try:
        return model.model_validate(document)
    except ValidationError as error:
        faults = _faults(error, lambda place: "".join(f"/{_escaped(one)}" for one in place))
        raise broken_rule(_first(faults), *faults) from None


def raw_body(event: Mapping[str, Any]) -> bytes:
    """Returns the bytes of an event's body.

    Raises:
        Problem: 400 where they are not what API Gateway sends.
    """
    body = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(body).encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(str(body), validate=True)
    except ValueError:
        raise unreadable("The body is not base64.") from None


def _json_object(raw: bytes) -> dict[str, Any]:
    if not raw.strip():
        return {}
    document = _parsed(raw)
    if not isinstance(document, dict):
        raise unreadable("The body must be a JSON object.")
    if _depth(document) > _DEEPEST:
        raise unreadable("The body is nested too deeply.")
    if not is_text(document):
        raise unreadable("The body has half of a surrogate pair, which is no character.")
    return document


def is_text(value: Any) -> bool:
    """Whether all texts within are made of characters, so that they can be written anywhere."""
    try:
        json.dumps(value, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        return False
    return True


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(
            raw.decode("utf-8"),
            parse_float=_number,
            parse_constant=_no_constant,
            object_pairs_hook=_no_key_twice,
        )
    except UnicodeDecodeError:
        raise unreadable("The body is not UTF-8.") from None
    except RecursionError:
        raise unreadable("The body is nested too deeply.") from None
    except _UnreadableBodyError as error:
        raise unreadable(str(error)) from None
    except json.JSONDecodeError as error:
        raise unreadable(
            f"The body is not JSON: line {error.lineno}, column {error.colno}."
        ) from None
    except ValueError:
        raise unreadable("The body has a number that is too long.") from None


class _UnreadableBodyError(ValueError):
    """The body is JSON, and has what JSON should not have."""


def _no_constant(name: str) -> None:
    raise _UnreadableBodyError(f"The body has {name}, which is no JSON.")


def _number(text: str) -> Decimal:
    if len(text) > 40:
        raise _UnreadableBodyError("The body has a number that is too long.")
    # What is handed on is JSON again, whose readers have no other numbers.
    if not math.isfinite(float(text)):
        raise _UnreadableBodyError("The body has a number that is too large.")
    return Decimal(text)


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in found if names.count(name) > 1)
        raise _UnreadableBodyError(f"The body has the key '{_short(twice)}' twice.")
    return found


def _depth(document: Any) -> int:
    deepest, waiting = 0, [(document, 1)]
    while waiting:
        value, depth = waiting.pop()
        deepest = max(deepest, depth)
        inner = value.values() if isinstance(value, dict) else value
        if isinstance(value, dict | list):
            waiting += [(one, depth + 1) for one in inner]
    return deepest


def _faults(error: ValidationError, pointer: Callable[[tuple[str, ...]], str]) -> tuple[Fault, ...]:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return tuple(
        Fault(pointer(tuple(_short(str(part)) for part in one["loc"])), _said(one))
        for one in found[:MOST_ERRORS]
    )


def _said(error: Mapping[str, Any]) -> str:
    if error["type"] == "extra_forbidden":
        return "is unknown"
    return str(error["msg"]).removeprefix("Value error, ")


def _first(faults: tuple[Fault, ...]) -> str:
    first = faults[0]
    return f"{first.pointer or 'The body'}: {first.detail}."


def _short(text: str) -> str:
    """Returns a name that a caller made up, fit to be shown."""
    shown = "".join(one if one.isprintable() else "?" for one in text[:60])
    return shown if len(text) <= 60 else f"{shown}..."


def _escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")
