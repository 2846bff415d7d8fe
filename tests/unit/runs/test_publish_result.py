"""Publish result: every ending has a result, a page, a message and an event, once."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from jsonschema import Draft202012Validator

from tests.unit.evaluation.job_outputs import HISTORY, archive, metrics, parquet, rows
from tests.unit.runs.finished_run import (
    EXECUTION,
    JOB,
    NOW,
    OPENED,
    RUN_ID,
    UPLOAD,
    World,
    world,
)
from tests.unit.runs.registry_fakes import FakeRegistryClient
from tests.unit.runs.trainers_fixture import trainers_over
from thriftline.core.aws.event_bus import EventBus
from thriftline.core.aws.topic import Topic
from thriftline.core.errors import ServiceUnavailableError
from thriftline.runs.aws.model_registry import ModelRegistry
from thriftline.runs.domain.layout import Upload
from thriftline.runs.schemas.result import Result
from thriftline.runs.schemas.steps.ending import (
    Failure,
    PublishResultRequest,
    PublishResultResponse,
)
from thriftline.runs.steps.evaluate_run import evaluate_run
from thriftline.runs.steps.publish_result import publish_result

SCHEMA = json.loads(
    (Path(__file__).parents[3] / "docs" / "schemas" / "result.schema.json").read_text("utf-8")
)
PACKAGE = "arn:package/5"


@dataclass
class Scene:
    """A run in its world, and who hears of it."""

    world: World
    messages: list[dict[str, str]] = field(default_factory=list)
    events: list[dict[str, str]] = field(default_factory=list)
    measured: list[tuple[str, float]] = field(default_factory=list)
    registry: FakeRegistryClient = field(default_factory=FakeRegistryClient)
    topic_is_down: bool = False

    def publish(self, **message: str) -> None:
        """Is the SNS client."""
        if self.topic_is_down:
            raise ServiceUnavailableError("SNS is away.")
        self.messages.append(message)

    def put_events(self, **request: Any) -> dict[str, Any]:
        """Is the EventBridge client."""
        self.events += request["Entries"]
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}

    def end(
        self,
        ending: str,
        failure: Failure | None = None,
        *,
        arn: str | None = None,
        run_id: str | None = RUN_ID,
        upload: Upload = UPLOAD,
        execution: str = EXECUTION,
        now: datetime = NOW,
        retention_days: int = 0,
    ) -> PublishResultResponse:
        """Runs the step."""
        return publish_result(
            PublishResultRequest(
                run_id=run_id,
                upload=upload,
                execution_arn=execution,
                ending=cast("Any", ending),
                failure=failure,
                model_package_arn=arn,
            ),
            artifacts=self.world.artifacts,
            runs=self.world.runs,
            approvals=self.world.approvals,
            registry=ModelRegistry(cast("Any", self.registry), "stack"),
            finished=self.world.finished,
            alerts=Topic(cast("Any", self), "arn:topic"),
            bus=EventBus(cast("Any", self), "default"),
            measure=lambda name, value: self.measured.append((name, value)),
            now=now,
            retention_days=retention_days,
        )

    def result(self) -> Result:
        """Reads the result and checks it against the published schema."""
        document = self.world.json("result.json")
        Draft202012Validator(SCHEMA).validate(document)
        return Result.model_validate(document)

    def page(self) -> str:
        """Reads the report."""
        body = self.world.artifacts.read(f"runs/{RUN_ID}/report.html")
        assert body is not None
        return body.decode()

    def train(self, wrong: int = 10) -> None:
        """Leaves what a completed job and its evaluation leave."""
        self.world.put_run(gate={"minimum": 0.8})
        self.world.put_planned()
        self.world.attempt(1)
        self.world.put_output(
            "output.tar.gz",
            archive(
                metrics=json.dumps(metrics(1 - wrong / 100)).encode(),
                predictions=parquet(rows(100, wrong)),
                history=HISTORY.encode(),
            ),
        )
        evaluate_run(
            RUN_ID,
            JOB,
            artifacts=self.world.artifacts,
            trainers=trainers_over(self.world.artifacts),
            now=NOW,
        )


@pytest.fixture
def scene() -> Iterator[Scene]:
    with world() as made:
        made.claim()
        yield Scene(made)


def _lambda_cause(error: str, message: str) -> str:
    return json.dumps({"errorType": error, "errorMessage": message, "stackTrace": []})


def test_a_successful_run_tells_everything(scene: Scene) -> None:
    scene.train()
    response = scene.end("succeeded", arn=PACKAGE)
    result = scene.result()

    assert response.status == result.status == "succeeded"
    assert response.result_uri == f"s3://artifacts/runs/{RUN_ID}/result.json"
    assert response.report_uri == f"s3://artifacts/runs/{RUN_ID}/report.html"
    assert result.reason.startswith("Its accuracy is 0.9000")
    assert result.error is None
    assert result.metrics is not None
    assert result.metrics.accuracy == 0.9
    assert result.dataset is not None
    assert result.dataset.splits == {"train": 160, "validation": 20, "test": 100}
    assert result.model_package_arn == PACKAGE
    assert result.seconds == 30 * 60
    assert result.reports.model == f"s3://artifacts/training/{RUN_ID}/{JOB}/output/model.tar.gz"
    assert [one.job_name for one in result.attempts] == [JOB]


def test_a_record_ends_where_the_stack_says_so_and_else_stays(scene: Scene) -> None:
    scene.train()
    scene.end("succeeded", arn=PACKAGE, retention_days=30)
    item = scene.world.runs.get(RUN_ID) or {}
    assert int(item["kept_until"]) == int((NOW + timedelta(days=30)).timestamp())


def test_a_record_has_no_end_by_itself(scene: Scene) -> None:
    scene.train()
    scene.end("succeeded", arn=PACKAGE)
    assert "kept_until" not in (scene.world.runs.get(RUN_ID) or {})


def test_money_is_written_as_decimal_text(scene: Scene) -> None:
    scene.train()
    scene.end("succeeded", arn=PACKAGE)
    document = scene.world.json("result.json")
    assert document["plan"]["worst_case_usd"] == "1.44"
    assert document["plan"]["expected_usd"] == "0.2"
    assert document["cost"] == {
        "billed_seconds": 400,
        "training_seconds": 1000,
        "usd": "0.16",
        "on_demand_usd": "0.4",
        "spot_saving": 0.6,
    }


def test_a_model_that_is_not_promoted_is_no_failure(scene: Scene) -> None:
    scene.train(wrong=30)
    assert scene.end("not_promoted", arn=PACKAGE).status == "not_promoted"
    result = scene.result()
    assert result.error is None
    assert result.gate is not None
    assert result.gate.promotion == "rejected"
    assert "under gate.minimum" in result.reason
    assert scene.events[0]["DetailType"] == "TrainingNotPromoted"


def test_a_run_that_was_rejected_at_once_still_has_a_result(scene: Scene) -> None:
    message = "run.yaml: epochs: 0 is less than 1."
    scene.end(
        "rejected",
        Failure(
            state="Read run spec",
            error="InvalidRunSpecError",
            message=_lambda_cause("InvalidRunSpecError", message),
        ),
    )
    result = scene.result()
    assert result.error is not None
    assert (result.error.name, result.error.message, result.error.state) == (
        "InvalidRunSpecError",
        message,
        "Read run spec",
    )
    assert result.reason == message
    assert (result.dataset, result.plan, result.metrics, result.spec) == (None,) * 4
    assert result.project == "reviews"
    assert result.opened_at == OPENED
    assert scene.world.json("result.json")["cost"]["usd"] == "0"
    assert "epochs: 0 is less than 1" in scene.page()


def test_a_failed_training_tells_why_and_what_it_cost(scene: Scene) -> None:
    scene.world.put_run()
    scene.world.put_planned()
    scene.world.attempt(
        1,
        status="Failed",
        ending="user_error",
        failure_reason="AlgorithmError: x",
        model_uri=None,
    )
    scene.end(
        "failed",
        Failure(
            state="Poll training",
            error="TrainingFailedError",
            message=_lambda_cause("TrainingFailedError", "The loss became NaN."),
        ),
    )
    result = scene.result()
    assert result.reason == "The loss became NaN."
    assert str(result.cost.usd) == "0.16"
    assert result.attempts[0].failure_reason == "AlgorithmError: x"
    assert result.reports.model is None
    (message,) = scene.messages
    assert "The loss became NaN." in message["Message"]
    assert "Poll training" in message["Subject"]
    assert "$0.16 billed" in message["Message"]
    assert scene.events[0]["DetailType"] == "TrainingFailed"


def test_the_message_is_short_plain_and_points_to_the_report(scene: Scene) -> None:
    scene.train()
    scene.end("succeeded", arn=PACKAGE)
    (message,) = scene.messages
    assert message["Subject"] == "Thriftline: reviews succeeded"
    assert f"s3://artifacts/runs/{RUN_ID}/report.html" in message["Message"]
    assert "$0.16 billed, $0.20 expected, $1.44 at the most, Spot saved 60%" in message["Message"]
    assert len(message["Message"].splitlines()) < 16


def test_the_event_carries_the_figures_and_the_address_of_the_rest(scene: Scene) -> None:
    scene.train()
    scene.end("succeeded", arn=PACKAGE)
    (event,) = scene.events
    assert (event["Source"], event["DetailType"]) == ("thriftline.training", "TrainingCompleted")
    detail = json.loads(event["Detail"])
    assert detail["run_id"] == RUN_ID
    assert detail["accuracy"] == 0.9
    assert detail["cost"]["usd"] == "0.16"
    assert detail["model_package_arn"] == PACKAGE


def test_the_runs_table_and_the_metrics_say_how_it_ended(scene: Scene) -> None:
    scene.train()
    scene.end("succeeded", arn=PACKAGE)
    item = scene.world.runs.get(RUN_ID)
    assert item is not None
    assert (item["status"], item["ended_at"]) == ("succeeded", NOW.isoformat())
    assert item["cost_usd"] == "0.160000"
    # 0.20 USD were expected.
    assert scene.measured == [
        ("RunSucceeded", 1),
        ("BilledUsd", 0.16),
        ("EstimateMissPercent", pytest.approx(-20)),
    ]


def test_a_repeated_step_writes_the_same_and_tells_nobody_twice(scene: Scene) -> None:
    scene.train()
    scene.end("succeeded", arn=PACKAGE)
    first = scene.world.json("result.json")
    scene.end("succeeded", arn=PACKAGE, now=NOW + timedelta(minutes=5))
    assert scene.world.json("result.json") == first
    assert len(scene.messages) == len(scene.events) == 1
    assert len(scene.measured) == 3


def test_a_message_that_could_not_be_sent_is_sent_by_the_next_try(scene: Scene) -> None:
    scene.train()
    scene.topic_is_down = True
    with pytest.raises(ServiceUnavailableError):
        scene.end("succeeded", arn=PACKAGE)
    scene.topic_is_down = False
    scene.end("succeeded", arn=PACKAGE)
    assert len(scene.messages) == 1


def test_a_baseline_that_somebody_measured_is_shown(scene: Scene) -> None:
    scene.train()
    baseline = {"name": "TF-IDF", "accuracy": 0.7, "macro_f1": 0.69, "note": "same split"}
    scene.world.put("baseline.json", json.dumps(baseline).encode())
    scene.end("succeeded", arn=PACKAGE)
    result = scene.result()
    assert result.baseline is not None
    assert result.baseline.accuracy == 0.7
    assert "Baseline: TF-IDF" in scene.page()


def test_an_execution_that_failed_to_open_its_run_publishes_under_the_runs_id(
    scene: Scene,
) -> None:
    failure = Failure(state="Open run", error="ThrottledError", message="Slow down.")
    assert scene.end("failed", failure, run_id=None).run_id == RUN_ID
    assert scene.result().status == "failed"


def test_another_executions_run_is_left_alone_and_a_person_is_told(scene: Scene) -> None:
    failure = Failure(
        state="Open run",
        error="ServiceUnavailableError",
        message=_lambda_cause("ServiceUnavailableError", "S3 is away."),
    )
    response = scene.end("failed", failure, run_id=None, execution="arn:another")
    assert response.run_id == ""
    assert scene.world.json("result.json") is None
    item = scene.world.runs.get(RUN_ID)
    assert item is not None
    assert item["status"] == "running"
    (message,) = scene.messages
    assert "S3 is away." in message["Message"]


FAILED = Failure(state="the execution as a whole", error="ExecutionAborted", message="Stopped.")


def registered(scene: Scene, status: str = "Approved") -> None:
    """Leaves what Register model leaves in the registry."""
    group = "stack-reviews"
    scene.registry.groups[group] = {}
    scene.registry.add(
        {
            "ModelPackageGroupName": group,
            "ModelPackageDescription": f"Thriftline run {RUN_ID}: good",
            "ModelApprovalStatus": status,
        },
        NOW,
    )


def test_a_run_that_failed_after_it_registered_a_model_withdraws_it(scene: Scene) -> None:
    scene.train()
    registered(scene)
    scene.end("failed", FAILED)
    assert scene.registry.packages[0]["ModelApprovalStatus"] == "Rejected"
    assert "Stopped." in scene.registry.packages[0]["ApprovalDescription"]
    assert scene.result().model_package_arn == "arn:package/stack-reviews/1"


def test_a_stop_after_a_success_was_announced_changes_nothing(scene: Scene) -> None:
    scene.train()
    registered(scene)
    scene.end("succeeded", arn=PACKAGE)
    before = scene.world.json("result.json")
    response = scene.end("failed", FAILED, run_id=None, now=NOW + timedelta(minutes=2))
    assert response.status == "succeeded"
    assert scene.world.json("result.json") == before
    assert scene.registry.packages[0]["ModelApprovalStatus"] == "Approved"
    assert len(scene.messages) == len(scene.events) == 1


def test_a_stop_between_the_decision_and_the_message_completes_what_was_decided(
    scene: Scene,
) -> None:
    scene.train()
    registered(scene)
    scene.topic_is_down = True
    with pytest.raises(ServiceUnavailableError):
        scene.end("succeeded", arn=PACKAGE)
    scene.topic_is_down = False
    scene.end("failed", FAILED, run_id=None, now=NOW + timedelta(minutes=2))
    assert scene.result().status == "succeeded"
    assert scene.result().error is None
    assert scene.registry.packages[0]["ModelApprovalStatus"] == "Approved"
    assert "succeeded" in scene.messages[0]["Subject"]


def test_a_failure_that_was_announced_is_not_undone_by_a_step_that_ends_late(scene: Scene) -> None:
    scene.train()
    scene.end("failed", FAILED, run_id=None)
    assert scene.end("succeeded", arn=PACKAGE).status == "failed"
    assert len(scene.messages) == 1


def test_an_execution_without_a_run_is_told_once(scene: Scene) -> None:
    for _ in range(2):
        scene.end("failed", FAILED, run_id=None, execution="arn:aws:states:::execution:m:other")
    assert len(scene.messages) == 1


def test_names_of_step_functions_own_become_names_that_a_fail_state_may_use(scene: Scene) -> None:
    failure = Failure(state="Validate dataset", error="States.Timeout", message="")
    scene.end("failed", failure)
    error = scene.result().error
    assert error is not None
    assert error.name == "StateTimeout"
    assert "longer" in error.message
