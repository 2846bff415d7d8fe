"""The API on moto: a table of runs with its indexes, buckets, a ledger, and calls by events."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from moto import mock_aws

from tests.contract.conftest import ROOT, load_cloudformation
from thriftline.core.aws import clients
from thriftline.core.aws.deadline import Deadline
from thriftline.runs.aws.runs_table import run_item
from thriftline.runs.domain.layout import Upload
from thriftline.wiring import api as wiring
from thriftline.wiring import api_audit, api_calls, api_serving, shared

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
ANN = "arn:aws:sts::123456789012:assumed-role/Operators/ann"
BOB = "arn:aws:sts::123456789012:assumed-role/Readers/bob"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:training"
_MACHINES = "arn:aws:states:us-east-1:123456789012:stateMachine"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
    "AWS_LAMBDA_FUNCTION_NAME": "api",
    "POWERTOOLS_TRACE_DISABLED": "true",
    "POWERTOOLS_LOG_LEVEL": "CRITICAL",
    "STACK_NAME": "thriftline",
    "ARTIFACTS_BUCKET": "artifacts",
    "DATA_BUCKET": "data",
    "RUNS_TABLE": "runs",
    "LEDGER_TABLE": "ledger",
    "REQUESTS_TABLE": "requests",
    "TRAINING_MACHINE_ARN": MACHINE,
    "DEFAULT_BASE_MODEL": "distilbert/distilbert-base-uncased",
    "DEFAULT_INSTANCE_TYPE": "ml.g5.xlarge",
    "DEFAULT_MAX_USD": "10.00",
    "TRAINERS": "sagemaker,bedrock",
    "PROJECT_MEMBERS": "{}",
    "PROJECT_BUDGETS": '{"reviews": 200}',
    "MAX_USD_PER_MONTH": "1000.00",
    "ENDPOINTS_TABLE": "endpoints",
    "PREVIEW_FUNCTION": "preview",
    "CHANGE_SCHEDULE_FUNCTION": "change-schedule",
    "DEPLOY_MACHINE_ARN": f"{_MACHINES}:deploy",
    "COMPARE_MACHINE_ARN": f"{_MACHINES}:compare",
    "SCHEDULE_MACHINE_ARN": f"{_MACHINES}:act-on-schedule",
    "AUDIT_MACHINE_ARN": f"{_MACHINES}:audit",
    "RESTORE_MACHINE_ARN": f"{_MACHINES}:restore",
    "RESTORE_FUNCTION": "restore",
}


_WAITS = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}}}


@dataclass(frozen=True)
class Answered:
    """One answer of the API, as API Gateway is given it."""

    status: int
    headers: dict[str, str]
    body: str

    @property
    def detail(self) -> str:
        return str(self.document["detail"])

    @property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


@dataclass
class ApiWorld:
    """Calls go through the Lambda's handler."""

    monkeypatch: pytest.MonkeyPatch
    dynamodb: Any
    s3: Any
    states: Any
    made: list[str] = field(default_factory=list)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        caller: str = ANN,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answered:
        return self.send(rest_event(method, path, body, caller=caller, key=key, headers=headers))

    def send(self, event: dict[str, Any]) -> Answered:
        from thriftline.api.handler import lambda_handler

        answer = lambda_handler(event, _context())
        assert not answer.get("isBase64Encoded")
        return Answered(answer["statusCode"], dict(answer["headers"]), answer["body"])

    def upload(self, key: str, body: bytes = b"text,label\n") -> str:
        """Returns the version id of the object."""
        answer = self.s3.put_object(Bucket="data", Key=key, Body=body)
        return str(answer["VersionId"])

    def run_that_goes_on(self, run_id: str) -> str:
        """Returns the ARN of its execution."""
        arn = str(self.states.start_execution(stateMachineArn=MACHINE, name=run_id)["executionArn"])
        self.add_run(run_id, execution_arn=arn)
        return arn

    def set(self, **variables: str) -> None:
        for name, value in variables.items():
            self.monkeypatch.setenv(name, value)
        forget()

    def add_run(self, run_id: str, project: str = "reviews", **values: Any) -> None:
        """Writes a run that was opened as many minutes ago as there are runs."""
        opened = NOW - timedelta(days=1) + timedelta(minutes=len(self.made))
        self.made.append(run_id)
        upload = Upload("data", f"datasets/{project}/{run_id}.csv", "v1")
        arn = str(values.pop("execution_arn", f"{MACHINE.replace('stateMachine', 'execution')}:x"))
        item = run_item(run_id, project, upload, arn, opened)
        status = values.get("status", item["status"])
        item |= {**values, "project_status": f"{project}#{status}"}
        boto3.resource("dynamodb", region_name="us-east-1").Table("runs").put_item(Item=item)


