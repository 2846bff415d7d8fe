"""Jobs and buckets drawn by chance."""

import json
from datetime import timedelta
from random import Random

from tests.unit.audit.accounts import (
    bucket,
    days_ago,
    training_job,
)
from tests.unit.audit.chance import AGES, DENIED, TAGS, TYPES
from thriftline.audit.domain.lifecycle import abort_rule, expiration_rule, noncurrent_rule
from thriftline.audit.domain.resources.jobs import TrainingJob, WarmPool
from thriftline.audit.domain.resources.storage import (
    Bucket,
    BucketPrefix,
    IncompleteUpload,
)


def drawn_pool(rng: Random, name: str) -> TrainingJob:
    """Returns a job that ended a while ago, with a warm pool."""
    return training_job(
        name,
        created=days_ago(1),
        ended=days_ago(rng.choice((0.01, 60 / 1440, 0.1))),
        keep_alive_seconds=rng.choice((None, 600, 21_600, 86_400)),
        instance_type=rng.choice(TYPES),
        instance_count=rng.choice((1, 2)),
        warm_pool=WarmPool(
            status=rng.choice(("Available", "Available", "InUse")),
            retained_billable_seconds=rng.choice((None, 100)),
            reused_by_job=rng.choice((None, None, "next")),
        ),
    )


def jobs_in_a_row(name: str, gap: int) -> tuple[TrainingJob, ...]:
    """Returns jobs that follow each other by so many minutes."""
    return tuple(
        training_job(
            f"{name}-{number}",
            instance_type="ml.g5.2xlarge" if gap < 60 else "ml.g4dn.xlarge",
            created=days_ago(3) + timedelta(minutes=(60 + gap) * number),
            started=days_ago(3) + timedelta(minutes=(60 + gap) * number + 5),
            ended=days_ago(3) + timedelta(minutes=(60 + gap) * number + 60),
        )
        for number in range(4)
    )


def drawn_job(rng: Random, name: str) -> TrainingJob:
    status = rng.choice(("Completed",) * 4 + ("Failed", "Failed", "InProgress", "Stopped"))
    created = days_ago(rng.choice(AGES))
    started = rng.choice((None, created + timedelta(minutes=rng.choice((1, 4, 30)))))
    seconds = rng.choice((0, 300, 599, 600, 601, 3599, 3600, 7200, 90_000, None))
    done = status != "InProgress"
    spot = rng.random() < 0.3
    return training_job(
        name,
        status=status,
        secondary_status=rng.choice((status, "Training", "MaxRuntimeExceeded", "Interrupted")),
        failure_reason=rng.choice((None, "AlgorithmError: step 17", "ClientError: no key 5"))
        if status == "Failed"
        else None,
        instance_type=rng.choice((*TYPES, None)),
        instance_count=rng.choice((1, 1, 2, 4)),
        keep_alive_seconds=rng.choice((None, 600, 3600, 21_600)),
        warm_pool=rng.choice(
            (
                None,
                WarmPool(
                    status=rng.choice(("Available", "Terminated", "InUse", "Reused")),
                    retained_billable_seconds=rng.choice((None, 100, 5000)),
                    reused_by_job=rng.choice((None, "next")),
                ),
            )
        ),
        created=created,
        started=started,
        ended=created + timedelta(seconds=seconds or 60) if done else None,
        last_modified=created + timedelta(hours=1),
        training_seconds=seconds if done else None,
        billable_seconds=None if seconds is None else seconds * rng.choice((10, 3)) // 10,
        max_runtime_seconds=rng.choice((None, 3600, 86_400, 432_000)),
        max_wait_seconds=rng.choice((None, 172_800)) if spot else None,
        managed_spot=spot,
        is_prepaid=rng.random() < 0.1,
        checkpoint_s3_uri=rng.choice((None, f"s3://models/ckpt/{name}", "s3://models/ckpt/shared")),
        output_s3_uri=rng.choice((None, "s3://models/out/", "s3://else/out/")),
        tags=rng.choice(TAGS),
        read_s3_uris=rng.choice(((), ("s3://models/raw/a", "s3://models/ckpt/job-1/"))),
    )


def _prefix(rng: Random, name: str, job: str | None) -> BucketPrefix:
    size = rng.choice((0, 10**8, 10**9, 2 * 10**9, 400 * 10**9))
    return BucketPrefix(
        prefix=name,
        size_bytes=size,
        bytes_by_class=rng.choice(
            (
                (("STANDARD", size),),
                (("STANDARD", size // 2), ("STANDARD_IA", size - size // 2)),
                (("GLACIER", size),),
            )
        ),
        objects=rng.choice((0, 1, 1000, None)) if size else 0,
        last_modified=rng.choice((None, days_ago(rng.choice(AGES)))),
        written_by=job,
        is_whole=rng.random() < 0.9,
    )


def drawn_bucket(rng: Random, name: str) -> Bucket:
    jobs = [f"job-{rng.randrange(12)}" for _ in range(3)]
    prefixes = [_prefix(rng, f"{top}/", None) for top in ("raw", "live", "out")]
    prefixes += [_prefix(rng, f"ckpt/{job}/", job) for job in dict.fromkeys(jobs)]
    prefixes.append(_prefix(rng, f"out/{jobs[0]}/", jobs[0]))
    rules = [abort_rule(7), noncurrent_rule(30), expiration_rule(f"ckpt/{jobs[0]}/")]
    rules += [
        {"ID": "theirs", "Status": "Enabled", "Prefix": "raw/", "Expiration": {"Days": 9}},
        {**abort_rule(3), "ID": "off", "Status": "Disabled"},
        {**noncurrent_rule(3), "ID": "part", "Filter": {"Prefix": "raw/"}},
    ]
    some = rng.sample(rules, k=rng.randrange(4))
    uploads = tuple(
        IncompleteUpload(
            key=f"part {number}",
            upload_id=f"u{number}",
            initiated=days_ago(rng.choice(AGES)),
            size_bytes=rng.choice((None, 0, 10**9)),
        )
        for number in range(rng.randrange(4))
    )
    return bucket(
        name,
        bytes_by_storage_type=rng.choice(
            (
                {"StandardStorage": rng.choice((0, 10**9, 900 * 10**9))},
                {"StandardStorage": 10**12, "StandardIAStorage": 10**11, "GlacierStorage": 10**10},
                DENIED,
            )
        ),
        objects=rng.choice((0, 1000, None, DENIED)),
        versioning=rng.choice((None, "Enabled", "Suspended", DENIED)),
        noncurrent_bytes=rng.choice((None, 0, 10**8, 200 * 10**9, DENIED)),
        lifecycle_rules=rng.choice((tuple(map(json.dumps, some)), (), DENIED)),
        incomplete_uploads=rng.choice((uploads, (), DENIED)),
        prefixes=rng.choice((tuple(prefixes), tuple(prefixes), DENIED)),
        tags=rng.choice(TAGS),
        lifecycle_size_default=rng.choice((None, "varies_by_storage_class")),
    )
