"""Training jobs: found by Search, a hundred whole jobs to a page; described one by one if not.

Search gives what DescribeTrainingJob gives, with the tags. Where it is refused, the jobs of the
window and those that run are listed and described, and older ones stay unknown.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from datetime import datetime, timedelta
from typing import Any

from thriftline.audit.aws.collectors.job_reads import reads_of
from thriftline.audit.aws.collectors.reading import (
    Answer,
    Collected,
    Listed,
    attempt,
    attempt_existing,
    in_threads,
    list_all,
    one_of,
    whole_kind,
)
from thriftline.audit.aws.collectors.tags import pairs, read_bulk_tags
from thriftline.audit.domain.facts import Fact, ResourceKind, Tags, Unread, UnreadResource
from thriftline.audit.domain.inventory import LOOK_BACK
from thriftline.audit.domain.resources.jobs import TrainingJob, WarmPool
from thriftline.core.aws.target_clients import TargetClients
from thriftline.core.dataclass import dataclass
from thriftline.core.wording import counted

# A function has 512 MB; a job takes about 3 KB of them.
MOST_JOBS = 30_000
# DescribeTrainingJob is throttled at a few calls a second, and a function has fifteen minutes.
MOST_DESCRIBED = 3_000
_PAGE = 100
# Indexes of this kind page through ten thousand results and no further.
_SEARCH_DEPTH = 10_000
_RUNNING = ("InProgress", "Stopping")
_ENDED = ("Completed", "Failed", "Stopped")
_KIND = ResourceKind.TRAINING_JOB


@dataclass(slots=True)
class _FoundJobs:
    """Whole jobs by name, and what went wrong on the way."""

    jobs: dict[str, TrainingJob] = field(default_factory=dict)
    unread: list[UnreadResource] = field(default_factory=list)


def collect_training_jobs(clients: TargetClients, window_start: datetime) -> Collected[TrainingJob]:
    """Returns the jobs of the last months, newest first, and every job that still runs."""
    client = clients.client("sagemaker")
    found = _FoundJobs()
    failure = _search_all(client, window_start - LOOK_BACK, found)
    if failure is not None:
        found.unread.append(whole_kind(_KIND, failure))
        _describe_all(clients, window_start, found)
    jobs = [_with_warm_pool(client, job) for job in found.jobs.values()]
    newest = sorted(jobs, key=lambda job: (job.created, job.name), reverse=True)
    return Collected(tuple(newest), tuple(found.unread))


def _search_all(client: Any, since: datetime, found: _FoundJobs) -> Unread | None:
    running = [_filter("TrainingJobStatus", "Equals", status) for status in _RUNNING]
    failure = _take(_search(client, running, "Or"), found)
    until: datetime | None = None
    while failure is None:
        filters = [_filter("CreationTime", "GreaterThanOrEqualTo", _iso(since))]
        if until is not None:
            # The second that the last search broke off in is asked for again.
            whole_second = until.replace(microsecond=0) + timedelta(seconds=1)
            filters.append(_filter("CreationTime", "LessThanOrEqualTo", _iso(whole_second)))
        rows, before = _search(client, filters, "And"), len(found.jobs)
        failure = _take(rows, found)
        if len(rows.rows) < _SEARCH_DEPTH or len(found.jobs) == before:
            return failure
        if len(found.jobs) >= MOST_JOBS:
            said = f"More than {MOST_JOBS:,} jobs since {since:%Y-%m-%d}: older ones were left out."
            found.unread.append(UnreadResource(_KIND, "*", "Search", said))
            return None
        until = min(job.created for job in found.jobs.values() if job.status in _ENDED)
    return failure


def _search(client: Any, filters: list[dict[str, str]], operator: str) -> Listed:
    """Returns the raw jobs of one search, as deep as a search goes."""
    rows: list[Answer] = []

    def read() -> None:
        pages = client.get_paginator("search").paginate(
            Resource="TrainingJob",
            SearchExpression={"Filters": filters, "Operator": operator},
            SortBy="CreationTime",
            SortOrder="Descending",
            MaxResults=_PAGE,
        )
        for page in pages:
            rows.extend(one["TrainingJob"] for one in page["Results"] if "TrainingJob" in one)
            if len(rows) >= _SEARCH_DEPTH:
                return

    return Listed(rows, attempt("Search", read))


def _filter(name: str, operator: str, value: str) -> dict[str, str]:
    return {"Name": name, "Operator": operator, "Value": value}


def _iso(when: datetime) -> str:
    return f"{when:%Y-%m-%dT%H:%M:%S}"


def _take(listed: Listed, found: _FoundJobs) -> Unread | None:
    for row in listed.rows:
        found.jobs[row["TrainingJobName"]] = training_job(row, pairs(row.get("Tags") or ()))
    return listed.unread


def _describe_all(clients: TargetClients, since: datetime, found: _FoundJobs) -> None:
    """Adds what Search did not give of the window's jobs and the running ones."""
    client = clients.client("sagemaker")
    names = [name for name in _listed_names(client, since, found) if name not in found.jobs]
    if not names:
        return
    if len(names) > MOST_DESCRIBED:
        said = (
            f"{counted(len(names), 'job')} would have to be described; the newest "
            f"{MOST_DESCRIBED:,} were."
        )
        found.unread.append(UnreadResource(_KIND, "*", "DescribeTrainingJob", said))
        names = names[:MOST_DESCRIBED]
    tags = read_bulk_tags(clients, "sagemaker:training-job")
    for name, answer in zip(
        names, in_threads(lambda one: _describe(client, one), names), strict=True
    ):
        if isinstance(answer, Unread):
            found.unread.append(one_of(_KIND, name, answer))
        elif answer is not None:
            found.jobs[name] = training_job(answer, tags.of(answer["TrainingJobArn"]))


