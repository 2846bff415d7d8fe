"""A run in moto's S3 and DynamoDB, for the tests of its steps."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import boto3
from moto import mock_aws

from thriftline.core.aws.buckets import Bucket
from thriftline.money.aws.ledger_table import LedgerTable
from thriftline.runs.aws.finished_runs import FinishedRuns
from thriftline.runs.aws.runs_table import RunsTable
from thriftline.runs.aws.training_queue import TrainingQueue
from thriftline.runs.domain.layout import Upload
from thriftline.runs.schemas.plan import PlannedTraining
from thriftline.runs.schemas.run import Run
from thriftline.runs.schemas.run_spec import RunSpec

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
RUN_ID = "reviews-0123456789abcdef"
PROJECT = "Reviews"
TRAINING = PlannedTraining(
    method="finetune",
    epochs=10,
    learning_rate=5e-5,
    batch_tokens=4096,
    batch_rows=8,
    warmup_fraction=0.1,
    patience=10,
    steps=200,
)


@dataclass
class RunWorld:
    """The artifacts bucket and the runs table, with one run opened."""

    artifacts: Bucket
    runs: RunsTable
    ledger: LedgerTable
    finished: FinishedRuns
    queue: TrainingQueue
    s3: Any

    def write_run(self, **spec: Any) -> Run:
        """Writes ``run.json``; ``spec`` are keys of the run spec."""
        run = Run(
            run_id=RUN_ID,
            project=PROJECT,
            upload=Upload("data", "datasets/Reviews/reviews.csv", "v1"),
            execution_arn="arn:aws:states:us-east-1:123456789012:execution:m:e",
            opened_at=NOW,
            spec=RunSpec.model_validate(spec),
            files=(),
        )
        self.put(f"runs/{RUN_ID}/run.json", run.model_dump_json())
        return run

    def put(self, key: str, body: str = "") -> None:
        self.s3.put_object(Bucket="artifacts", Key=key, Body=body.encode())

    def attempt(self, number: int = 1) -> dict[str, Any]:
        """What the runs table has of an attempt."""
        item = self.runs.get(RUN_ID) or {}
        facts: dict[str, Any] = item.get(f"attempt_{number:02d}", {})
        return {
            name: int(value) if isinstance(value, Decimal) else value
            for name, value in facts.items()
        }


def make_ledger_table(dynamodb: Any) -> None:
    """Makes the table ``ledger`` as the template does."""
    dynamodb.create_table(
        TableName="ledger",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "ledger_id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "ledger_id", "KeyType": "HASH"}],
    )


@contextmanager
def run_world() -> Iterator[RunWorld]:
    """Makes the world, and takes it away."""
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket="artifacts")
        dynamodb = boto3.client("dynamodb", region_name="us-east-1")
        dynamodb.create_table(
            TableName="runs",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "run_id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "run_id", "KeyType": "HASH"}],
        )
        make_ledger_table(dynamodb)
        yield RunWorld(
            Bucket(s3, "artifacts"),
            RunsTable(dynamodb, "runs"),
            LedgerTable(dynamodb, "ledger"),
            FinishedRuns(dynamodb, "runs"),
            TrainingQueue(dynamodb, "runs"),
            s3,
        )
