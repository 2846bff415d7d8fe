"""What may be asked of an audit: the person's words before the stack's, and clear refusals."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thriftline.audit.domain.parameters import AuditParameters, Mode
from thriftline.audit.schemas.input import (
    AuditInput,
    StackDefaults,
    least_mode,
    parameters_of,
    parse_audit_input,
)
from thriftline.core.errors import InvalidAuditInputError

NOTHING = StackDefaults(Mode.REPORT, "{}")


def test_an_empty_input_means_the_defaults() -> None:
    assert parse_audit_input({}) == AuditInput()
    assert parameters_of(AuditInput(), NOTHING) == AuditParameters()


@pytest.mark.parametrize(
    ("given_input", "words"),
    [
        ({"region": ["us-east-1"]}, ["unknown key region", "Did you mean regions?"]),
        ({"regions": ["virginia"]}, ["regions", "such as us-east-1", '"virginia"']),
        ({"regions": []}, ["regions", "at least 1"]),
        ({"accounts": [123456789012]}, ["accounts", "string"]),
        ({"accounts": ["12345"]}, ["accounts", "12 digits", '"12345"']),
        ({"rules": ["ml.sagemaker.endpoint.idel"]}, ["Did you mean ml.sagemaker.endpoint.idle?"]),
        ({"window_days": 0}, ["window_days", "greater than or equal to 1", "given was 0"]),
        ({"window_days": 400}, ["window_days", "less than or equal to 90"]),
        ({"mode": "delete"}, ["mode", "'report', 'mark' or 'act'"]),
    ],
)
def test_a_wrong_input_is_refused_by_key_rule_and_value(
    given_input: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(InvalidAuditInputError) as refused:
        parse_audit_input(given_input)
    for word in words:
        assert word in str(refused.value)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"grace_hour": 1}, ["unknown key grace_hour", "Did you mean grace_hours?"]),
        ({"grace_hours": -1}, ["grace_hours is -1", "at least 0"]),
        ({"idle_window_days": "week"}, ["idle_window_days", "integer", '"week"']),
        ({"keep_tag": ""}, ["keep_tag is empty"]),
        ({"max_action_share": 2}, ["max_action_share is 2", "[0, 1]"]),
    ],
)
def test_a_wrong_parameter_is_refused_by_name(asked: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(InvalidAuditInputError) as refused:
        parameters_of(AuditInput(parameters=asked), NOTHING)
    for word in words:
        assert word in str(refused.value)


@pytest.mark.parametrize("text", ["{", "[]", "7", '{"no_such": 1}'])
def test_a_wrong_parameter_of_the_stack_is_refused(text: str) -> None:
    with pytest.raises(InvalidAuditInputError):
        parameters_of(AuditInput(), StackDefaults(Mode.REPORT, text))


def test_the_person_comes_before_the_stack_and_the_stack_before_the_defaults() -> None:
    stack = StackDefaults(Mode.REPORT, json.dumps({"grace_hours": 96, "idle_window_days": 14}))
    got = parameters_of(AuditInput(parameters={"grace_hours": 1}), stack)
    assert (got.grace_hours, got.idle_window_days) == (1, 14)
    assert got.max_actions == AuditParameters().max_actions


@given(st.sampled_from(list(Mode)) | st.none(), st.sampled_from(list(Mode)))
def test_no_input_may_do_more_than_the_stack_allows(asked: Mode | None, allowed: Mode) -> None:
    order = [Mode.REPORT, Mode.MARK, Mode.ACT]
    got = least_mode(asked, allowed)
    assert order.index(got) <= order.index(allowed)
    assert got == (asked if asked and order.index(asked) <= order.index(allowed) else allowed)
