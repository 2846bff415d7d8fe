"""Buckets, table and topic for tests of what an upload starts."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast

import boto3
from moto import mock_aws

from local_aws import table_locks
from local_aws.hooks import Hooks
from thriftline.core.aws.buckets import Bucket
from thriftline.core.aws.topic import Topic
from thriftline.runs.aws.approvals_table import ApprovalsTable
from thriftline.runs.aws.project_claims import ClaimsTable
from thriftline.runs.aws.runs_table import RunsTable
from thriftline.runs.domain.layout import Upload
from thriftline.runs.schemas.run import Run
from thriftline.runs.schemas.run_yaml import Defaults
from thriftline.runs.schemas.steps.opening import OpenRunRequest, OpenRunResponse
from thriftline.runs.steps.open_run import open_run
from thriftline.runs.steps.raw_sources import RawSources

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
DEFAULTS = Defaults("org/base", "ml.g5.xlarge", Decimal(10), ("sagemaker",))
FOLDER = "datasets/reviews/"


class RecordingTopic:
    """A topic that keeps what it is given."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.topic = Topic(cast("Any", self), "arn:topic")

    def publish(self, *, TopicArn: str, Subject: str, Message: str, **_: object) -> None:
        self.messages.append(f"{TopicArn} {Subject}\n{Message}")


@dataclass
class World:
    """The two buckets and the table, empty, and what was told to people."""

    data: Bucket
    artifacts: Bucket
    runs: RunsTable
    claims: ClaimsTable
    approvals: ApprovalsTable
    told: RecordingTopic
    s3: Any
    table: Any

    def upload(self, name: str, body: bytes = b"x\n") -> Upload:
        put = self.s3.put_object(Bucket="data", Key=FOLDER + name, Body=body)
        return Upload("data", FOLDER + name, put["VersionId"], "", len(body))

    def ask(self, upload: Upload, execution: str = "e1", settled: bool = False) -> OpenRunResponse:
        return open_run(
            OpenRunRequest(upload=upload, execution_arn=execution, settled=settled),
            data=self.data,
            artifacts=self.artifacts,
            runs=self.runs,
            claims=self.claims,
            alerts=self.told.topic,
            defaults=DEFAULTS,
            sources=RawSources(self.data),
            settle_seconds=60,
            now=NOW,
        )

    def empty(self) -> None:
        """Forgets everything."""
        self.told.messages.clear()
        for bucket in ("data", "artifacts"):
            for found in self.s3.list_object_versions(Bucket=bucket).get("Versions", []):
                self.s3.delete_object(Bucket=bucket, Key=found["Key"], VersionId=found["VersionId"])
        for item in self.table.scan(TableName="runs", ProjectionExpression="run_id")["Items"]:
            self.table.delete_item(TableName="runs", Key=item)

    def open(self, upload: Upload, execution: str = "e1") -> OpenRunResponse:
        """As the machine does: once more after the wait."""
        answer = self.ask(upload, execution)
        return self.ask(upload, execution, settled=True) if answer.decision == "wait" else answer

    def run_of(self, upload: Upload) -> Run:
        answer = self.open(upload)
        assert answer.decision == "open", answer.reason
        return Run.model_validate(self.artifacts.read_json(f"runs/{answer.run_id}/run.json"))


@contextmanager
def open_world() -> Iterator[World]:
    """Makes the world, and takes it away; its table does one call at a time, as DynamoDB does."""
    hooks = Hooks()
    table_locks.install(hooks)
    with ExitStack() as ending:
        ending.callback(hooks.undo)
        ending.enter_context(mock_aws())
        s3 = boto3.client("s3", region_name="us-east-1")
        for name in ("data", "artifacts"):
            s3.create_bucket(Bucket=name)
            s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        dynamodb = boto3.client("dynamodb", region_name="us-east-1")
        dynamodb.create_table(
            TableName="runs",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "run_id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "run_id", "KeyType": "HASH"}],
        )
        yield World(
            Bucket(s3, "data"),
            Bucket(s3, "artifacts"),
            RunsTable(dynamodb, "runs"),
            ClaimsTable(dynamodb, "runs"),
            ApprovalsTable(dynamodb, "runs"),
            RecordingTopic(),
            s3,
            dynamodb,
        )
