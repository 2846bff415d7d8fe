"""CreateTrainingJob as botocore's own validator and SageMaker's rules want it."""

import json
import re
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from thriftline.runs.trainers.sagemaker.metric_definitions import metric_definitions
from thriftline.runs.trainers.sagemaker.training_request import TrainingOrder, training_request

ORDER = TrainingOrder(
    job_name="reviews-0123456789abcdef-01",
    run_id="reviews-0123456789abcdef",
    project="Reviews",
    role_arn="arn:aws:iam::123456789012:role/thriftline-training",
    image_uri="123456789012.dkr.ecr.us-east-1.amazonaws.com/thriftline:1",
    artifacts_bucket="artifacts",
    hyperparameters={
        "base_model": "org/model",
        "epochs": 3,
        "learning_rate": 5e-5,
        "text_pair": False,
    },
    splits=("train", "validation", "test"),
    instance_type="ml.g5.xlarge",
    instance_count=1,
    volume_gib=30,
    max_runtime_seconds=7200,
    cost_tags={"thriftline:stack": "thriftline"},
)
SPOT = replace(ORDER, max_wait_seconds=14_400)
KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def errors_of(request: dict[str, Any]) -> str:
    model = boto3.client("sagemaker").meta.service_model.operation_model("CreateTrainingJob")
    report: str = ParamValidator().validate(request, model.input_shape).generate_report()
    return report


def channels_of(request: dict[str, Any]) -> dict[str, str]:
    return {
        channel["ChannelName"]: channel["DataSource"]["S3DataSource"]["S3Uri"]
        for channel in request["InputDataConfig"]
    }


@pytest.mark.parametrize(
    "order",
    [
        ORDER,
        SPOT,
        replace(SPOT, kms_key_id=KEY),
        replace(ORDER, instance_type="ml.m5.xlarge", kms_key_id=KEY, instance_count=2),
        replace(SPOT, base_model_uri="s3://artifacts/base_models/minilm/"),
        replace(SPOT, champion_uri="s3://artifacts/training/r/j/output/model.tar.gz"),
    ],
)
def test_the_request_passes_botocores_own_validator(order: TrainingOrder) -> None:
    assert errors_of(training_request(order)) == ""


def test_the_validator_would_have_seen_a_number_or_an_unknown_key() -> None:
    request = training_request(ORDER)
    request["HyperParameters"]["epochs"] = 3
    request["UseSpotInstances"] = True

    assert "epochs" in errors_of(request)
    assert "UseSpotInstances" in errors_of(request)


def test_texts_fit_the_patterns_that_the_service_model_states() -> None:
    shapes = boto3.client("sagemaker").meta.service_model
    request = training_request(replace(SPOT, kms_key_id=KEY))

    def fits(text: str, shape_name: str) -> bool:
        shape = shapes.shape_for(shape_name)
        pattern = shape.metadata.get("pattern", ".*")
        return bool(re.fullmatch(pattern, text)) and len(text) <= shape.metadata.get("max", 10**6)

    assert fits(request["TrainingJobName"], "TrainingJobName")
    assert fits(request["RoleArn"], "RoleArn")
    assert fits(request["AlgorithmSpecification"]["TrainingImage"], "AlgorithmImage")
    assert fits(request["CheckpointConfig"]["S3Uri"], "S3Uri")
    assert fits(request["OutputDataConfig"]["S3OutputPath"], "S3Uri")
    assert fits(request["OutputDataConfig"]["KmsKeyId"], "KmsKeyId")
    for channel in request["InputDataConfig"]:
        assert fits(channel["ChannelName"], "ChannelName")


def test_spot_has_a_wait_limit_of_at_least_the_run_time_and_on_demand_has_none() -> None:
    spot, on_demand = training_request(SPOT), training_request(ORDER)

    assert spot["EnableManagedSpotTraining"] is True
    assert spot["StoppingCondition"] == {
        "MaxRuntimeInSeconds": 7200,
        "MaxWaitTimeInSeconds": 14_400,
    }
    assert on_demand["EnableManagedSpotTraining"] is False
    assert on_demand["StoppingCondition"] == {"MaxRuntimeInSeconds": 7200}