def _listed_names(client: Any, since: datetime, found: _FoundJobs) -> Sequence[str]:
    asked: Iterable[Mapping[str, Any]] = (
        *({"StatusEquals": status} for status in _RUNNING),
        {"CreationTimeAfter": since},
    )
    names: dict[str, None] = {}
    for filters in asked:
        listed = list_all(
            client,
            "ListTrainingJobs",
            "TrainingJobSummaries",
            SortBy="CreationTime",
            SortOrder="Descending",
            MaxResults=_PAGE,
            **filters,
        )
        names.update((row["TrainingJobName"], None) for row in listed.rows)
        found.unread.extend(listed.gap(_KIND))
    return tuple(names)


def _describe(client: Any, name: str) -> Fact[Answer | None]:
    return attempt_existing(
        "DescribeTrainingJob", lambda: client.describe_training_job(TrainingJobName=name)
    )


def _with_warm_pool(client: Any, job: TrainingJob) -> TrainingJob:
    """Returns the job with its warm pool, which Search may not tell of."""
    if not job.keep_alive_seconds or job.warm_pool is not None or job.status not in _ENDED:
        return job
    answer = _describe(client, job.name)
    return job if isinstance(answer, Unread) or answer is None else training_job(answer, job.tags)


def training_job(answer: Answer, tags: Fact[Tags]) -> TrainingJob:
    """Returns a job out of the answer of DescribeTrainingJob, or of Search.

    A job that ended without a time of its end ended when it last changed; one that ended without
    having started had no instance, and was not billed.
    """
    resources = answer.get("ResourceConfig") or {}
    stopping = answer.get("StoppingCondition") or {}
    status = answer["TrainingJobStatus"]
    started, has_ended = answer.get("TrainingStartTime"), status in _ENDED
    never_ran = 0 if has_ended and started is None else None
    instance_type, instance_count = _instances(resources)
    modified = answer.get("LastModifiedTime") or answer["CreationTime"]
    places = _places(answer)
    reads = reads_of(answer, _own(answer["TrainingJobName"], places))
    return TrainingJob(
        name=answer["TrainingJobName"],
        arn=answer["TrainingJobArn"],
        status=status,
        secondary_status=answer.get("SecondaryStatus", ""),
        failure_reason=answer.get("FailureReason") or None,
        instance_type=instance_type,
        instance_count=instance_count,
        volume_gib=resources.get("VolumeSizeInGB", 0),
        is_prepaid=_is_prepaid(answer, resources),
        keep_alive_seconds=resources.get("KeepAlivePeriodInSeconds"),
        warm_pool=_warm_pool(answer.get("WarmPoolStatus")),
        created=answer["CreationTime"],
        started=started,
        ended=answer.get("TrainingEndTime") or (modified if has_ended else None),
        last_modified=modified,
        training_seconds=answer.get("TrainingTimeInSeconds", never_ran),
        billable_seconds=answer.get("BillableTimeInSeconds", never_ran),
        max_runtime_seconds=stopping.get("MaxRuntimeInSeconds"),
        max_wait_seconds=stopping.get("MaxWaitTimeInSeconds"),
        managed_spot=answer.get("EnableManagedSpotTraining", False),
        tags=tags,
        **places,
        read_s3_uris=reads.uris,
        manifest_s3_uris=reads.manifests,
    )


def _places(answer: Answer) -> dict[str, str | None]:
    checkpoints = answer.get("CheckpointConfig") or {}
    output = answer.get("OutputDataConfig") or {}
    artifacts = answer.get("ModelArtifacts") or {}
    return {
        "checkpoint_s3_uri": checkpoints.get("S3Uri") or None,
        "output_s3_uri": output.get("S3OutputPath") or None,
        "artifact_s3_uri": artifacts.get("S3ModelArtifacts") or None,
    }


def _is_prepaid(answer: Answer, resources: Answer) -> bool:
    """Returns whether the instances came from a training plan.

    Of several preferences the job names the one that it got.
    """
    if resources.get("TrainingPlanArn"):
        return True
    selected = answer.get("SelectedInstanceType") or resources.get("SelectedInstanceType")
    return any(
        bool(one.get("TrainingPlanArns")) and selected in (None, one.get("InstanceType"))
        for one in resources.get("InstancePreferences") or ()
    )


def _own(name: str, places: Mapping[str, str | None]) -> Iterable[str]:
    """Returns where a job writes: jobs share an output path, below which each has a folder."""
    output = places["output_s3_uri"]
    own = (places["checkpoint_s3_uri"], output and f"{output.rstrip('/')}/{name}")
    return (uri for uri in own if uri)


def _instances(resources: Answer) -> tuple[str | None, int]:
    """Returns type and number of instances; groups of different types have no one type."""
    groups = resources.get("InstanceGroups") or ()
    if not groups:
        return resources.get("InstanceType"), resources.get("InstanceCount", 1)
    types = {group["InstanceType"] for group in groups}
    count = sum(group["InstanceCount"] for group in groups)
    return (types.pop() if len(types) == 1 else None), count


def _warm_pool(answer: Answer | None) -> WarmPool | None:
    if not answer:
        return None
    return WarmPool(
        status=answer["Status"],
        retained_billable_seconds=answer.get("ResourceRetainedBillableTimeInSeconds"),
        reused_by_job=answer.get("ReusedByJob"),
    )
