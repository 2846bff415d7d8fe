"""Rules on what jobs left behind in S3, never on what the registry or an endpoint refers to."""

from collections.abc import Iterator
from datetime import timedelta

from thriftline.audit.domain.facts import ResourceKind, Unread
from thriftline.audit.domain.findings import (
    ActionKind,
    ApiCall,
    Change,
    Confidence,
    Effort,
    Severity,
    Signal,
)
from thriftline.audit.domain.job_places import JobPlaces
from thriftline.audit.domain.lifecycle import GOES_ON, expiration_rule, put_rules
from thriftline.audit.domain.references import (
    REFERRING_KINDS,
    References,
    references_of,
    unknown_references,
)
from thriftline.audit.domain.resources.jobs import TrainingJob
from thriftline.audit.domain.resources.storage import Bucket, BucketPrefix
from thriftline.audit.domain.rules.buckets import gigabytes, prefix_usd
from thriftline.audit.domain.rules.rule import Observation, Rule, Subject, dollars, pool
from thriftline.core.wording import counted

_NEEDS = REFERRING_KINDS | {ResourceKind.BUCKET}
_ENDED = ("Completed", "Failed", "Stopped")
_MOST_NAMES = 5
_SHARED = (
    "With low confidence, so that no audit acts on it: one that another job names or named as "
    "its checkpoint or output, and one written within `checkpoint_max_age_days`. "
)


def _unreferred(subject: Subject) -> Iterator[tuple[Bucket, BucketPrefix]]:
    references = references_of(subject.inventory)
    for bucket in subject.inventory.buckets:
        if isinstance(bucket.prefixes, Unread):
            continue
        for one in bucket.prefixes:
            if not references.hold(bucket.name, one.prefix):
                yield bucket, one


def _checkpoints(subject: Subject) -> Iterator[Observation]:
    jobs = {job.name: job for job in subject.inventory.training_jobs}
    days = subject.parameters.checkpoint_max_age_days
    before = subject.inventory.now - timedelta(days=days)
    # A prefix with a job's checkpoints somewhere below it is not called an orphan by its name.
    written = References.of(job.checkpoint_s3_uri for job in jobs.values() if job.checkpoint_s3_uri)
    places = JobPlaces.of(subject.inventory)
    for bucket, one in _unreferred(subject):
        job = jobs.get(one.written_by or "")
        if one.last_modified is None or one.last_modified > before:
            continue
        is_named_so = one.written_by is None and "checkpoint" in one.prefix.lower()
        if job is None and is_named_so and not written.hold(bucket.name, one.prefix):
            yield _orphan(
                bucket, one, subject, "no job of this account refers to it", (None, places)
            )
        elif job is not None and job.status in _ENDED and _is_checkpoint_of(bucket, one, job):
            yield _orphan(
                bucket, one, subject, f"its job {job.name} ended: {job.status}", (job, places)
            )


def _is_checkpoint_of(bucket: Bucket, one: BucketPrefix, job: TrainingJob) -> bool:
    own = References.of([job.checkpoint_s3_uri] if job.checkpoint_s3_uri else [])
    return own.hold(bucket.name, one.prefix)


def _failed(subject: Subject) -> Iterator[Observation]:
    jobs = {job.name: job for job in subject.inventory.training_jobs}
    days = subject.parameters.failed_artifact_max_age_days
    before = subject.inventory.now - timedelta(days=days)
    places = JobPlaces.of(subject.inventory)
    for bucket, one in _unreferred(subject):
        job = jobs.get(one.written_by or "")
        if job is None or job.status != "Failed" or job.ended is None or job.ended > before:
            continue
        if one.objects == 0 or _is_checkpoint_of(bucket, one, job):
            continue
        yield _orphan(bucket, one, subject, f"its job {job.name} failed", (job, places))


