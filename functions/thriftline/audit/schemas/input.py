"""What a person, or a schedule, may ask of an audit, and what the stack says where they do not."""

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cache
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from thriftline.audit.domain.parameters import AuditParameters, Mode
from thriftline.audit.domain.rules.registry import RULES
from thriftline.core.dataclass import dataclass
from thriftline.core.errors import InvalidAuditInputError

_MODES = (Mode.REPORT, Mode.MARK, Mode.ACT)
_SHOWN = 80

Region = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")]
Account = Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$")]
_RULES_OF = {
    "regions": "must be names of regions such as us-east-1",
    "accounts": "must be account ids of 12 digits, in quotation marks",
}


class AuditInput(BaseModel):
    """The input of an execution; whatever it leaves out has its default.

    ``regions`` and ``accounts`` choose the targets, ``rules`` the rules by their ids,
    ``window_days`` (whole UTC days) what is looked at, ``mode`` what may be done, never more than
    the stack allows. ``parameters`` are those of ``AuditParameters``, by name.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    regions: tuple[Region, ...] | None = Field(default=None, min_length=1)
    accounts: tuple[Account, ...] | None = Field(default=None, min_length=1)
    rules: tuple[str, ...] | None = Field(default=None, min_length=1)
    window_days: int = Field(default=30, ge=1, le=90)
    mode: Mode | None = None
    parameters: dict[str, Any] = {}


@dataclass(frozen=True)
class StackDefaults:
    """What the stack's parameters say. ``parameters`` is a JSON object of audit parameters."""

    mode: Mode
    parameters: str


_NAMES = tuple(field.name for field in fields(AuditParameters))


@cache
def _parameters() -> TypeAdapter[AuditParameters]:
    return TypeAdapter(AuditParameters)


def parse_audit_input(given: Mapping[str, Any]) -> AuditInput:
    """Returns what was asked for.

    Raises:
        InvalidAuditInputError: with a line for each problem that names key, rule and what was
            given.
    """
    try:
        asked = AuditInput.model_validate_json(json.dumps(given))
    except ValidationError as error:
        raise InvalidAuditInputError(
            _told("input", error, tuple(AuditInput.model_fields))
        ) from error
    unknown = [rule for rule in asked.rules or () if rule not in {one.id for one in RULES}]
    if unknown:
        ids = tuple(one.id for one in RULES)
        raise InvalidAuditInputError(
            "\n".join(f"input: rules: there is no rule {_near(one, ids)}" for one in unknown)
        )
    return asked


def parameters_of(asked: AuditInput, defaults: StackDefaults) -> AuditParameters:
    """Returns the parameters: the person's before the stack's before Thriftline's.

    Raises:
        InvalidAuditInputError: an unknown parameter, or a value that is not allowed.
    """
    try:
        of_stack = json.loads(defaults.parameters)
    except ValueError as error:
        raise InvalidAuditInputError(
            f"the stack's parameter AuditParameters is not JSON: {error}; write an object such as "
            '{"idle_window_days": 14}.'
        ) from error
    if not isinstance(of_stack, dict):
        raise InvalidAuditInputError(
            'the stack\'s parameter AuditParameters must be an object such as {"grace_hours": 96}.'
        )
    merged = {**of_stack, **asked.parameters}
    try:
        return _parameters().validate_json(json.dumps(merged), extra="forbid")
    except ValidationError as error:
        raise InvalidAuditInputError(_told("parameters", error, _NAMES)) from error


def least_mode(asked: Mode | None, allowed: Mode) -> Mode:
    """Returns what the audit may do: what was asked for, and never more than the stack allows."""
    return min(asked or allowed, allowed, key=_MODES.index)


def _told(what: str, error: ValidationError, names: Sequence[str]) -> str:
    return "\n".join(f"{what}: {_sentence(detail, names)}" for detail in error.errors())


def _sentence(detail: ErrorDetails, names: Sequence[str]) -> str:
    key = ".".join(str(part) for part in detail["loc"])
    if detail["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        return f"unknown key {_near(key, names)}"
    rule = detail["msg"].removeprefix("Value error, ").removeprefix("Input ")
    if detail["type"] == "string_pattern_mismatch":
        rule = _RULES_OF.get(str(detail["loc"][0]), rule)
    given = json.dumps(detail["input"], default=str)
    given = given if len(given) <= _SHOWN else f"{given[:_SHOWN]}…"
    return f"{key}: {rule}; given was {given}." if key else f"{rule}"


def _near(word: str, names: Sequence[str]) -> str:
    near = difflib.get_close_matches(word, names, n=1)
    hint = f" Did you mean {near[0]}?" if near else f" There are: {', '.join(sorted(names))}."
    return f"{word}.{hint}"
