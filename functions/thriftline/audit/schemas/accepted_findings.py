"""Reads ``audits/accepted_findings.yaml``: the findings that people live with, and for how long.

A list. ``accepted_by`` and ``on`` may be left out, ``until`` is the last day that it holds:

    - finding: ml.sagemaker.endpoint.idle|123456789012|us-west-2|demo-endpoint
      reason: shown to customers every month
      until: 2026-12-31
      accepted_by: jane
      on: 2026-11-22
"""

import difflib
import json
from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml.comments import CommentedSeq

from thriftline.audit.domain.history import Acceptance
from thriftline.core.text import plain
from thriftline.core.wording import counted
from thriftline.core.yaml_documents import YamlProblemError, line_of, load_yaml

MAX_BYTES = 1_048_576
NAME = "accepted_findings.yaml"
_SHOWN = 80
_MOST_PROBLEMS = 20
# rule|account|region|resource, as findings are named; a resource may hold any character.
_FINDING = r"^[^|]+\|[^|]+\|[^|]+\|.+$"

_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]


class AcceptedFindingsError(ValueError):
    """The file cannot be used; a line for each problem, with its place, rule and fix."""


class AcceptedFinding(BaseModel):
    """One entry of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    finding: Annotated[str, StringConstraints(pattern=_FINDING, max_length=2000)]
    reason: _Text
    until: date
    accepted_by: _Text | None = None
    on: date | None = None


_entries = TypeAdapter(tuple[AcceptedFinding, ...], config=ConfigDict(defer_build=True))


def parse_accepted_findings(text: bytes) -> tuple[Acceptance, ...]:
    """Returns the entries, in the order of the file.

    Raises:
        AcceptedFindingsError: with line, key, what was given and what is allowed.
    """
    if len(text) > MAX_BYTES:
        raise AcceptedFindingsError(
            f"{NAME} has {len(text):,} bytes; {MAX_BYTES:,} are allowed. Remove what is over."
        )
    try:
        document = load_yaml(text, NAME)
    except YamlProblemError as error:
        raise AcceptedFindingsError(str(error)) from error
    if document is None:
        return ()
    if not isinstance(document, CommentedSeq):
        raise AcceptedFindingsError(
            f"{NAME} line 1: the file must hold a list; begin each entry with '- finding: …'."
        )
    try:
        entries = _entries.validate_json(json.dumps(document, default=str))
    except ValidationError as error:
        details = error.errors(include_url=False)
        problems = [_sentence(detail, document) for detail in details[:_MOST_PROBLEMS]]
        if len(details) > _MOST_PROBLEMS:
            problems.append(
                f"{NAME}: and {counted(len(details) - _MOST_PROBLEMS, 'more problem')}."
            )
        raise AcceptedFindingsError("\n".join(problems)) from error
    return tuple(Acceptance(**entry.model_dump()) for entry in entries)


def _sentence(detail: ErrorDetails, document: Any) -> str:
    path = list(detail["loc"])
    line = line_of(path, document)
    place = f"{NAME} line {line}" if line else NAME
    if detail["type"] == "extra_forbidden":
        return f"{place}: unknown key {plain(path[-1], _SHOWN)}; {_allowed(str(path[-1]))}"
    if detail["type"] == "missing":
        return f"{place}: the entry has no {path[-1]}."
    given = json.dumps(detail["input"], default=str)
    if len(given) > _SHOWN:
        given = given[:_SHOWN] + "…"
    rule = detail["msg"].removeprefix("Value error, ").removeprefix("Input ")
    if detail["type"] == "string_pattern_mismatch":
        rule = "must be rule|account|region|resource, as the report names a finding"
    key = f" {path[-1]}:" if len(path) > 1 else ""
    return f"{place}:{key} {rule}; given was {given}."


def _allowed(key: str) -> str:
    allowed = list(AcceptedFinding.model_fields)
    near = difflib.get_close_matches(key, allowed, n=1)
    return f"allowed are {', '.join(allowed)}." + (f" Did you mean {near[0]}?" if near else "")
