"""A run that asks for approval, in moto's S3 and DynamoDB, and a Step Functions that is ours."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import boto3
from botocore.exceptions import ClientError

from local_aws import table_locks
from local_aws.hooks import Hooks
from tests.unit.runs.open_world import RecordingTopic
from tests.unit.runs.run_world import NOW, RUN_ID, RunWorld, run_world
from tests.unit.runs.sagemaker_plans import a_plan, a_rung
from thriftline.core.aws.executions import Executions
from thriftline.core.aws.secrets import Secret
from thriftline.runs.aws.approvals_table import ApprovalsTable
from thriftline.runs.domain.approvals import Approval, Link, Part
from thriftline.runs.domain.layout import Upload
from thriftline.runs.schemas.approval import (
    AnswerApprovalRequest,
    CloseApprovalRequest,
    CloseApprovalResponse,
    RequestApprovalRequest,
    SweepApprovalsResponse,
)
from thriftline.runs.schemas.plan import PlannedQuote
from thriftline.runs.schemas.preparation_plan import PreparationPlan
from thriftline.runs.schemas.run import RunPreparation
from thriftline.runs.steps.answer_approval import Answered, answer_approval, respond
from thriftline.runs.steps.close_approval import close_approval
from thriftline.runs.steps.request_approval import request_approval
from thriftline.runs.steps.sweep_approvals import sweep_approvals

TOKEN = "AAAA+/+/token=="
EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:m:e"
SECRET = "a secret that was generated"
HOURS = timedelta(hours=72)
LATE = NOW + HOURS


class StepFunctions:
    """Answers as Step Functions does: a token is good once, while its execution runs."""

    def __init__(self) -> None:
        self.running = True
        self.open = {TOKEN}
        self.woken: list[str] = []
        self.error = ""

    def send_task_success(self, *, taskToken: str, output: str) -> None:
        assert output
        if self.error:
            raise _error(self.error)
        if taskToken not in self.open or not self.running:
            raise _error("TaskTimedOut")
        self.open.remove(taskToken)
        self.woken.append(taskToken)

    def describe_execution(self, *, executionArn: str) -> dict[str, str]:
        assert executionArn == EXECUTION
        return {"status": "RUNNING" if self.running else "ABORTED"}


def _error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "refused"}}, "SendTaskSuccess")


class _Secrets:
    def get_secret_value(self, *, SecretId: str) -> dict[str, str]:
        assert SecretId == "arn:secret"
        return {"SecretString": SECRET}


@dataclass
class ApprovalWorld:
    """The functions of an approval, with everything they are given."""

    run: RunWorld
    table: Any
    topic: RecordingTopic = field(default_factory=RecordingTopic)
    states: StepFunctions = field(default_factory=StepFunctions)

    def __post_init__(self) -> None:
        self.approvals = ApprovalsTable(self.table, "runs")

    def begin(self) -> "ApprovalWorld":
        """A run that was planned and has not asked yet; making a new world takes seconds."""
        for key in (RUN_ID, f"approval#{RUN_ID}", "approvals_pending"):
            self.table.delete_item(TableName="runs", Key={"run_id": {"S": key}})
        self.run.write_run()
        plan = a_plan(
            approval_above_usd=Decimal("2.00"),
            expected_usd=Decimal("0.99"),
            expected_hours=Decimal("0.7"),
            expected_reason="Measured on this type.",
            rungs=(a_rung(), a_rung(spot=False)),
            quotes=(a_quote("ml.g5.xlarge, Spot", "0.99", "2.83"), a_quote("ml.p3", None, "9.00")),
        )
        self.run.put(f"runs/{RUN_ID}/plan.json", plan.model_dump_json())
        return ApprovalWorld(self.run, self.table)

    @property
    def executions(self) -> Executions:
        return Executions(cast("Any", self.states))

    @property
    def secret(self) -> Secret:
        return Secret(cast("Any", _Secrets()), "arn:secret")

    @property
    def approval(self) -> Approval:
        found = self.approvals.get(RUN_ID)
        assert found is not None
        return found

    def prepares(self, worst: str, limit: str, above: str) -> None:
        """Writes the plan of a preparation, of a run that has its item."""
        upload = Upload("data", "datasets/Reviews/run.yaml", "v1")
        self.run.runs.claim(RUN_ID, "Reviews", upload, EXECUTION, NOW)
        plan = PreparationPlan(
            run_id=RUN_ID,
            project="Reviews",
            planned_at=NOW,
            engine="emr_serverless",
            reason="run.yaml names emr_serverless.",
            likely_usd=Decimal("0.30"),
            likely_minutes=20,
            worst_usd=Decimal(worst),
            limit_usd=Decimal(limit),
            held_usd=Decimal("10.00"),
            most_attempts=2,
            max_minutes=60,
            basis="16 vCPUs for 60 minutes",
            files=1,
            stored_bytes=14,
            approval_above_usd=Decimal(above),
        )
        self.run.put(f"runs/{RUN_ID}/preparation_plan.json", plan.model_dump_json())

    def was_prepared(self, charged: str, approved: str) -> None:
        """Writes run.json as the end of a preparation does."""
        run = self.run.write_run(prepare={})
        done = RunPreparation(
            engine="emr_serverless",
            attempt=1,
            rows=9,
            held_usd=Decimal("10.00"),
            charged_usd=Decimal(charged),
            approved_usd=Decimal(approved),
        )
        document = run.model_copy(update={"preparation": done}).model_dump_json()
        self.run.put(f"runs/{RUN_ID}/run.json", document)

    def ask(
        self,
        token: str = TOKEN,
        now: datetime = NOW,
        base_url: str = "https://api.example/approval",
        part: Part = Part.RUN,
    ) -> None:
        self.states.open.add(token)
        request_approval(
            RequestApprovalRequest(
                run_id=RUN_ID,
                execution_arn=EXECUTION,
                task_token=token,
                month="2026-11",
                held_usd=Decimal("2.88"),
                left_usd=Decimal("812.00"),
                part=part,
            ),
            approvals=self.approvals,
            runs=self.run.runs,
            artifacts=self.run.artifacts,
            alerts=self.topic.topic,
            secret=self.secret,
            base_url=base_url,
            stack="money",
            answer_within=HOURS,
            now=now,
        )

    def answer(self, request: AnswerApprovalRequest, now: datetime = NOW) -> Answered:
        return answer_approval(
            request,
            approvals=self.approvals,
            executions=self.executions,
            secret=self.secret,
            now=now,
        )

    def say(self, answer: str | None, by: str = "ann", now: datetime = NOW) -> Answered:
        """A direct call."""
        request = {"run_id": RUN_ID, "answer": answer, "by": by}
        asked = self.approvals.get(RUN_ID)
        if answer == "approve":
            request["worst_case_usd"] = str(asked.worst_case_usd if asked else 1)
        return self.answer(AnswerApprovalRequest.model_validate(request), now)

    def over_http(self, event: dict[str, Any], now: datetime = NOW) -> Answered:
        return self.answer(AnswerApprovalRequest.model_validate(event), now)

    def close(self, now: datetime = NOW, *, timed_out: bool = False) -> CloseApprovalResponse:
        return close_approval(
            CloseApprovalRequest(run_id=RUN_ID, timed_out=timed_out),
            approvals=self.approvals,
            runs=self.run.runs,
            now=now,
        )

    def sweep(self, now: datetime = NOW) -> SweepApprovalsResponse:
        return sweep_approvals(approvals=self.approvals, executions=self.executions, now=now)


def a_link(expires_at: datetime = NOW + HOURS, secret: str = SECRET) -> Link:
    return Link.made(secret, RUN_ID, expires_at)


def http_event(
    method: str, link: Link | None = None, body: str | None = None, accept: str = "text/html"
) -> dict[str, Any]:
    """An event as a function URL and API Gateway's HTTP APIs send it."""
    link = link or a_link()
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/approval",
        "rawQueryString": link.query,
        "queryStringParameters": {
            "id": link.run_id,
            "expires": str(link.expires),
            "signature": link.signature,
        },
        "headers": {"Accept": accept, "content-type": "application/x-www-form-urlencoded"},
        "requestContext": {"http": {"method": method, "path": "/approval", "sourceIp": "::1"}},
        "body": body,
        "isBase64Encoded": False,
    }


def a_quote(name: str, likely: str | None, worst: str) -> PlannedQuote:
    usd = Decimal(likely) if likely else None
    return PlannedQuote(
        trainer="sagemaker",
        name=name,
        rate_usd=Decimal("1.408"),
        rate_unit="instance-hour",
        worst_case_usd=Decimal(worst),
        expected_hours=Decimal("0.7"),
        expected_usd=usd,
        low_usd=usd and usd / 2,
        high_usd=usd and usd * 2,
        chosen=likely is not None,
        within_cap=True,
    )


@contextmanager
def approval_world() -> Iterator[ApprovalWorld]:
    """Makes the world, and takes it away."""
    with run_world() as run, ExitStack() as ending:
        # moto's table loses writes of several threads.
        hooks = Hooks()
        table_locks.install(hooks)
        ending.callback(hooks.undo)
        client = boto3.client("dynamodb", region_name="us-east-1")
        yield ApprovalWorld(run, client)


def response(world: ApprovalWorld, event: dict[str, Any], now: datetime = NOW) -> Any:
    """Returns what a call over HTTP is answered."""
    request = AnswerApprovalRequest.model_validate(event)
    answered = world.answer(request, now)
    return respond(request, answered, artifacts=world.run.artifacts, now=now)
