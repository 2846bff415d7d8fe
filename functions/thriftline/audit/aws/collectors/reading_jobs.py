"""Transform and tuning jobs: collected for what they read, which must not expire."""

from collections.abc import Callable
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
from thriftline.audit.domain.facts import Fact, ResourceKind, UnreadResource
from thriftline.audit.domain.inventory import LOOK_BACK
from thriftline.audit.domain.resources.jobs import ReadingJob
from thriftline.core.aws.target_clients import TargetClients
from thriftline.core.wording import counted

MOST_DESCRIBED = 1_500
_PAGE = 100


def collect_transform_jobs(clients: TargetClients, window_start: datetime) -> Collected[ReadingJob]:
    """Returns the batch transform jobs of the whole look-back, newest first."""
    client = clients.client("sagemaker")
    return _collect(
        client,
        ResourceKind.TRANSFORM_JOB,
        ("ListTransformJobs", "TransformJobSummaries", "TransformJob"),
        window_start,
        lambda name: client.describe_transform_job(TransformJobName=name),
    )


def collect_tuning_jobs(clients: TargetClients, window_start: datetime) -> Collected[ReadingJob]:
    """Returns the tuning jobs of the whole look-back, newest first."""
    client = clients.client("sagemaker")
    return _collect(
        client,
        ResourceKind.TUNING_JOB,
        (
            "ListHyperParameterTuningJobs",
            "HyperParameterTuningJobSummaries",
            "HyperParameterTuningJob",
        ),
        window_start,
        lambda name: client.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name),
    )


def _collect(
    client: Any,
    kind: ResourceKind,
    called: tuple[str, str, str],
    window_start: datetime,
    describe: Callable[[str], Answer],
) -> Collected[ReadingJob]:
    operation, key, prefix = called
    listed = list_all(
        client,
        operation,
        key,
        CreationTimeAfter=window_start - LOOK_BACK,
        SortBy="CreationTime",
        SortOrder="Descending",
        MaxResults=_PAGE,
    )
    unread = list(listed.gap(kind))
    names = [row[f"{prefix}Name"] for row in listed.rows]
    if len(names) > MOST_DESCRIBED:
        said = f"{counted(len(names), 'job')}; the newest {MOST_DESCRIBED:,} were described."
        unread.append(UnreadResource(kind, "*", f"Describe{prefix}", said))
        names = names[:MOST_DESCRIBED]

    def described(name: str) -> Fact[Answer | None]:
        return attempt_existing(f"Describe{prefix}", lambda: describe(name))

    answers, lost = describe_all(kind, names, described)
    return Collected(tuple(_job(answer, prefix) for answer in answers), (*unread, *lost))


def _job(answer: Answer, prefix: str) -> ReadingJob:
    reads = reads_of(answer)
    return ReadingJob(
        name=answer[f"{prefix}Name"],
        status=answer[f"{prefix}Status"],
        created=answer["CreationTime"],
        read_s3_uris=reads.uris,
        manifest_s3_uris=reads.manifests,
    )
