"""Pure parts of the training jobs: constraints, metrics, keys, faults."""

import string
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_aws.http.shape_constraints import input_shape, violations
from local_aws.training.metrics import MetricReader
from local_aws.training.options import Fault, FaultKind, Faults
from local_aws.training.record import TrainingRecord
from local_aws.training.storage import relative_key, split_uri

NOW = datetime(2026, 11, 21, tzinfo=UTC)
KEY_PART = st.text(string.ascii_lowercase + string.digits + "-._", min_size=1, max_size=8)


def broken(**members: object) -> list[str]:
    request = {"TrainingJobName": "a", "RoleArn": "arn:aws:iam::123456789012:role/r"}
    request |= {"OutputDataConfig": {"S3OutputPath": "s3://b/p"}, **members}  # type: ignore[dict-item]
    return violations(input_shape("sagemaker", "CreateTrainingJob"), request)


def test_a_sound_request_breaks_no_constraint() -> None:
    assert (
        broken(Tags=[{"Key": "a", "Value": ""}], StoppingCondition={"MaxRuntimeInSeconds": 1}) == []
    )


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"TrainingJobName": None}, "Value null at 'trainingJobName'"),
        ({"TrainingJobName": "-a"}, "regular expression pattern"),
        ({"StoppingCondition": {"MaxRuntimeInSeconds": 0}}, "value greater than or equal to 1"),
        ({"StoppingCondition": {"MaxRuntimeInSeconds": "1"}}, "must be a number"),
        ({"HyperParameters": {"a": 1}}, "'hyperParameters.a.value'"),
        ({"HyperParameters": {str(n): "" for n in range(101)}}, "less than or equal to 100"),
        ({"Tags": [{"Key": "", "Value": ""}]}, "'tags.1.member.key'"),
        ({"ResourceConfig": {"InstanceType": "g5.xlarge"}}, "Member must satisfy enum value set"),
    ],
)
def test_a_broken_constraint_is_named_with_its_place(members: dict[str, object], said: str) -> None:
    found = broken(**members)
    assert len(found) == 1
    assert said in found[0]


def test_a_metric_keeps_its_last_number() -> None:
    reader = MetricReader([{"Name": "loss", "Regex": '"loss": ([0-9eE.+-]+)'}])
    for line in ('{"loss": 0.5}', "no metric", '{"loss": 2.5e-1}', '{"loss": e}'):
        reader.read(line, NOW)
    assert reader.final == [{"MetricName": "loss", "Value": 0.25, "Timestamp": NOW}]


def test_a_definition_without_a_group_finds_nothing() -> None:
    reader = MetricReader([{"Name": "loss", "Regex": "loss"}])
    reader.read("loss", NOW)
    assert reader.final == []


@pytest.mark.parametrize(
    ("key", "prefix", "expected"),
    [
        ("data/train/a/1.csv", "data/train/", "a/1.csv"),
        ("data/train/a/1.csv", "data/train", "a/1.csv"),
        ("data/part-1.csv", "data/part-", "part-1.csv"),
        ("models/model.tar.gz", "models/model.tar.gz", "model.tar.gz"),
        ("1.csv", "", "1.csv"),
    ],
)
def test_an_object_lies_below_its_channel_as_on_sagemaker(
    key: str, prefix: str, expected: str
) -> None:
    assert relative_key(key, prefix) == expected


@given(folder=st.lists(KEY_PART, max_size=3), below=st.lists(KEY_PART, min_size=1, max_size=3))
def test_a_prefix_with_or_without_its_slash_gives_the_same_files(
    folder: list[str], below: list[str]
) -> None:
    prefix, expected = "/".join(folder), "/".join(below)
    key = "/".join([*folder, *below])
    assert relative_key(key, f"{prefix}/" if prefix else "") == expected
    assert relative_key(key, prefix) == expected


def test_a_uri_without_a_key_is_a_whole_bucket() -> None:
    assert split_uri("s3://bucket") == ("bucket", "")
    assert split_uri("s3://bucket/a/b") == ("bucket", "a/b")


def test_a_fault_meets_as_many_jobs_as_it_says_and_only_those_that_it_names() -> None:
    faults = Faults([Fault(FaultKind.CAPACITY, job="run-*", times=2)])
    assert faults.take("other", FaultKind.CAPACITY) is None
    assert faults.take("run-1", FaultKind.QUOTA) is None
    assert faults.take("run-1", FaultKind.CAPACITY) is not None
    assert faults.take("run-2", FaultKind.CAPACITY) is not None
    assert faults.take("run-3", FaultKind.CAPACITY) is None


def test_a_fault_waits_for_its_time() -> None:
    faults = Faults([Fault(FaultKind.INTERRUPTION, after_seconds=10)])
    assert faults.take("a", FaultKind.INTERRUPTION, seconds=9.9) is None
    assert faults.take("a", FaultKind.INTERRUPTION, seconds=10) is not None


def test_a_job_that_is_being_stopped_goes_nowhere_but_to_its_upload() -> None:
    record = TrainingRecord(
        {"TrainingJobName": "a", "AlgorithmSpecification": {}},
        "arn:aws:sagemaker:us-east-1:123456789012:training-job/a",
        lambda: NOW,
        spot_billable_fraction=0.5,
    )
    assert record.ask_to_stop(NOW)
    record.enter("Training", "too late", NOW)
    assert (record.status, record.secondary_status) == ("Stopping", "Stopping")
    record.enter("Uploading", "what there is", NOW)
    assert (record.status, record.secondary_status) == ("Stopping", "Uploading")