def test_all_attempts_share_one_checkpoint_prefix() -> None:
    first = training_request(SPOT)
    second = training_request(replace(SPOT, job_name="reviews-0123456789abcdef-02"))

    assert first["CheckpointConfig"] == second["CheckpointConfig"]
    assert first["CheckpointConfig"] == {
        "S3Uri": "s3://artifacts/checkpoints/reviews-0123456789abcdef/",
        "LocalPath": "/opt/ml/checkpoints",
    }


def test_hyperparameters_are_strings_that_the_training_program_reads_back() -> None:
    assert training_request(ORDER)["HyperParameters"] == {
        "base_model": "org/model",
        "epochs": "3",
        "learning_rate": "5e-05",
        "text_pair": "false",
        "run_id": "reviews-0123456789abcdef",
    }


@given(st.floats(min_value=1e-12, max_value=0.1))
def test_a_learning_rate_survives_as_text(rate: float) -> None:
    request = training_request(replace(ORDER, hyperparameters={"learning_rate": rate}))

    assert float(request["HyperParameters"]["learning_rate"]) == rate


def test_the_channels_are_the_splits_that_are_asked_for() -> None:
    assert channels_of(training_request(replace(ORDER, splits=("train", "validation")))) == {
        "train": "s3://artifacts/scratch/reviews-0123456789abcdef/splits/train/",
        "validation": "s3://artifacts/scratch/reviews-0123456789abcdef/splits/validation/",
    }


def test_weights_from_s3_are_a_channel_and_the_network_is_closed() -> None:
    folder = "s3://artifacts/base_models/minilm/"

    from_s3 = training_request(replace(ORDER, base_model_uri=folder))
    from_hub = training_request(ORDER)

    assert channels_of(from_s3)["model"] == folder
    assert from_s3["EnableNetworkIsolation"] is True
    assert "model" not in channels_of(from_hub)
    assert from_hub["EnableNetworkIsolation"] is False


def test_the_champion_is_a_channel_of_its_own() -> None:
    archive = "s3://artifacts/training/r/j/output/model.tar.gz"

    assert channels_of(training_request(replace(ORDER, champion_uri=archive)))["champion"] == (
        archive
    )


def test_a_key_encrypts_output_and_volume_but_never_nvme_volumes() -> None:
    plain = training_request(ORDER)
    nvme = training_request(replace(ORDER, kms_key_id=KEY))
    ebs = training_request(replace(ORDER, kms_key_id=KEY, instance_type="ml.m5.xlarge"))

    assert "KmsKeyId" not in plain["OutputDataConfig"]
    assert nvme["OutputDataConfig"]["KmsKeyId"] == KEY
    assert "VolumeKmsKeyId" not in nvme["ResourceConfig"]
    assert ebs["ResourceConfig"]["VolumeKmsKeyId"] == KEY


def test_traffic_between_instances_is_encrypted_when_there_is_any() -> None:
    assert training_request(ORDER)["EnableInterContainerTrafficEncryption"] is False
    several = training_request(replace(ORDER, instance_count=2))
    assert several["EnableInterContainerTrafficEncryption"] is True


def test_costs_can_be_told_apart_by_stack_project_and_run() -> None:
    assert training_request(ORDER)["Tags"] == [
        {"Key": "thriftline:project", "Value": "Reviews"},
        {"Key": "thriftline:run-id", "Value": "reviews-0123456789abcdef"},
        {"Key": "thriftline:stack", "Value": "thriftline"},
    ]


def test_sagemaker_does_not_retry_by_itself() -> None:
    assert "RetryStrategy" not in training_request(SPOT)


def metrics_in(line: str) -> dict[str, float]:
    return {
        definition["Name"]: float(found[1])
        for definition in metric_definitions()
        if (found := re.search(definition["Regex"], line))
    }