def rest_event(
    method: str,
    path: str,
    body: Any = None,
    *,
    caller: str = ANN,
    key: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Returns what a REST API sends (payload 1.0); the route is found as API Gateway finds it."""
    parts = urlsplit(path)
    resource, parameters = _resource(method, parts.path)
    query: dict[str, list[str]] = {}
    for pair in filter(None, parts.query.split("&")):
        name, _, value = pair.partition("=")
        query.setdefault(name, []).append(value)
    sent = {"Content-Type": "application/json", **(headers or {})}
    if key is not None:
        sent["Idempotency-Key"] = key
    text = body if isinstance(body, str) or body is None else json.dumps(body)
    return {
        "resource": resource,
        "path": parts.path,
        "httpMethod": method,
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": parameters or None,
        "stageVariables": None,
        "requestContext": {
            "resourcePath": resource,
            "httpMethod": method,
            "path": f"/v1{parts.path}",
            "stage": "v1",
            "requestId": "request-1",
            "identity": {"userArn": caller, "sourceIp": "192.0.2.1"},
        },
        "body": text,
        "isBase64Encoded": False,
    }


def _resource(method: str, path: str) -> tuple[str, dict[str, str]]:
    from thriftline.api.routes import ROUTES

    given = path.split("/")
    for route in sorted(ROUTES, key=lambda one: (one.method != method, one.path.count("{"))):
        wanted = route.path.split("/")
        pairs = list(zip(wanted, given, strict=False))
        if len(wanted) == len(given) and all(w.startswith("{") or w == g for w, g in pairs):
            return route.path, {w[1:-1]: g for w, g in pairs if w.startswith("{")}
    raise LookupError(f"no route {method} {path}")


def _context() -> Any:
    return SimpleNamespace(
        function_name="api",
        memory_limit_in_mb=1024,
        invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:api",
        aws_request_id="lambda-1",
    )


def forget() -> None:
    """Takes back what the wiring has made: the next call makes it of the environment."""
    for module in (wiring, api_calls, api_serving, api_audit, shared):
        for name in vars(module):
            clear = getattr(getattr(module, name), "cache_clear", None)
            if clear is not None:
                clear()
    for name in vars(clients):
        clear = getattr(getattr(clients, name), "cache_clear", None)
        if clear is not None:
            clear()


@cache
def _resources() -> dict[str, Any]:
    found: dict[str, Any] = load_cloudformation(ROOT / "template.yaml")["Resources"]
    return found


def make_tables(dynamodb: Any) -> None:
    """Makes the tables as the template says they are."""
    resources = _resources()
    for name, logical_id in (
        ("runs", "RunsTable"),
        ("ledger", "LedgerTable"),
        ("requests", "RequestsTable"),
        ("endpoints", "EndpointsTable"),
    ):
        properties = resources[logical_id]["Properties"]
        wanted = ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
        dynamodb.create_table(
            TableName=name, **{one: properties[one] for one in wanted if one in properties}
        )


@contextmanager
def api_world(monkeypatch: pytest.MonkeyPatch) -> Iterator[ApiWorld]:
    """Makes the world, and takes it away."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(wiring, "now", lambda: NOW)
    # A machine at work is no slow service: of the time that passes, tests of it alone decide.
    monkeypatch.setattr(clients, "deadline", Deadline(lambda: 0.0))
    forget()
    with mock_aws():
        dynamodb = boto3.client("dynamodb", region_name="us-east-1")
        make_tables(dynamodb)
        s3 = boto3.client("s3", region_name="us-east-1")
        for bucket in ("artifacts", "data"):
            s3.create_bucket(Bucket=bucket)
            s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        states = boto3.client("stepfunctions", region_name="us-east-1")
        states.create_state_machine(
            name="training",
            definition=json.dumps(_WAITS),
            roleArn="arn:aws:iam::123456789012:role/states",
        )
        yield ApiWorld(monkeypatch, dynamodb, s3, states)
    forget()
    assert os.environ["STACK_NAME"]