def _orphan(
    bucket: Bucket,
    one: BucketPrefix,
    subject: Subject,
    why: str,
    of: tuple[TrainingJob | None, JobPlaces],
) -> Observation:
    job, places = of
    usd = prefix_usd(bucket, one, subject)
    place = f"{bucket.name}/{one.prefix}"
    calls: tuple[ApiCall, ...] = ()
    if not isinstance(bucket.lifecycle_rules, Unread):
        calls = (put_rules(bucket, bucket.lifecycle_rules, [expiration_rule(one.prefix)]),)
    others = sorted(places.users(bucket.name, one.prefix) - {job.name if job else ""})
    days = subject.parameters.checkpoint_max_age_days
    fresh = subject.inventory.now - timedelta(days=days)
    is_fresh = one.last_modified is None or one.last_modified > fresh
    written = f"{one.last_modified:%Y-%m-%d}" if one.last_modified else "unknown"
    return Observation(
        resource=place,
        summary=f"{gigabytes(one.size_bytes)}, last written {written}; {why}; no model, "
        f"registry or endpoint does, and no job has read it: {dollars(usd)} a month.",
        used=(
            Signal("Bytes", gigabytes(one.size_bytes)),
            Signal("Last written", written),
            Signal("Written by", job.name if job else "not traced to a job"),
            Signal("Other jobs that name or named it", ", ".join(others[:_MOST_NAMES]) or "none"),
            Signal("References from models, packages, endpoints, jobs and their inputs", "none"),
        ),
        missing=(
            *(() if job else ("The job that wrote it: only its name says what it is.",)),
            *(("Whether jobs to come share it, as these did.",) if others else ()),
            *(
                (f"{counted(days, 'day')} without a write: it may still be in use.",)
                if is_fresh
                else ()
            ),
            *(() if one.is_whole else ("Its whole size: the listing was cut short.",)),
        ),
        # What is known by its name only, shared, or fresh is told, and left alone.
        confidence=Confidence.HIGH if job and not others and not is_fresh else Confidence.LOW,
        monthly_usd=usd,
        change=Change(
            "Let a lifecycle rule expire it: one call, that can be taken back for a day. "
            f"{GOES_ON}",
            calls,
            "Take the rule away before it acts; in a versioned bucket the old versions stay. "
            f"{GOES_ON}",
        ),
        pools=frozenset({pool(ResourceKind.BUCKET, place)}),
    )


RULES = (
    Rule(
        id="ml.s3.artifacts.orphaned-checkpoints",
        title="Orphaned checkpoints",
        resource_type=ResourceKind.BUCKET,
        severity=Severity.LOW,
        effort=Effort.CALL,
        rationale="Checkpoints are for resuming; when their job has ended nobody resumes, and they "
        "are often larger than the model.",
        how="A prefix last written more than `checkpoint_max_age_days` ago that an ended job wrote "
        "its checkpoints to, or (with low confidence) is called so and no job refers to. Never "
        "one that a model, package, endpoint or running job refers to, or that any job of the last "
        "half year read; when one of those lists was not read to its end, an endpoint's model is "
        "gone, or a job reads by a manifest, the rule is not evaluated. "
        f"{_SHARED}Saved: its bytes, each at the price of its storage class.",
        evidence="Prefixes traced to the job that wrote them, CheckpointConfig, models, registry.",
        change=f"A lifecycle rule that expires the prefix, merged with the others. {GOES_ON}",
        undo=f"Take the rule away before it acts. {GOES_ON}",
        thresholds=("checkpoint_max_age_days",),
        needs=_NEEDS,
        needs_whole=REFERRING_KINDS,
        doubts=unknown_references,
        look=_checkpoints,
        action=ActionKind.DELETE_ARTIFACTS,
    ),
    Rule(
        id="ml.s3.artifacts.failed-jobs",
        title="Artifacts of failed jobs",
        resource_type=ResourceKind.BUCKET,
        severity=Severity.LOW,
        effort=Effort.CALL,
        rationale="What a failed job wrote is of use while somebody looks into it, then no more.",
        how="A prefix that a job wrote which failed more than `failed_artifact_max_age_days` ago, "
        f"and nothing refers to. {_SHARED}Saved: its bytes, each at the price of its storage "
        "class.",
        evidence="Prefixes traced to the job that wrote them, its status, models, registry.",
        change=f"A lifecycle rule that expires the prefix, merged with the others. {GOES_ON}",
        undo=f"Take the rule away before it acts. {GOES_ON}",
        thresholds=("failed_artifact_max_age_days", "checkpoint_max_age_days"),
        needs=_NEEDS,
        needs_whole=REFERRING_KINDS,
        doubts=unknown_references,
        look=_failed,
        action=ActionKind.DELETE_ARTIFACTS,
    ),
)
