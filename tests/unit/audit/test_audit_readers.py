"""What any job of the look-back reads is referred to, whoever wrote it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.audit.accounts import NOW, bucket, days_ago, inventory, training_job
from tests.unit.audit.canned_aws import REGION, Canned, CannedClients, error
from thriftline.audit.aws.acting.references import read_references
from thriftline.audit.aws.collectors.job_reads import reads_of
from thriftline.audit.aws.collectors.processing_jobs import collect_processing_jobs
from thriftline.audit.aws.collectors.reading_jobs import (
    MOST_DESCRIBED,
    collect_transform_jobs,
    collect_tuning_jobs,
)
from thriftline.audit.aws.collectors.training_jobs import training_job as job_of
from thriftline.audit.domain.audit import audit
from thriftline.audit.domain.facts import ResourceKind
from thriftline.audit.domain.inventory import LOOK_BACK, Inventory
from thriftline.audit.domain.parameters import AuditParameters
from thriftline.audit.domain.references import References
from thriftline.audit.domain.resources.jobs import ReadingJob
from thriftline.audit.domain.resources.storage import BucketPrefix
from thriftline.core.errors import AwsRequestError
from thriftline.money.price_catalogue import price_catalogue

ARN = f"arn:aws:sagemaker:{REGION}:123456789012"
CHECKPOINTS = "s3://models/checkpoints/base/"
ORPHANS = ("ml.s3.artifacts.orphaned-checkpoints", "ml.s3.artifacts.failed-jobs")


def _source(uri: str, kind: str = "S3Prefix") -> dict[str, Any]:
    return {"DataSource": {"S3DataSource": {"S3DataType": kind, "S3Uri": uri}}}


def _training(**fields: Any) -> dict[str, Any]:
    return {
        "TrainingJobName": "nightly",
        "TrainingJobArn": f"{ARN}:training-job/nightly",
        "TrainingJobStatus": "Completed",
        "CreationTime": days_ago(2),
        "TrainingStartTime": days_ago(2),
        "OutputDataConfig": {"S3OutputPath": "s3://models/out"},
        "CheckpointConfig": {"S3Uri": "s3://models/own-checkpoints/"},
        **fields,
    }


@pytest.mark.parametrize(
    "fields",
    [
        {"InputDataConfig": [{"ChannelName": "base", **_source(CHECKPOINTS)}]},
        {"HyperParameters": {"init_from": CHECKPOINTS}},
        {"HyperParameters": {"args": f'"--init {CHECKPOINTS} --epochs 3"'}},
        {"HyperParameters": {"sources": f"s3://elsewhere/a,{CHECKPOINTS}"}},
        {"Environment": {"BASE": CHECKPOINTS.rstrip("/")}},
        {"Environment": {"CONFIG": f'{{"base": "{CHECKPOINTS}"}}'}},
        {"Environment": {"BASE": CHECKPOINTS.replace("s3://", "s3a://")}},
        {"AlgorithmSpecification": {"ContainerArguments": ["--init", f"{CHECKPOINTS}step-9"]}},
    ],
)
def test_a_training_job_reads_channels_hyperparameters_environment_and_arguments(
    fields: dict[str, Any],
) -> None:
    job = job_of(_training(**fields), ())
    assert References.of((), job.read_s3_uris).hold("models", "checkpoints/base/")


def test_what_a_job_writes_is_no_input_of_it() -> None:
    own = {"model_dir": "s3://models/out/nightly/model", "resume": "s3://models/own-checkpoints"}
    job = job_of(_training(HyperParameters=own), ())
    assert job.read_s3_uris == ()
    resumed = {
        "InputDataConfig": [{"ChannelName": "base", **_source("s3://models/own-checkpoints")}]
    }
    assert job_of(_training(**resumed), ()).read_s3_uris == ("s3://models/own-checkpoints",)


def test_a_prefix_without_a_slash_reads_all_that_begins_with_it() -> None:
    reads = References.of((), ["s3://models/checkpoints/ba"])
    assert reads.hold("models", "checkpoints/base/")
    assert reads.hold("models", "checkpoints/")
    assert not reads.hold("models", "checkpoints/other/")
    assert not reads.hold("model", "checkpoints/base/")


KEYS = st.text(alphabet="ab/", max_size=8)


@given(read=KEYS, asked=KEYS)
def test_a_prefix_with_an_object_that_a_job_could_read_is_held(read: str, asked: str) -> None:
    held = References.of((), [f"s3://bucket/{read}"]).hold("bucket", asked)
    assert held or not (read.startswith(asked) or asked.startswith(read))


def test_processing_transform_and_tuning_jobs_tell_what_they_read() -> None:
    clients = CannedClients(
        {
            "ListProcessingJobs": [{"ProcessingJobSummaries": [{"ProcessingJobName": "p"}]}],
            "DescribeProcessingJob": [
                {
                    "ProcessingJobName": "p",
                    "ProcessingJobArn": f"{ARN}:processing-job/p",
                    "ProcessingJobStatus": "Completed",
                    "ProcessingResources": {"ClusterConfig": {}},
                    "ProcessingInputs": [{"S3Input": {"S3Uri": "s3://models/p-in"}}],
                    "ProcessingOutputConfig": {"Outputs": [{"S3Output": {"S3Uri": "s3://o/p"}}]},
                    "AppSpecification": {"ContainerArguments": ["--out=s3://o/p", "s3://m/arg"]},
                    "CreationTime": days_ago(100),
                }
            ],
            "ListTransformJobs": [{"TransformJobSummaries": [{"TransformJobName": "t"}]}],
            "DescribeTransformJob": [
                {
                    "TransformJobName": "t",
                    "TransformJobStatus": "Completed",
                    "TransformInput": _source("s3://models/t-in", "ManifestFile"),
                    "TransformOutput": {"S3OutputPath": "s3://o/t"},
                    "CreationTime": days_ago(100),
                }
            ],
            "ListHyperParameterTuningJobs": [
                {"HyperParameterTuningJobSummaries": [{"HyperParameterTuningJobName": "h"}]}
            ],
            "DescribeHyperParameterTuningJob": [
                {
                    "HyperParameterTuningJobName": "h",
                    "HyperParameterTuningJobStatus": "Completed",
                    "TrainingJobDefinition": {
                        "StaticHyperParameters": {"base": "s3://models/h-base"},
                        "InputDataConfig": [_source("s3://models/h-in")],
                        "OutputDataConfig": {"S3OutputPath": "s3://o/h"},
                    },
                    "CreationTime": days_ago(100),
                }
            ],
        }
    )
    start = days_ago(30)
    (processing,) = collect_processing_jobs(clients, start).found
    (transform,) = collect_transform_jobs(clients, start).found
    (tuning,) = collect_tuning_jobs(clients, start).found
    assert processing.read_s3_uris == ("s3://m/arg", "s3://models/p-in")
    assert transform.manifest_s3_uris == ("s3://models/t-in",)
    assert tuning.read_s3_uris == ("s3://models/h-base", "s3://models/h-in")


def test_more_jobs_than_can_be_described_are_unknown() -> None:
    rows = [{"TransformJobName": f"t-{number}"} for number in range(MOST_DESCRIBED + 1)]
    gone = error("ResourceNotFound")
    clients = CannedClients(
        {"ListTransformJobs": [{"TransformJobSummaries": rows}], "DescribeTransformJob": [gone]}
    )
    (gap,) = collect_transform_jobs(clients, days_ago(30)).unread
    assert (gap.kind, gap.resource) == (ResourceKind.TRANSFORM_JOB, "*")


def _orphaned(**facts: Any) -> Inventory:
    prefix = BucketPrefix(
        prefix="checkpoints/base/",
        size_bytes=5 * 2**30,
        bytes_by_class=(("STANDARD", 5 * 2**30),),
        objects=9,
        last_modified=days_ago(90),
        written_by="base",
        is_whole=True,
    )
    base = training_job("base", checkpoint_s3_uri=CHECKPOINTS, ended=days_ago(91))
    jobs = (replace(base, created=days_ago(92)), *facts.pop("training_jobs", ()))
    return inventory(training_jobs=jobs, buckets=(bucket(prefixes=(prefix,)),), **facts)


def _orphans(found: Inventory) -> list[str]:
    said = audit(found, price_catalogue(), AuditParameters())
    return [one.resource for one in said.findings if one.rule in ORPHANS]


def _reader(**facts: Any) -> ReadingJob:
    reader = ReadingJob(
        name="reader",
        status="Completed",
        created=NOW - LOOK_BACK + timedelta(days=1),
        read_s3_uris=(CHECKPOINTS,),
        manifest_s3_uris=(),
    )
    return replace(reader, **facts)


def test_a_checkpoint_that_a_nightly_job_reads_is_no_orphan() -> None:
    assert _orphans(_orphaned()) == ["models/checkpoints/base/"]
    nightly = training_job("nightly", read_s3_uris=(CHECKPOINTS,))
    assert _orphans(_orphaned(training_jobs=(nightly,))) == []
    assert _orphans(_orphaned(transform_jobs=(_reader(),))) == []
    assert _orphans(_orphaned(tuning_jobs=(_reader(),))) == []


def test_where_a_manifest_is_read_nothing_is_called_an_orphan() -> None:
    reader = _reader(read_s3_uris=(), manifest_s3_uris=("s3://lists/today.manifest",))
    found = _orphaned(transform_jobs=(reader,))
    assert _orphans(found) == []
    said = audit(found, price_catalogue(), AuditParameters())
    reasons = [reason for gap in said.gaps if gap.rule in ORPHANS for reason in gap.reasons]
    assert any("s3://lists/today.manifest" in reason for reason in reasons)


@pytest.mark.parametrize(
    "kind", [ResourceKind.PROCESSING_JOB, ResourceKind.TRANSFORM_JOB, ResourceKind.TUNING_JOB]
)
def test_without_a_kind_of_reader_nothing_is_called_an_orphan(kind: ResourceKind) -> None:
    found = _orphaned()
    assert _orphans(replace(found, collected=found.collected - {kind})) == []


def test_at_the_moment_of_acting_a_job_that_came_since_the_audit_counts() -> None:
    asked: list[Any] = []

    def transforms(request: Any) -> dict[str, Any]:
        asked.append(request)
        return {"TransformJobSummaries": [{"TransformJobName": "new"}]}

    described = {
        "TransformJobName": "new",
        "TransformJobStatus": "InProgress",
        "TransformInput": _source(CHECKPOINTS),
        "CreationTime": NOW,
    }
    lists: dict[str, Canned] = {
        "ListModels": [{"Models": []}],
        "ListModelPackageGroups": [{"ModelPackageGroupSummaryList": []}],
        "ListModelPackages": [{"ModelPackageSummaryList": []}],
        "ListEndpoints": [{"Endpoints": []}],
        "ListInferenceComponents": [{"InferenceComponents": []}],
        "ListTrainingJobs": [{"TrainingJobSummaries": []}],
        "ListProcessingJobs": [{"ProcessingJobSummaries": []}],
        "ListHyperParameterTuningJobs": [{"HyperParameterTuningJobSummaries": []}],
        "ListTransformJobs": transforms,
    }
    clients = CannedClients({**lists, "DescribeTransformJob": [described]})
    assert read_references(clients, NOW).hold("models", "checkpoints/base/")
    assert "CreationTimeAfter" in asked[0]
    by_manifest = {**described, "TransformInput": _source("s3://x/list", "ManifestFile")}
    clients = CannedClients({**lists, "DescribeTransformJob": [by_manifest]})
    with pytest.raises(AwsRequestError, match="s3://x/list"):
        read_references(clients, NOW)


def test_a_manifest_anywhere_in_an_answer_is_found() -> None:
    nested = {
        "TrainingJobDefinitions": [{"InputDataConfig": [_source("s3://x/m", "ManifestFile")]}]
    }
    assert reads_of(nested).manifests == ("s3://x/m",)
