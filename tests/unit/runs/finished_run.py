"""A run in moto: its bucket and table, and documents as the steps before would leave them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import boto3
from moto import mock_aws

from tests.unit.runs.run_world import make_ledger_table
from tests.unit.runs.sagemaker_plans import a_plan, a_rung
from thriftline.core.aws.buckets import Bucket
from thriftline.datasets.report_document import DatasetReport
from thriftline.money.aws.ledger_table import LedgerTable
from thriftline.runs.aws.approvals_table import ApprovalsTable
from thriftline.runs.aws.finished_runs import FinishedRuns
from thriftline.runs.aws.runs_table import RunsTable
from thriftline.runs.aws.training_queue import TrainingQueue
from thriftline.runs.domain.layout import Upload, run_id_of
from thriftline.runs.schemas.plan import Plan, PlannedChampion
from thriftline.runs.schemas.run import Run
from thriftline.runs.schemas.run_spec import RunSpec
from thriftline.runs.trainers.sagemaker.layout import job_output_prefix

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
OPENED = NOW - timedelta(minutes=30)
UPLOAD = Upload("data", "datasets/reviews/reviews.csv", "v1", "etag", 1000)
RUN_ID = run_id_of(UPLOAD, "reviews")
JOB = f"{RUN_ID}-01"
EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:training:1"
CHAMPION = PlannedChampion(model_package_arn="arn:package/4", model_data_url="s3://b/m.tar.gz")


def plan(champion: PlannedChampion | None = None) -> Plan:
    """A plan of one g5.xlarge on Spot."""
    return a_plan(
        run_id=RUN_ID,
        planned_at=OPENED,
        base_model="org/base",
        splits={"train": 160, "validation": 20, "test": 100},
        rungs=(
            a_rung("1.44", "1.44", volume_gib=0, max_runtime_seconds=3600, max_wait_seconds=7200),
        ),
        allowance_usd=Decimal("1.44"),
        expected_usd=Decimal("0.20"),
        expected_hours=Decimal("0.14"),
        expected_reason="A guess.",
        champion=champion,
    )


def dataset(
    test: int = 100,
    labels: tuple[str, ...] = ("negative", "positive"),
    train: dict[str, int] | None = None,
) -> DatasetReport:
    """A data set that was accepted."""
    return DatasetReport.model_validate(
        {
            "verdict": "accepted",
            "summary": "Accepted.",
            "rows": 280,
            "bytes": 1000,
            "columns": ["text", "label"],
            "text_columns": ["text"],
            "label_column": "label",
            "seed": 42,
            "labels": dict.fromkeys(labels, 140),
            "characters": 28_000,
            "text_length_mean": 100.0,
            "text_length_median": 90,
            "text_length_p95": 200,
            "text_length_max": 400,
            "text_length_histogram": [],
            "splits": {"train": 160, "validation": 20, "test": test},
            "split_labels": {"train": train} if train else {},
            "split_origins": {},
            "sampling": {"exact": True, "rows": 280, "share": 1.0, "statement": "All rows."},
            "findings": [],
            "files": [],
        }
    )


@dataclass
class World:
    """The artifacts bucket and the runs table."""

    artifacts: Bucket
    runs: RunsTable
    ledger: LedgerTable
    finished: FinishedRuns
    approvals: ApprovalsTable
    queue: TrainingQueue

    def put(self, name: str, body: bytes) -> None:
        """Writes a document of the run."""
        self.artifacts.write(f"runs/{RUN_ID}/{name}", body, "application/json")

    def json(self, name: str) -> Any:
        """Reads a document of the run."""
        return self.artifacts.read_json(f"runs/{RUN_ID}/{name}")

    def put_run(self, **spec: Any) -> None:
        """Writes ``run.json``."""
        run = Run(
            run_id=RUN_ID,
            project="reviews",
            upload=UPLOAD,
            execution_arn=EXECUTION,
            opened_at=OPENED,
            spec=RunSpec.model_validate({"seed": 7} | spec),
            files=(),
        )
        self.put("run.json", run.model_dump_json().encode())

    def put_planned(self, champion: PlannedChampion | None = None, **data: Any) -> None:
        """Writes ``dataset.json`` and ``plan.json``."""
        self.put("dataset.json", dataset(**data).model_dump_json().encode())
        self.put("plan.json", plan(champion).model_dump_json().encode())

    def put_output(self, name: str, body: bytes) -> None:
        """Writes what the job left."""
        prefix = job_output_prefix(RUN_ID, JOB)
        self.artifacts.write(prefix + name, body, "application/gzip")

    def claim(self) -> None:
        """Opens the run in the table."""
        self.runs.claim(RUN_ID, "reviews", UPLOAD, EXECUTION, OPENED)

    def attempt(self, number: int, **facts: Any) -> None:
        """Records an attempt as Poll training does."""
        base = {
            "job_name": f"{RUN_ID}-{number:02d}",
            "image": "repo/image:of-the-job",
            "instance_type": "ml.g5.xlarge",
            "instance_count": 1,
            "spot": True,
            "status": "Completed",
            "secondary_status": "Completed",
            "ending": "completed",
            "failure_reason": None,
            "started_at": OPENED.isoformat(),
            "ended_at": NOW.isoformat(),
            "training_seconds": 1000,
            "billable_seconds": 400,
            "interruptions": 1,
            "billed_usd": "0.160000000",
            "undiscounted_usd": "0.400000000",
            "model_uri": f"s3://artifacts/training/{RUN_ID}/{RUN_ID}-{number:02d}/output/model.tar.gz",
        }
        self.runs.record_attempt(RUN_ID, number, base | facts)


@contextmanager
def world() -> Iterator[World]:
    """An empty bucket and table."""
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
        yield World(
            Bucket(s3, "artifacts"),
            RunsTable(dynamodb, "runs"),
            LedgerTable(dynamodb, "ledger"),
            FinishedRuns(dynamodb, "runs"),
            ApprovalsTable(dynamodb, "runs"),
            TrainingQueue(dynamodb, "runs"),
        )
