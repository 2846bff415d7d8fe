"""Processing jobs, listed and described."""

from datetime import datetime
from typing import Any

from thriftline.audit.aws.collectors.job_reads import reads_of
from thriftline.audit.aws.collectors.reading import (
    Answer,
    Collected,
    attempt_existing,
    describe_all,
    list_all,
)
from thriftline.audit.aws.collectors.tags import read_bulk_tags
from thriftline.audit.domain.facts import Fact, ResourceKind, Tags, UnreadResource
from thriftline.audit.domain.inventory import LOOK_BACK
from thriftline.audit.domain.resources.jobs import ProcessingJob
from thriftline.core.aws.target_clients import TargetClients
from thriftline.core.wording import counted

_MOST_DESCRIBED = 3_000
_PAGE = 100
_ENDED = ("Completed", "Failed", "Stopped")
_KIND = ResourceKind.PROCESSING_JOB


def collect_processing_jobs(
    clients: TargetClients, window_start: datetime
) -> Collected[ProcessingJob]:
    """Returns the jobs of the whole look-back, newest first: what they read must not expire."""
    client = clients.client("sagemaker")
    listed = list_all(
        client,
        "ListProcessingJobs",
        "ProcessingJobSummaries",
        CreationTimeAfter=window_start - LOOK_BACK,
        SortBy="CreationTime",
        SortOrder="Descending",
        MaxResults=_PAGE,
    )
    unread = list(listed.gap(_KIND))
    names = [row["ProcessingJobName"] for row in listed.rows]
    if len(names) > _MOST_DESCRIBED:
        said = f"{counted(len(names), 'job')}; the newest {_MOST_DESCRIBED:,} were described."
        unread.append(UnreadResource(_KIND, "*", "DescribeProcessingJob", said))
        names = names[:_MOST_DESCRIBED]
    if not names:
        return Collected((), tuple(unread))
    tags = read_bulk_tags(clients, "sagemaker:processing-job")
    answers, lost = describe_all(_KIND, names, lambda one: _describe(client, one))
    jobs = (_job(answer, tags.of(answer["ProcessingJobArn"])) for answer in answers)
    return Collected(tuple(jobs), (*unread, *lost))


def _describe(client: Any, name: str) -> Fact[Answer | None]:
    return attempt_existing(
        "DescribeProcessingJob", lambda: client.describe_processing_job(ProcessingJobName=name)
    )


def _job(answer: Answer, tags: Fact[Tags]) -> ProcessingJob:
    cluster = answer["ProcessingResources"]["ClusterConfig"]
    status = answer["ProcessingJobStatus"]
    changed = answer.get("LastModifiedTime") if status in _ENDED else None
    outputs = (answer.get("ProcessingOutputConfig") or {}).get("Outputs", ())
    output_uris = tuple(
        output["S3Output"]["S3Uri"] for output in outputs if output.get("S3Output", {}).get("S3Uri")
    )
    reads = reads_of(answer, output_uris)
    return ProcessingJob(
        name=answer["ProcessingJobName"],
        arn=answer["ProcessingJobArn"],
        status=status,
        failure_reason=answer.get("FailureReason") or None,
        instance_type=cluster.get("InstanceType"),
        instance_count=cluster.get("InstanceCount", 1),
        volume_gib=cluster.get("VolumeSizeInGB", 0),
        created=answer["CreationTime"],
        started=answer.get("ProcessingStartTime"),
        ended=answer.get("ProcessingEndTime") or changed,
        max_runtime_seconds=(answer.get("StoppingCondition") or {}).get("MaxRuntimeInSeconds"),
        output_s3_uris=output_uris,
        tags=tags,
        read_s3_uris=reads.uris,
        manifest_s3_uris=reads.manifests,
    )
