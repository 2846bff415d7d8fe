"""Raw data prepared on a loopback Databricks, then trained on: one run.yaml, one run, one cap."""

import dataclasses
import functools
import itertools
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from laptop.stack import BASE_MODEL_PREFIX, with_own_stack
from local_aws.server import EmbeddedAws, Options
from local_aws.training.jobs import TrainingJobs
from local_aws.training.options import TrainingOptions
from tests.integration.databricks.programs import programs, quick
from tests.integration.databricks.server import Loopback, databricks
from tests.integration.databricks.story import Story, Work
from tests.integration.databricks.workspace import Workspace
from tests.integration.workflow.conftest import CONFIG, PROGRAM
from tests.integration.workflow.world import World

SECRET = "databricks"
PARAMETERS = {
    "Trainers": "sagemaker",
    "DatabricksSecretArn": f"arn:aws:secretsmanager:us-east-1:123456789012:secret:{SECRET}",
    "DatabricksUsdPerDbu": "0.15",
    "DatabricksNodeRates": '{"m5.xlarge": {"dbu_per_hour": "0.69", "ec2_usd_per_hour": "0.192"}}',
}
RUN_YAML = """\
prepare:
  engine: {engine}
  source: [s3://{bucket}/raw/{project}/]
  columns: {{text: review, label: stars}}
  labels: {{'1': bad, '5': good}}
  {cluster}
budget: {{max_usd: 20}}
"""
CLUSTER = "spot: true\n  databricks: {workers: 1}"
_numbers = itertools.count(1)


@dataclass
class Stack:
    """The application, and the workspace that it prepares on."""

    world: World
    loopback: Loopback
    folder: Path

    def submitted(self, engine: str = "databricks", cluster: str = CLUSTER) -> str:
        """Raw data and a run.yaml for them; returns its version."""
        project = f"reviews-{next(_numbers)}"
        rows = [
            f"the film number {row} was like number {row * 7},{1 + row % 2 * 4}"
            for row in range(400)
        ]
        body = "\n".join(["review,stars", *rows, *rows[:40]])
        s3 = self.world.s3
        s3.put_object(Bucket=self.world.data, Key=f"raw/{project}/a.csv", Body=body.encode())
        text = RUN_YAML.format(
            engine=engine, bucket=self.world.data, project=project, cluster=cluster
        )
        return self.world.upload(f"{project}/run.yaml", text)

    def does(self, work: Work | None = None) -> None:
        """What the next runs of the workspace do: the program, or a story."""
        self.loopback.workspace.works = (
            programs(self.world.s3, self.folder, quick()) if work is None else lambda _: work
        )

    @property
    def runs(self) -> list[dict[str, object]]:
        return [dict(run.body) for run in self.loopback.workspace.runs.values()]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    jobs = functools.partial(
        TrainingJobs,
        command=[sys.executable, str(PROGRAM)],
        options=TrainingOptions(stop_grace_seconds=5),
    )
    options = with_own_stack(Options(time_scale=60, parameters=PARAMETERS))
    with (
        databricks(Workspace(clock=time.time)) as loopback,
        EmbeddedAws(dataclasses.replace(options, training_jobs=jobs)) as aws,
    ):
        aws.client("secretsmanager").create_secret(Name=SECRET, SecretString=loopback.secret)
        aws.client("s3").put_object(
            Bucket=aws.outputs["ArtifactsBucketName"],
            Key=f"{BASE_MODEL_PREFIX}config.json",
            Body=CONFIG.encode(),
        )
        yield Stack(World(aws), loopback, tmp_path_factory.mktemp("databricks"))


def test_raw_data_becomes_a_data_set_and_a_model(stack: Stack) -> None:
    stack.does()
    ended = stack.world.end_of(stack.submitted())

    assert ended.status == "SUCCEEDED", (ended.error, ended.cause)
    assert ended.result is not None
    assert len(stack.runs) == 1
    assert ended.result["dataset"]["rows"] == 400
    assert ended.result["dataset"]["labels"] == {"bad": 200, "good": 200}
    # One cap and one bill: the cluster's minutes and the training's seconds.
    money = ended.result["settlement"]
    assert money["status"] == "settled"
    settled = Decimal(money["settled_usd"])
    assert stack.loopback.workspace.bills_usd() < settled < Decimal(money["held_usd"])


def test_a_cluster_without_capacity_gets_another_attempt(stack: Stack) -> None:
    before = len(stack.runs)
    stack.does(
        Work(
            Story(
                set_up_seconds=0,
                works_seconds=0,
                clean_up_seconds=0,
                code="CLOUD_FAILURE",
                cluster_reason="AWS_INSUFFICIENT_INSTANCE_CAPACITY_FAILURE",
            )
        )
    )
    ended = stack.world.end_of(stack.submitted())

    assert ended.status == "FAILED"
    assert ended.error == "LadderExhaustedError"
    assert "AWS_INSUFFICIENT_INSTANCE_CAPACITY_FAILURE" in ended.cause
    assert len(stack.runs) == before + 2


def test_a_run_that_is_aborted_leaves_nothing_running(stack: Stack) -> None:
    stack.does(Work(Story(works_seconds=None)))
    arn = stack.world.execution_of(stack.submitted())
    deadline = time.monotonic() + 60
    while not stack.loopback.workspace.active() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert stack.loopback.workspace.active()
    stack.world.states.stop_execution(executionArn=arn)
    while stack.loopback.workspace.active() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert stack.loopback.workspace.active() == []


def test_a_workspace_that_refuses_is_a_rejection_that_says_so(stack: Stack) -> None:
    stack.loopback.workspace.may_submit = False
    try:
        ended = stack.world.end_of(stack.submitted())
    finally:
        stack.loopback.workspace.may_submit = True
    assert ended.status == "FAILED"
    assert "May the service principal" in ended.cause
    assert stack.loopback.workspace.bills_usd() >= Decimal(0)


@pytest.mark.parametrize(
    ("engine", "cluster", "sentence"),
    [
        (
            "databricks",
            "databricks: {node_type: r5.xlarge}",
            "prepare.databricks.dbu_per_hour, prepare.databricks.ec2_usd_per_hour are not set",
        ),
        ("local", "", "`thriftline prepare run.yaml --data DIR --into DIR`"),
    ],
)
def test_what_has_no_rate_or_runs_elsewhere_is_rejected_and_nothing_starts(
    stack: Stack, engine: str, cluster: str, sentence: str
) -> None:
    before = len(stack.runs)
    ended = stack.world.end_of(stack.submitted(engine, cluster))

    assert ended.result is not None
    assert ended.result["status"] == "rejected"
    assert sentence in ended.result["reason"]
    assert len(stack.runs) == before
