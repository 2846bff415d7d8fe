"""Makes large accounts for benchmarks and tests: the same seed, the same account."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from local_aws.accounts.file import AccountFile
from local_aws.accounts.reading import parse_account

NOW = datetime(2025, 11, 3, 12, tzinfo=UTC)
_DAYS = 30
_GIB = 2**30
_TYPES = ("ml.g5.xlarge", "ml.g5.2xlarge", "ml.g5.12xlarge", "ml.m5.xlarge", "ml.c5.xlarge")
_REASONS = (
    "AlgorithmError: ExecuteUserScriptError: ExitCode 1",
    "ClientError: Data download failed: NoSuchKey",
    "CapacityError: Unable to provision requested ML compute capacity.",
)
# What part of the endpoints had no invocation in thirty days, and what part failed.
_IDLE, _FAILED = 0.2, 0.05


@dataclass(frozen=True)
class Size:
    """How much of everything an account has."""

    endpoints: int = 2_000
    variants: int = 2
    training_jobs: int = 20_000
    buckets: int = 500
    objects: int = 60
    notebooks: int = 20
    log_groups: int = 200


def generate_account(
    size: Size,
    *,
    seed: int = 0,
    account_id: str = "123456789012",
    region: str = "us-west-2",
    now: datetime = NOW,
) -> AccountFile:
    """Return an account of a size; `seed` chooses its details."""
    source = random.Random(f"{seed} {account_id} {region}")
    endpoints = [_endpoint(index, size, source, now) for index in range(size.endpoints)]
    document = {
        "about": "made by local_aws/accounts/generator.py",
        "now": now.isoformat(),
        "account_id": account_id,
        "region": region,
        "training_jobs": [_job(index, source, now) for index in range(size.training_jobs)],
        "endpoints": endpoints,
        "metrics": list(_metrics(endpoints, source, now)),
        "buckets": [
            _bucket(f"bucket-{index:05d}-{account_id}-{region}", size, source, now)
            for index in range(size.buckets)
        ],
        "notebooks": [
            {
                "name": f"notebook-{index:04d}",
                "instance_type": "ml.t3.medium",
                "status": source.choice(("InService", "Stopped")),
                "last_modified": _ago(now, source.randrange(200)),
            }
            for index in range(size.notebooks)
        ],
        "log_groups": [
            {
                "name": f"/aws/sagemaker/Endpoints/endpoint-{index:05d}",
                "retention_days": source.choice((None, 30)),
                "bytes": source.randrange(_GIB),
            }
            for index in range(size.log_groups)
        ],
        "costs": [
            {
                "service": "Amazon SageMaker",
                "usd": str(source.randrange(1_000, 100_000)),
                "start": (now - timedelta(days=_DAYS)).date().isoformat(),
                "end": now.date().isoformat(),
            }
        ],
    }
    return parse_account(document, f"generated account {account_id}")


def _ago(now: datetime, days: float) -> str:
    return (now - timedelta(days=days)).isoformat()


def _job(index: int, source: random.Random, now: datetime) -> dict[str, Any]:
    created = now - timedelta(days=source.uniform(0.5, 60))
    started = created + timedelta(minutes=4)
    seconds = source.randrange(60, 7200)
    failed = source.random() < 0.25
    spot = source.random() < 0.3
    return {
        "name": f"job-{index:06d}",
        "status": "Failed" if failed else "Completed",
        "failure_reason": source.choice(_REASONS) if failed else None,
        "instance_type": source.choice(_TYPES),
        "instance_count": source.choice((1, 1, 1, 2, 4)),
        "volume_gb": 50,
        "created": created.isoformat(),
        "started": started.isoformat(),
        "ended": (started + timedelta(seconds=seconds)).isoformat(),
        "training_seconds": seconds,
        "billable_seconds": seconds // 3 if spot else seconds,
        "max_runtime_seconds": 86_400,
        "max_wait_seconds": 172_800 if spot else None,
        "managed_spot": spot,
        "output_s3_uri": "s3://models/output/",
    }


def _endpoint(index: int, size: Size, source: random.Random, now: datetime) -> dict[str, Any]:
    failed = source.random() < _FAILED
    name = f"endpoint-{index:05d}"
    created = source.uniform(1, 300)
    return {
        "name": name,
        "status": "Failed" if failed else "InService",
        "failure_reason": "The container did not pass the ping health check." if failed else None,
        "created": _ago(now, created),
        "last_modified": _ago(now, created * source.random()),
        "variants": [
            {
                "name": f"variant-{number}",
                "instance_type": source.choice(_TYPES),
                "instance_count": 0 if failed else source.choice((1, 1, 2)),
                "model": f"{name}-model",
            }
            for number in range(size.variants)
        ],
        "tags": {"team": f"team-{index % 17}"} if source.random() < 0.7 else {},
    }


def _metrics(
    endpoints: list[dict[str, Any]], source: random.Random, now: datetime
) -> Iterator[Mapping[str, Any]]:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    days = [(midnight - timedelta(days=day)).isoformat() for day in range(_DAYS, 0, -1)]
    for endpoint in endpoints:
        if endpoint["status"] != "InService":
            continue
        idle = source.random() < _IDLE
        for variant in endpoint["variants"]:
            yield {
                "namespace": "AWS/SageMaker",
                "name": "Invocations",
                "dimensions": {"EndpointName": endpoint["name"], "VariantName": variant["name"]},
                "stat": "Sum",
                "period_seconds": 86_400,
                "points": {day: 0 if idle else source.randrange(500) for day in days},
            }


def _bucket(name: str, size: Size, source: random.Random, now: datetime) -> dict[str, Any]:
    prefixes = [
        {
            "prefix": prefix,
            "bytes": source.randrange(_GIB, 100 * _GIB),
            "last_modified": _ago(now, source.randrange(300)),
        }
        for prefix in ("checkpoints/", "data/", "output/")
    ]
    return {
        "name": name,
        "objects": size.objects,
        "bytes": {"StandardStorage": sum(each["bytes"] for each in prefixes)},
        "prefixes": prefixes,
        "incomplete_uploads": [
            {"key": "data/big", "initiated": _ago(now, 40), "bytes": source.randrange(_GIB)}
        ]
        if source.random() < 0.1
        else [],
    }
