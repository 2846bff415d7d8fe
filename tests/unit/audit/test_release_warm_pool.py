"""A warm pool that waits too long is found, planned, and released if it still waits."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from tests.unit.audit.accounts import ACCOUNT, NOW, REGION, days_ago, inventory, training_job
from tests.unit.audit.canned_aws import CannedClients
from thriftline.audit.domain.action_plan import plan_actions
from thriftline.audit.domain.actions import PlannedAction
from thriftline.audit.domain.audit import audit
from thriftline.audit.domain.findings import ActionKind
from thriftline.audit.domain.parameters import AuditParameters, Mode
from thriftline.audit.domain.resources.jobs import TrainingJob, WarmPool
from thriftline.audit.schemas.settings import Target
from thriftline.audit.steps.acting.case import ActionCase
from thriftline.audit.steps.acting.release_warm_pool import release_warm_pool
from thriftline.core.aws.executor import Executor
from thriftline.money.price_catalogue import price_catalogue

AVAILABLE = WarmPool(status="Available", retained_billable_seconds=None, reused_by_job=None)
PARAMETERS = AuditParameters()


def _job(hours_ago: float = 2, **facts: Any) -> TrainingJob:
    ended = NOW - timedelta(hours=hours_ago)
    job = training_job("warm", keep_alive_seconds=21_600, warm_pool=AVAILABLE, ended=ended)
    return replace(job, instance_count=2, **facts)


def _planned(*jobs: TrainingJob) -> list[PlannedAction]:
    found = inventory(training_jobs=jobs)
    told = audit(found, price_catalogue(), PARAMETERS)
    plan = plan_actions(told.findings, found, PARAMETERS, Mode.ACT)
    return [one for one in plan.actions if one.action is ActionKind.RELEASE_WARM_POOL]


def test_the_rest_of_the_wait_is_priced_and_planned() -> None:
    (action,) = _planned(_job())
    rate = price_catalogue().training_rate("ml.g5.2xlarge", REGION)
    assert rate is not None
    assert f"would wait 4.0 h more: {rate.usd * 8:,.2f} USD" in action.reason
    assert action.executes


@pytest.mark.parametrize(
    "job",
    [
        _job(hours_ago=0.5),
        _job(hours_ago=7),
        _job(
            warm_pool=WarmPool(status="Reused", retained_billable_seconds=60, reused_by_job="next")
        ),
        _job(warm_pool=None),
        _job(tags=(("thriftline:keep", "true"),)),
    ],
    ids=["just ended", "over", "taken over", "none", "kept"],
)
def test_any_other_pool_is_left_alone(job: TrainingJob) -> None:
    assert _planned(job) == []


def _case(*, ended_hours_ago: float = 2, status: str = "Available", keep: str = "") -> ActionCase:
    answer = {
        "TrainingJobName": "warm",
        "TrainingJobArn": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/warm",
        "TrainingEndTime": NOW - timedelta(hours=ended_hours_ago),
        "WarmPoolStatus": {"Status": status},
        "CreationTime": days_ago(1),
    }
    own = [{"Key": "thriftline:keep", "Value": keep}] if keep else []
    clients = CannedClients({"DescribeTrainingJob": [answer], "ListTags": [{"Tags": own}]})
    artifacts: Any = SimpleNamespace(name="artifacts")
    return ActionCase(
        audit_id="audit",
        index=0,
        planned=_planned(_job())[0],
        target=Target(account=ACCOUNT, region=REGION),
        parameters=PARAMETERS,
        clients=clients,
        artifacts=artifacts,
        executor=Executor(clients, artifacts),
        audited=NOW,
        now=NOW,
        sleep=lambda _: None,
    )


def test_a_pool_that_still_waits_is_released_and_nothing_else_changes() -> None:
    case = _case()
    outcome = release_warm_pool(case)
    assert outcome.outcome == "done"
    (call,) = case.executor.calls
    assert (call.operation, call.error) == ("UpdateTrainingJob", None)
    assert call.parameters == {
        "TrainingJobName": "warm",
        "ResourceConfig": {"KeepAlivePeriodInSeconds": 0},
    }


@pytest.mark.parametrize(
    ("case", "why"),
    [
        (_case(status="InUse"), "is InUse"),
        (_case(ended_hours_ago=0.9), "has waited only since"),
        (_case(keep="true"), "thriftline:keep"),
    ],
    ids=["taken over", "another life", "kept"],
)
def test_a_pool_that_changed_since_the_plan_is_left_alone(case: ActionCase, why: str) -> None:
    outcome = release_warm_pool(case)
    assert outcome.outcome == "declined"
    assert why in outcome.reason
    assert case.executor.calls == []
