"""Opening an audit settles its targets, its mode and its window, the same each time."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from tests.unit.runs.run_world import run_world
from thriftline.audit.domain.parameters import Mode
from thriftline.audit.domain.parts import Part, Scope
from thriftline.audit.schemas.input import StackDefaults
from thriftline.audit.schemas.steps import OpenAuditRequest, OpenAuditResponse
from thriftline.audit.steps.documents import read_settings
from thriftline.audit.steps.open_audit import KnownTargets, open_audit
from thriftline.core.aws.buckets import Bucket
from thriftline.core.errors import AwsRequestError, InvalidAuditInputError

NOW = datetime(2026, 3, 19, 6, 0, 5, tzinfo=UTC)
EXECUTION = "arn:aws:states:us-west-2:111111111111:execution:thriftline-cost-audit:one"
PLACES = KnownTargets(
    own_account="111111111111",
    partition="aws",
    regions=("us-west-2", "eu-west-1"),
    accounts=("111111111111", "222222222222"),
    audit_role_name="thriftline-audit",
    act_role_name="thriftline-act",
)


@pytest.fixture
def artifacts() -> Iterator[Bucket]:
    with run_world() as world:
        yield world.artifacts


def opened(
    artifacts: Bucket,
    given: dict[str, Any],
    *,
    scope: Scope = Scope.ACCOUNT,
    started: datetime = NOW,
    execution: str = EXECUTION,
    allowed: Mode = Mode.REPORT,
) -> OpenAuditResponse:
    request = OpenAuditRequest(execution_arn=execution, started=started, scope=scope, input=given)
    defaults = StackDefaults(allowed, '{"grace_hours": 96}')
    return open_audit(request, artifacts=artifacts, places=PLACES, defaults=defaults)


def test_the_defaults_look_at_every_place_of_the_stack(artifacts: Bucket) -> None:
    answer = opened(artifacts, {})
    assert answer.targets == 4
    assert answer.parts == tuple(Part)
    settings = read_settings(artifacts, answer.audit_id)
    assert [(one.account, one.region, one.is_home) for one in settings.targets] == [
        ("111111111111", "us-west-2", True),
        ("111111111111", "eu-west-1", False),
        ("222222222222", "us-west-2", True),
        ("222222222222", "eu-west-1", False),
    ]
    assert settings.rules is None
    assert settings.parameters.grace_hours == 96


def test_only_other_accounts_are_entered_through_roles(artifacts: Bucket) -> None:
    settings = read_settings(artifacts, opened(artifacts, {}).audit_id)
    own, other = settings.targets[0], settings.targets[2]
    assert (own.audit_role_arn, own.act_role_arn) == (None, None)
    assert other.audit_role_arn == "arn:aws:iam::222222222222:role/thriftline-audit"
    assert other.act_role_arn == "arn:aws:iam::222222222222:role/thriftline-act-mark"


@pytest.mark.parametrize(
    ("mode", "role"),
    [
        (Mode.REPORT, "thriftline-act-mark"),
        (Mode.MARK, "thriftline-act-mark"),
        (Mode.ACT, "thriftline-act"),
    ],
)
def test_the_role_in_another_account_may_no_more_than_the_mode(
    artifacts: Bucket, mode: Mode, role: str
) -> None:
    settings = read_settings(artifacts, opened(artifacts, {}, allowed=mode).audit_id)
    assert settings.targets[2].act_role_arn == f"arn:aws:iam::222222222222:role/{role}"


def test_the_list_of_the_map_is_what_the_settings_say(artifacts: Bucket) -> None:
    answer = opened(artifacts, {"regions": ["eu-west-1", "eu-west-1"]})
    body = artifacts.read(answer.targets_key)
    assert body is not None
    settings = read_settings(artifacts, answer.audit_id)
    assert json.loads(body) == json.loads(settings.model_dump_json())["targets"]
    assert answer.targets == 2


def test_the_window_is_whole_days_of_utc_wherever_the_clock_stands(artifacts: Bucket) -> None:
    east = NOW.astimezone(timezone(timedelta(hours=9)))
    settings = read_settings(artifacts, opened(artifacts, {}, started=east).audit_id)
    assert settings.window.start == datetime(2026, 2, 17, tzinfo=UTC)
    assert settings.window.end == datetime(2026, 3, 19, tzinfo=UTC)
    assert settings.started == NOW


def test_a_second_call_of_one_execution_is_the_same_audit(artifacts: Bucket) -> None:
    first, again = opened(artifacts, {}), opened(artifacts, {})
    other = opened(artifacts, {}, execution=f"{EXECUTION}-again")
    assert first == again
    assert other.audit_id != first.audit_id
    assert first.audit_id.startswith("2026-03-19T060005Z-")


def test_idle_endpoints_are_a_scope_of_their_own(artifacts: Bucket) -> None:
    answer = opened(artifacts, {}, scope=Scope.IDLE_ENDPOINTS)
    assert answer.parts == (Part.ENDPOINTS,)
    settings = read_settings(artifacts, answer.audit_id)
    assert settings.rules == ("ml.sagemaker.endpoint.idle",)


def test_the_mode_is_never_more_than_the_stack_allows(artifacts: Bucket) -> None:
    answer = opened(artifacts, {"mode": "act"}, allowed=Mode.MARK)
    assert answer.mode is Mode.MARK
    settings = read_settings(artifacts, answer.audit_id)
    assert (settings.asked_mode, settings.allowed_mode) == (Mode.ACT, Mode.MARK)


def test_nothing_is_written_for_an_input_that_is_refused(artifacts: Bucket) -> None:
    with pytest.raises(InvalidAuditInputError):
        opened(artifacts, {"mode": "delete"})
    assert list(artifacts.list("audits/")) == []


def test_an_audit_that_was_never_opened_is_named(artifacts: Bucket) -> None:
    with pytest.raises(AwsRequestError, match=r"audits/nothing/settings\.json is missing"):
        read_settings(artifacts, "nothing")
