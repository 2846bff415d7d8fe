"""Training and processing jobs, as their Describe calls tell of them."""

from datetime import datetime

from thriftline.audit.domain.facts import Fact, Tags
from thriftline.core.dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmPool:
    """What ``KeepAlivePeriodInSeconds`` kept, and for how long it was billed after the job."""

    status: str
    retained_billable_seconds: int | None
    reused_by_job: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingJob:
    """One job. Seconds are wall-clock of each instance; None until SageMaker knows them.

    ``instance_type`` is None for a job without instances of its own, such as a serverless one.
    ``is_prepaid`` says that it ran on a training plan, whose whole fee is paid at the start.
    ``read_s3_uris`` stand for all that begins with them, as S3 prefixes do; what the manifests
    list is not read.
    """

    name: str
    arn: str
    status: str
    secondary_status: str
    failure_reason: str | None
    instance_type: str | None
    instance_count: int
    volume_gib: int
    keep_alive_seconds: int | None
    warm_pool: WarmPool | None
    created: datetime
    started: datetime | None
    ended: datetime | None
    last_modified: datetime
    training_seconds: int | None
    billable_seconds: int | None
    max_runtime_seconds: int | None
    max_wait_seconds: int | None
    managed_spot: bool
    is_prepaid: bool
    checkpoint_s3_uri: str | None
    output_s3_uri: str | None
    artifact_s3_uri: str | None
    tags: Fact[Tags]
    read_s3_uris: tuple[str, ...] = ()
    manifest_s3_uris: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessingJob:
    """One processing job: it has no Spot, and is billed from start to end."""

    name: str
    arn: str
    status: str
    failure_reason: str | None
    instance_type: str | None
    instance_count: int
    volume_gib: int
    created: datetime
    started: datetime | None
    ended: datetime | None
    max_runtime_seconds: int | None
    output_s3_uris: tuple[str, ...]
    tags: Fact[Tags]
    read_s3_uris: tuple[str, ...] = ()
    manifest_s3_uris: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingJob:
    """A transform or tuning job, for what it reads."""

    name: str
    status: str
    created: datetime
    read_s3_uris: tuple[str, ...]
    manifest_s3_uris: tuple[str, ...]