def test_metrics_are_picked_out_of_step_lines() -> None:
    line = {
        "event": "step",
        "step": 40,
        "epoch": 0.5,
        "loss": 0.6931,
        "learning_rate": 4.5e-05,
        "samples_per_second": 120.5,
        "tokens_per_second": 3300,
        "seconds": 12.5,
        "total_steps": 80,
        "seconds_left": 12.5,
        "padding_share": 0.0,
        "usd": "0.0049",
    }

    assert metrics_in(json.dumps(line)) == {
        "train:loss": 0.6931,
        "train:learning_rate": 4.5e-05,
        "train:samples_per_second": 120.5,
        "train:tokens_per_second": 3300,
        "train:seconds_left": 12.5,
        "train:padding_share": 0.0,
        "train:usd": 0.0049,
    }


def test_metrics_are_picked_out_of_evaluation_lines_and_not_taken_for_training_loss() -> None:
    line = {
        "event": "evaluation",
        "step": 80,
        "epoch": 1.0,
        "validation_loss": 0.4,
        "validation_accuracy": 0.81,
        "validation_macro_f1": 0.805,
        "seconds": 30.0,
    }
    expected = {"validation:loss": 0.4, "validation:accuracy": 0.81, "validation:macro_f1": 0.805}

    assert metrics_in(json.dumps(line)) == expected
    assert metrics_in(json.dumps(line, separators=(",", ":"))) == expected


@pytest.mark.parametrize("line", ['{"loss": NaN}', '{"loss": null}', '{"loss": -Infinity}', "{}"])
def test_no_number_is_no_metric(line: str) -> None:
    assert metrics_in(line) == {}


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_number_that_json_writes_is_read_whole(value: float) -> None:
    assert metrics_in(json.dumps({"loss": value})) == {"train:loss": value}


def test_metric_definitions_keep_sagemakers_limits() -> None:
    definitions = metric_definitions()

    assert len(definitions) <= 40
    for definition in definitions:
        assert len(definition["Name"]) <= 255
        assert len(definition["Regex"]) <= 500
        assert re.compile(definition["Regex"]).groups == 1


def test_settings_that_the_program_repeats_are_not_taken_for_metrics() -> None:
    line = {"event": "start", "hyperparameters": {"learning_rate": "5e-05", "loss": "1.0"}}

    assert metrics_in(json.dumps(line)) == {}


def test_a_job_on_a_training_plan_names_it() -> None:
    arn = "arn:aws:sagemaker:us-east-1:123456789012:training-plan/november"
    request = training_request(replace(ORDER, training_plan_arn=arn))

    assert request["ResourceConfig"]["TrainingPlanArn"] == arn
    assert "TrainingPlanArn" not in training_request(ORDER)["ResourceConfig"]
    assert errors_of(request) == ""


def split_channels(request: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in request["InputDataConfig"] if one["ChannelName"] in ORDER.splits]


def test_splits_are_streamed_where_the_plan_says_so_and_weights_are_copied() -> None:
    order = replace(ORDER, streams=True, base_model_uri="s3://artifacts/base_models/minilm/")
    request = training_request(order)

    assert errors_of(request) == ""
    assert {one["InputMode"] for one in split_channels(request)} == {"FastFile"}
    (weights,) = [one for one in request["InputDataConfig"] if one["ChannelName"] == "model"]
    assert weights["InputMode"] == "File"


def test_splits_are_read_through_a_file_system_inside_the_vpc() -> None:
    order = replace(
        ORDER,
        file_system_id="fs-0123456789abcdef0",
        directory_path="/fsx/thriftline",
        subnet_ids=("subnet-1", "subnet-2"),
        security_group_ids=("sg-1",),
    )
    request = training_request(order)

    assert errors_of(request) == ""
    assert request["VpcConfig"] == {
        "Subnets": ["subnet-1", "subnet-2"],
        "SecurityGroupIds": ["sg-1"],
    }
    for channel in split_channels(request):
        source = channel["DataSource"]["FileSystemDataSource"]
        assert source["FileSystemId"] == "fs-0123456789abcdef0"
        assert source["FileSystemAccessMode"] == "ro"
        assert source["FileSystemType"] == "FSxLustre"
        split = channel["ChannelName"]
        expected = f"/fsx/thriftline/scratch/{ORDER.run_id}/splits/{split}"
        assert source["DirectoryPath"] == expected


def test_without_subnets_a_job_is_in_no_vpc() -> None:
    assert "VpcConfig" not in training_request(ORDER)
