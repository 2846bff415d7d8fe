"""The notebook, executed against the embedded AWS: a run is trained again and handed back."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local_aws.options import ROOT
from tests.integration.workflow.world import EndedExecution, World
from tests.sdk.conftest import PROJECT
from tests.sdk.notebook import ENVIRONMENT, clients_variables, environment, execute

CHANGES = {"learning_rate": 0.002, "epochs": 3}
WHY = "it may learn more slowly"


@dataclass
class Retrained:
    """What the notebook left."""

    said: str
    run: dict[str, Any]
    job: dict[str, Any]
    version: dict[str, Any]
    document: dict[str, Any]


@pytest.fixture(scope="module")
def retrained(
    world: World, finished: EndedExecution, tmp_path_factory: pytest.TempPathFactory
) -> Retrained:
    run = finished.result
    assert run is not None
    code, said = execute(
        world.aws,
        tmp_path_factory.mktemp("notebook") / "copy",
        {"RUN_ID": run["run_id"], "CHANGES": CHANGES, "WHY": WHY},
    )
    assert code == 0, said
    found = world.sagemaker.list_model_packages(
        ModelPackageGroupName=f"thriftline-{PROJECT}", ModelApprovalStatus="PendingManualApproval"
    )["ModelPackageSummaryList"]
    assert len(found) == 1
    version = world.sagemaker.describe_model_package(ModelPackageName=found[0]["ModelPackageArn"])
    told = version["CustomerMetadataProperties"]
    document = world.document(told["run_id"], "retraining.json")
    assert document is not None
    job = world.sagemaker.describe_training_job(TrainingJobName=told["job_name"])
    return Retrained(said, run, job, version, document)


def test_the_job_is_the_runs_with_the_change(world: World, retrained: Retrained) -> None:
    former = world.jobs_of(retrained.run["run_id"])[0]
    job, own = retrained.job, retrained.document["retraining_id"]

    assert job["HyperParameters"] == {
        **former["HyperParameters"],
        "learning_rate": "0.002",
        "epochs": "3",
        "run_id": own,
    }
    for part in ("RoleArn", "AlgorithmSpecification", "ResourceConfig", "Environment"):
        assert job[part] == former[part], part
    assert job["EnableManagedSpotTraining"] is True
    assert job["EnableNetworkIsolation"] is former["EnableNetworkIsolation"] is True
    assert (
        job["StoppingCondition"]["MaxRuntimeInSeconds"]
        == (former["StoppingCondition"]["MaxRuntimeInSeconds"])
    )
    assert (
        job["StoppingCondition"]["MaxWaitTimeInSeconds"]
        > (job["StoppingCondition"]["MaxRuntimeInSeconds"])
    )
    assert job["CheckpointConfig"] == {
        "S3Uri": f"s3://{world.artifacts}/checkpoints/{own}/",
        "LocalPath": former["CheckpointConfig"]["LocalPath"],
    }
    assert job["OutputDataConfig"]["S3OutputPath"] == f"s3://{world.artifacts}/training/{own}/"
    tags = world.sagemaker.list_tags(ResourceArn=job["TrainingJobArn"])["Tags"]
    told = {each["Key"]: each["Value"] for each in tags}
    assert told["thriftline:project"] == PROJECT
    assert told["thriftline:retrained-from"] == retrained.run["run_id"]
    # By it a run's bill is counted, and this is no run.
    assert "thriftline:run-id" not in told


def test_it_reads_the_runs_channels_and_the_champion_of_now(
    world: World, retrained: Retrained
) -> None:
    former = {
        each["ChannelName"]: each["DataSource"]["S3DataSource"]
        for each in world.jobs_of(retrained.run["run_id"])[0]["InputDataConfig"]
    }
    channels = {
        each["ChannelName"]: each["DataSource"]["S3DataSource"]
        for each in retrained.job["InputDataConfig"]
    }
    champion = channels.pop("champion")
    assert channels == former
    assert set(channels) == {"train", "validation", "test", "model"}
    assert champion["S3Uri"] == retrained.run["reports"]["model"]


def test_it_has_really_trained_and_says_how_good_it_is(world: World, retrained: Retrained) -> None:
    metrics = {each["MetricName"] for each in retrained.job["FinalMetricDataList"]}
    assert {"train:loss", "validation:accuracy"} <= metrics
    assert retrained.job["TrainingTimeInSeconds"] > 0
    scores = retrained.document["scores"]
    assert 0.6 < scores["accuracy"] < 1
    assert retrained.document["test_records"] == retrained.run["dataset"]["splits"]["test"]
    assert f"Its accuracy is {scores['accuracy']:.4f}" in retrained.said


def test_it_is_compared_on_the_same_records_with_champion_and_run(retrained: Retrained) -> None:
    champion = retrained.document["with_champion"]
    assert champion["compared"]
    assert champion["records"] == retrained.document["test_records"]
    assert champion["other"] == pytest.approx(retrained.run["metrics"]["accuracy"])
    assert champion["low"] <= champion["difference"] <= champion["high"]
    # The run's own version is the champion here, and was asked anew.
    assert retrained.document["with_source_run"] == champion


def test_the_version_waits_for_a_person_with_where_it_comes_from(retrained: Retrained) -> None:
    version, told = retrained.version, retrained.version["CustomerMetadataProperties"]

    assert version["ModelApprovalStatus"] == "PendingManualApproval"
    assert version["ModelPackageGroupName"] == f"thriftline-{PROJECT}"
    assert version["MetadataProperties"] == {"GeneratedBy": "thriftline", "ProjectId": PROJECT}
    assert told["source_run_id"] == retrained.run["run_id"]
    assert told["registered_by"].startswith("arn:aws:")
    assert told["changed"] == "learning_rate from 0.01 to 0.002 and epochs from 2 to 3"
    assert told["why"] == WHY
    assert told["champion"] == retrained.run["model_package_arn"]
    assert told["trainer"] == "sagemaker"
    assert told["promotion"] == "pending"
    assert told["dataset_version"] == retrained.run["upload"]["version_id"]
    assert "no gate has judged" in version["ModelPackageDescription"]
    container = version["InferenceSpecification"]["Containers"][0]
    assert container["ModelDataUrl"] == retrained.job["ModelArtifacts"]["S3ModelArtifacts"]


def test_nothing_but_the_model_and_its_documents_is_left(
    world: World, retrained: Retrained
) -> None:
    own = retrained.document["retraining_id"]
    assert world.keys(f"checkpoints/{own}/") == []
    assert {key.rpartition("/")[2] for key in world.keys(f"runs/{own}/")} == {
        "retraining.json",
        "trained_rows.bin",
    }
    # Of an ordinary run, splits go; of this one they stay for the next retraining.
    assert world.keys(f"scratch/{retrained.run['run_id']}/splits/test/")


def test_the_command_line_shows_it_with_its_source_run_who_and_what(
    world: World, retrained: Retrained
) -> None:
    shown = thriftline(world, "models", "list", PROJECT, "--output", "json")
    newest = json.loads(shown)[0]
    assert newest["version"] == 2
    assert newest["approval_status"] == "PendingManualApproval"
    assert newest["source_run_id"] == retrained.run["run_id"]
    assert newest["registered_by"] == retrained.document["who"]
    assert newest["changed"] == "learning_rate from 0.01 to 0.002 and epochs from 2 to 3"
    assert newest["why"] == WHY
    assert newest["accuracy"] == pytest.approx(retrained.document["scores"]["accuracy"], abs=1e-6)
    assert newest["cost_usd"] is None
    assert newest["href"] == f"/runs/{retrained.run['run_id']}"


def test_it_is_deployed_once_a_person_has_approved_it(world: World, retrained: Retrained) -> None:
    request = {
        "action": "deploy",
        "project": PROJECT,
        "model_package_arn": retrained.version["ModelPackageArn"],
        "requested_by": "a test",
        "why": "",
        "token": "of-the-notebook",
    }
    refused = _preview(world, request)
    assert "PendingManualApproval" in json.dumps(refused)

    thriftline(world, "models", "approve", PROJECT, "2", "--why", "as good, and cheaper", "--yes")
    shown = _preview(world, request)

    assert shown["would_deploy"], shown
    assert shown["version"] == 2
    assert {one["name"]: one["passed"] for one in shown["checks"]}["artifact"]


def test_the_same_change_is_not_paid_for_twice(
    world: World, retrained: Retrained, tmp_path: Path
) -> None:
    code, said = execute(
        world.aws,
        tmp_path / "copy",
        {"RUN_ID": retrained.run["run_id"], "CHANGES": CHANGES, "WHY": WHY},
    )

    assert code == 1
    assert "was trained with this change before" in said
    assert retrained.version["ModelPackageArn"] in said
    own = retrained.document["retraining_id"]
    jobs = world.sagemaker.list_training_jobs(NameContains=own)["TrainingJobSummaries"]
    assert len(jobs) == 1


def test_the_sdk_itself_refuses_a_role_of_least_privilege(world: World, tmp_path: Path) -> None:
    """Why the notebook turns the SDK's check off, and asks about the job's own places."""
    program = (
        "import sys, boto3\n"
        "from sagemaker.core.helper.iam_role_resolver import resolve_and_validate_role\n"
        "from sagemaker.core.helper.session_helper import Session\n"
        "session = Session(boto_session=boto3.Session())\n"
        "resolve_and_validate_role(sys.argv[1], 'training', sagemaker_session=session)\n"
    )
    done = subprocess.run(
        [str(ENVIRONMENT / "bin/python"), "-c", program, world.aws.outputs["TrainingRoleArn"]],
        env=environment(world.aws, tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert "RoleValidationError" in done.stderr
    assert "ec2:CreateNetworkInterface" in done.stderr
    assert "s3:GetObject" not in done.stderr


def thriftline(world: World, *words: str) -> str:
    """Calls the command line as a person does; returns what it answers."""
    done = subprocess.run(
        [sys.executable, "-m", "thriftline_cli", *words],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT / "cli"),
            **clients_variables(world.aws),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _preview(world: World, request: dict[str, Any]) -> Any:
    answer = world.aws.client("lambda").invoke(
        FunctionName=world.aws.outputs["PreviewDeploymentFunctionName"],
        Payload=json.dumps(request).encode(),
    )
    return json.loads(answer["Payload"].read())
