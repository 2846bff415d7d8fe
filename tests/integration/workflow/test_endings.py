"""Every ending of a run, on the deployed text: same template, machine, handlers and roles."""

import json
import time
from pathlib import Path

import jsonschema
import pytest

from local_aws.training.options import Fault, FaultKind
from tests.integration.workflow import quick_train_seeds as seeds
from tests.integration.workflow.world import World, csv_of

SCHEMA = json.loads((Path(__file__).parents[3] / "docs/schemas/result.schema.json").read_text())


def spec(seed: int = 42, **training: object) -> str:
    return json.dumps({"seed": seed, "training": training})


def test_an_upload_becomes_an_evaluated_registered_model(world: World, project: str) -> None:
    ended = world.end_of(world.upload(f"{project}/reviews.csv", csv_of(600)))
    assert ended.status == "SUCCEEDED", (ended.error, ended.cause)
    result = ended.result
    assert result is not None
    jsonschema.validate(result, SCHEMA)
    assert result["status"] == "succeeded"
    assert result["metrics"]["accuracy"] > 0.95
    assert result["dataset"]["splits"] == {"train": 480, "validation": 60, "test": 60}
    package = world.sagemaker.describe_model_package(ModelPackageName=result["model_package_arn"])
    # What endpoints are asked later is compared with this.
    uri = package["CustomerMetadataProperties"]["reference"]
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    reference = json.loads(world.s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    assert reference["rows"] == reference["text_rows"] == 60
    assert reference["vocabulary"]["words"]
    assert sum(reference["confidence"]) == reference["rows"]
    assert package["ModelApprovalStatus"] == "Approved"
    run_id = result["run_id"]
    assert world.keys(f"scratch/{run_id}/") == []
    assert world.keys(f"checkpoints/{run_id}/") == []
    for name in ("report.html", "dataset.html", "dataset.json", "plan.json", "evaluation.json"):
        assert world.keys(f"runs/{run_id}/{name}"), name
    assert run_id in world.message_about(run_id)


def test_a_second_version_is_compared_with_the_first_as_champion(
    world: World, project: str
) -> None:
    first = world.end_of(world.upload(f"{project}/reviews.csv", csv_of(600))).result
    second = world.end_of(world.upload(f"{project}/reviews.csv", csv_of(800))).result
    assert first is not None
    assert second is not None
    assert first["comparison"] is None
    assert second["run_id"] != first["run_id"]
    assert second["comparison"]["champion_model_package_arn"] == first["model_package_arn"]


def test_a_worse_model_is_registered_as_rejected_and_not_promoted(
    world: World, project: str
) -> None:
    world.end_of(world.upload(f"{project}/reviews.csv", csv_of(600)))
    # A run.yaml with no file beside it that it names holds for the next upload.
    world.upload(f"{project}/run.yaml", spec(seeds.IS_BAD))
    ended = world.end_of(world.upload(f"{project}/reviews.csv", csv_of(700)))
    assert ended.status == "SUCCEEDED"
    assert ended.result is not None
    assert ended.result["status"] == "not_promoted"
    package = world.sagemaker.describe_model_package(
        ModelPackageName=ended.result["model_package_arn"]
    )
    assert package["ModelApprovalStatus"] == "Rejected"


def test_fifty_events_of_one_upload_are_one_run(world: World, project: str) -> None:
    version = world.upload(f"{project}/reviews.csv", csv_of(600))
    owner = world.execution_of(version)
    given = json.loads(world.states.describe_execution(executionArn=owner)["input"])
    arns = [
        world.states.start_execution(
            stateMachineArn=world.machine, name=f"{project}-{n}", input=json.dumps(given)
        )["executionArn"]
        for n in range(49)
    ]
    ends = [world.wait(arn) for arn in (owner, *arns)]
    runs = [end for end in ends if end.output["status"] == "succeeded"]
    duplicates = [end for end in ends if end.output["status"] == "duplicate"]
    assert len(runs) == 1
    assert len(duplicates) == 49
    assert {end.output["owner_execution_arn"] for end in duplicates} == {runs[0].arn}
    assert len(world.jobs_of(runs[0].output["run_id"])) == 1


def test_an_upload_that_is_no_data_set_starts_nothing_and_the_log_names_the_pattern(
    world: World, project: str
) -> None:
    version = world.upload(f"{project}/notes.txt", "hello")
    logs = world.aws.client("logs")
    deadline = time.monotonic() + 30
    found: list[str] = []
    while not found and time.monotonic() < deadline:
        events = logs.filter_log_events(logGroupName="/aws/lambda/thriftline-explain-upload")
        found = [e["message"] for e in events["events"] if f"{project}/notes.txt" in e["message"]]
        time.sleep(0.1)
    assert "datasets/{project}/{file}.jsonl|.csv|.parquet" in found[0]
    assert world.executions_of(version) == []


def test_a_bad_run_yaml_is_a_rejected_run_that_names_key_and_line(
    world: World, project: str
) -> None:
    body = "seed: 1\nhyperparameters:\n  epochs: none\n"
    ended = world.end_of(world.upload(f"{project}/run.yaml", body))
    assert ended.status == "SUCCEEDED"
    assert ended.result is not None
    jsonschema.validate(ended.result, SCHEMA)
    assert ended.result["status"] == "rejected"
    assert ended.result["error"]["name"] == "InvalidRunSpecError"
    assert "line 3: hyperparameters.epochs" in ended.result["error"]["message"]
    assert world.jobs_of(ended.result["run_id"]) == []
    assert "line 3: hyperparameters.epochs" in world.message_about(ended.result["run_id"])


def test_bad_data_is_a_rejected_run_that_names_the_line(world: World, project: str) -> None:
    lines = csv_of(100).splitlines()
    lines[41] = ",positive"
    ended = world.end_of(world.upload(f"{project}/reviews.csv", "\n".join(lines) + "\n"))
    assert ended.status == "SUCCEEDED"
    assert ended.result is not None
    jsonschema.validate(ended.result, SCHEMA)
    assert ended.result["status"] == "rejected"
    assert ended.result["error"]["name"] == "DatasetRejectedError"
    assert "reviews.csv" in ended.result["error"]["message"]
    assert "42" in ended.result["error"]["message"]
    assert world.keys(f"runs/{ended.result['run_id']}/dataset.html")
    assert world.jobs_of(ended.result["run_id"]) == []


def test_a_plan_over_the_cap_is_a_rejected_run_with_the_numbers(world: World, project: str) -> None:
    world.upload(
        f"{project}/run.yaml",
        json.dumps({"budget": {"max_usd": 0.5}, "training": {"max_runtime_seconds": 7200}}),
    )
    ended = world.end_of(world.upload(f"{project}/reviews.csv", csv_of(600)))
    assert ended.result is not None
    assert ended.result["status"] == "rejected"
    assert ended.result["error"]["name"] == "BudgetExceededError"
    assert "0.5" in ended.result["error"]["message"]
    assert world.jobs_of(ended.result["run_id"]) == []


def test_an_instance_type_that_does_not_exist_is_rejected(world: World, project: str) -> None:
    world.upload(f"{project}/run.yaml", spec(instance_type="ml.p5.12xlarge"))
    ended = world.end_of(world.upload(f"{project}/reviews.csv", csv_of(600)))
    assert ended.result is not None
    assert ended.result["error"]["name"] == "UnknownInstanceTypeError"


def test_a_failed_training_tells_its_own_reason(world: World, project: str) -> None:
    world.upload(f"{project}/run.yaml", spec(seeds.FAILS))
    ended = world.end_of(world.upload(f"{project}/reviews.csv", csv_of(600)))
    assert (ended.status, ended.error) == ("FAILED", "TrainingFailedError")
    assert ended.result is not None
    jsonschema.validate(ended.result, SCHEMA)
    assert "The loss is not a number at step 3." in ended.result["error"]["message"]
    assert ended.result["error"]["state"] == "Poll training"
    assert "not a number" in world.message_about(ended.result["run_id"])
    assert world.keys(f"scratch/{ended.result['run_id']}/") == []
    assert world.keys(f"checkpoints/{ended.result['run_id']}/") == []


def test_a_job_that_a_person_stopped_ends_by_that_name(world: World, project: str) -> None:
    world.upload(f"{project}/run.yaml", spec(seeds.RUNS_ON))
    arn = world.execution_of(world.upload(f"{project}/reviews.csv", csv_of(600)))
    world.sagemaker.stop_training_job(TrainingJobName=world.wait_for_job(arn))
    ended = world.wait(arn)
    assert (ended.status, ended.error) == ("FAILED", "TrainingStoppedError")


def test_the_event_that_a_job_has_ended_cuts_the_wait_short(world: World, project: str) -> None:
    world.upload(f"{project}/run.yaml", spec(seeds.RUNS_ON))
    arn = world.execution_of(world.upload(f"{project}/reviews.csv", csv_of(600)))
    job = world.wait_for_job(arn)
    assert world.answered_waits(arn) == 0
    world.announce_end_of(job)
    deadline = time.monotonic() + 60
    while world.answered_waits(arn) == 0 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert world.answered_waits(arn) == 1
    # The run has looked, and has seen that the job goes on.
    world.sagemaker.stop_training_job(TrainingJobName=job)
    assert world.wait(arn).error == "TrainingStoppedError"


def test_a_job_that_nobody_may_look_at_is_stopped(world: World, project: str) -> None:
    """A job that Clean up finds running is stopped, whatever made the run fail."""
    world.upload(f"{project}/run.yaml", spec(seeds.RUNS_ON))
    arn = world.execution_of(world.upload(f"{project}/reviews.csv", csv_of(600)))
    name = world.wait_for_job(arn)
    world.fail("sagemaker", "DescribeTrainingJob", "AccessDeniedException", 400, times=1)
    ended = world.wait(arn)
    assert (ended.status, ended.error) == ("FAILED", "AccessDeniedError")
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        job = world.sagemaker.describe_training_job(TrainingJobName=name)
        if job["TrainingJobStatus"] == "Stopped":
            break
        time.sleep(0.1)
    assert job["TrainingJobStatus"] == "Stopped"


def test_an_aborted_execution_is_cleaned_up_and_reported(world: World, project: str) -> None:
    world.upload(f"{project}/run.yaml", spec(seeds.RUNS_ON))
    arn = world.execution_of(world.upload(f"{project}/reviews.csv", csv_of(600)))
    name = world.wait_for_job(arn)
    world.states.stop_execution(executionArn=arn, cause="ann stopped the run: it is too slow")
    deadline = time.monotonic() + 90
    while world.result_of(arn) is None and time.monotonic() < deadline:
        time.sleep(0.1)
    result = world.result_of(arn)
    assert result is not None
    jsonschema.validate(result, SCHEMA)
    assert (result["status"], result["error"]["name"]) == ("failed", "ExecutionAborted")
    assert "ann stopped the run: it is too slow" in result["error"]["message"]
    job = world.sagemaker.describe_training_job(TrainingJobName=name)
    assert job["TrainingJobStatus"] == "Stopped"
    assert result["attempts"][0]["ending"] == "stopped"
    assert world.keys(f"scratch/{result['run_id']}/") == []
    assert world.keys(f"checkpoints/{result['run_id']}/") == []


def test_a_job_that_runs_out_of_time_ends_by_that_name(world: World, project: str) -> None:
    world.upload(f"{project}/run.yaml", spec(seeds.RUNS_ON, max_runtime_seconds=2))
    ended = world.end_of(world.upload(f"{project}/reviews.csv", csv_of(600)))
    assert (ended.status, ended.error) == ("FAILED", "OutOfRunTimeError")


def test_a_lost_spot_instance_goes_on_in_the_same_job(world: World, project: str) -> None:
    world.jobs.inject(Fault(FaultKind.INTERRUPTION, job=f"{project}-*", after_seconds=0))
    ended = world.end_of(world.upload(f"{project}/reviews.csv", csv_of(600)))
    assert ended.status == "SUCCEEDED", (ended.error, ended.cause)
    assert ended.result is not None
    assert len(ended.result["attempts"]) == 1


@pytest.mark.parametrize("kind", [FaultKind.CAPACITY, FaultKind.INTERNAL_ERROR])
def test_lack_of_capacity_and_faults_of_sagemaker_start_another_attempt(
    world: World, project: str, kind: FaultKind
) -> None:
    world.jobs.inject(Fault(kind, job=f"{project}-*"))
    ended = world.end_of(world.upload(f"{project}/reviews.csv", csv_of(600)))
    assert ended.status == "SUCCEEDED", (ended.error, ended.cause)
    assert ended.result is not None
    assert [attempt["attempt"] for attempt in ended.result["attempts"]] == [1, 2]
    assert ended.states.count("Start training") == 2


def test_capacity_that_never_comes_ends_by_that_name(world: World, project: str) -> None:
    world.jobs.inject(Fault(FaultKind.CAPACITY, job=f"{project}-*", times=9))
    ended = world.end_of(world.upload(f"{project}/reviews.csv", csv_of(600)))
    assert (ended.status, ended.error) == ("FAILED", "LadderExhaustedError")
    assert ended.result is not None
    # Spot, on demand, and on demand once more.
    assert [one["rung"] for one in ended.result["attempts"]] == [1, 2, 2]


# One of each service here, all of them with make test-thorough. In virtual time any call of a run
# may be throttled (tests/unit/virtual_time).
CALLS = [
    ("dynamodb", "TransactWriteItems"),
    ("s3", "PutObject"),
    ("sagemaker", "CreateTrainingJob"),
    ("events", "PutEvents"),
]
OTHER_CALLS = [
    ("dynamodb", "PutItem"),
    ("dynamodb", "GetItem"),
    ("dynamodb", "UpdateItem"),
    ("s3", "ListObjectsV2"),
    ("s3", "ListObjectVersions"),
    ("sagemaker", "ListModelPackages"),
    ("sagemaker", "DescribeTrainingJob"),
    ("sagemaker", "CreateModelPackage"),
    ("sns", "Publish"),
]


@pytest.mark.parametrize(
    ("service", "operation"),
    [*CALLS, *(pytest.param(*call, marks=pytest.mark.thorough) for call in OTHER_CALLS)],
)
def test_a_throttled_call_is_tried_again_and_the_run_succeeds(
    world: World, project: str, service: str, operation: str
) -> None:
    """Six times in a row: more than botocore tries within one call."""
    version = world.upload(f"{project}/reviews.csv", csv_of(600))
    world.fail(service, operation, "ThrottlingException", 400, times=6)
    ended = world.end_of(version)
    world.aws.faults.clear()
    assert ended.status == "SUCCEEDED", (ended.error, ended.cause)


@pytest.mark.parametrize(
    ("service", "operation", "state"),
    [
        ("sagemaker", "ListModelPackages", "Plan run"),
        ("sagemaker", "CreateTrainingJob", "Start training"),
        ("sagemaker", "CreateModelPackage", "Register model"),
    ],
)
def test_a_call_that_is_denied_ends_the_run_in_order_and_names_the_state(
    world: World, project: str, service: str, operation: str, state: str
) -> None:
    version = world.upload(f"{project}/reviews.csv", csv_of(600))
    world.fail(service, operation, "AccessDeniedException", 403, times=1)
    ended = world.end_of(version)
    world.aws.faults.clear()
    assert (ended.status, ended.error) == ("FAILED", "AccessDeniedError")
    assert ended.result is not None
    assert ended.result["error"]["state"] == state
    assert world.keys(f"scratch/{ended.result['run_id']}/") == []
    assert state in world.message_about(ended.result["run_id"])


def test_an_opening_that_is_denied_leaves_a_failed_run(world: World, project: str) -> None:
    world.fail("s3", "ListObjectVersions", "AccessDenied", 403, times=1)
    ended = world.end_of(world.upload(f"{project}/reviews.csv", csv_of(600)))
    world.aws.faults.clear()
    assert (ended.status, ended.error) == ("FAILED", "AccessDeniedError")
    assert ended.result is not None
    assert ended.result["error"]["state"] == "Open run"
