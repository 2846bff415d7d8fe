"""Writes local_aws/accounts/report_account.json out of the facts of the cost report.

The report is the one that this project starts from: 9 training jobs of which 8 failed, 21
endpoints of which 17 failed, 1,642 Bedrock invocations, 306.41 GB in three buckets, 9,285.50 USD
of SageMaker in 30 days. What it leaves out was chosen; the file says what.

    .venv/bin/python tools/write_report_account.py
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

TARGET = Path(__file__).resolve().parent.parent / "local_aws/accounts/report_account.json"

NOW = datetime(2025, 11, 3, 12, tzinfo=UTC)
FIRST_DAY = datetime(2025, 10, 4, tzinfo=UTC)
DAYS = 30
BUCKET = "sagemaker-us-west-2-123456789012"

OUT_OF_MEMORY = (
    "AlgorithmError: ExecuteUserScriptError: ExitCode 1 ErrorMessage "
    '"torch.cuda.OutOfMemoryError: CUDA out of memory"'
)
NO_DATA = "ClientError: Data download failed: NoSuchKey"
NO_CAPACITY = (
    "CapacityError: Unable to provision requested ML compute capacity. "
    "Please retry using a different ML instance type."
)
NO_PING = (
    "The primary container for production variant AllTraffic did not pass the ping health check."
)

# Seconds of training and the reason of the failure, in the order of the jobs; three days apart.
FAILED_JOBS = [
    *((seconds, OUT_OF_MEMORY) for seconds in (520, 410, 495, 610, 455)),
    *((seconds, NO_DATA) for seconds in (380, 390)),
    (0, NO_CAPACITY),
]
COMPLETED_SECONDS = 952
# Name, variant, instance type, days since its creation and its last change, daily invocations.
WEEK_OF_MODEL_2 = [812, 790, 805, 644, 120, 98, 833]
WEEK_OF_LLAMA_3 = [40, 55, 61, 38, 12, 9, 47]
WEEK_OF_QWEN_4 = [3, 0, 5, 2, 0, 0, 1]
IN_SERVICE = [
    ("llama3-endpoint-1", "AllTraffic", "ml.g5.2xlarge", 60, 60, [0] * DAYS),
    ("model-endpoint-2", "AllTraffic", "ml.m5.xlarge", 90, 45, [*WEEK_OF_MODEL_2 * 4, 801, 799]),
    ("llama3-endpoint-3", "variant-1", "ml.g5.12xlarge", 40, 20, [*WEEK_OF_LLAMA_3 * 4, 52, 0]),
    (
        "qwen-vl-endpoint-4",
        "AllTraffic",
        "ml.g5.2xlarge",
        30,
        30,
        [*WEEK_OF_QWEN_4 * 3, 0, 4, 2, 6, 0, 7, 0, 0, 0],
    ),
]
FAILED_ENDPOINTS = 17
BEDROCK_MODEL = "anthropic.claude-3-haiku-20240307-v1:0"
BEDROCK = {
    "Invocations": [54] * 29 + [76],
    "InputTokenCount": [3_284_000] * DAYS,
    "OutputTokenCount": [754_933] * 29 + [754_943],
}
# Prefix, bytes, days since its newest object.
PREFIXES = [
    ("training-output/", 38_400_000_000, 2),
    ("checkpoints/", 121_700_000_000, 75),
    ("training-data/", 146_000_000_000, 120),
]
COSTS = [
    ("Amazon SageMaker", 9285.5),
    ("Amazon Bedrock", 52.94),
    ("Amazon Simple Storage Service", 7.05),
]


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _ago(days: int) -> str:
    return _text(NOW - timedelta(days=days))


def _job(number: int, created: datetime, seconds: int, reason: str | None) -> dict[str, Any]:
    status = "Failed" if reason else "Completed"
    # A job without capacity never started.
    started = created + timedelta(minutes=4)
    return {
        "name": f"finetune-llama3-{number:02d}",
        "status": status,
        "secondary_status": status,
        "failure_reason": reason,
        "instance_type": "ml.g5.12xlarge",
        "instance_count": 1,
        "volume_gb": 30,
        "created": _text(created),
        "started": _text(started) if seconds else None,
        "ended": _text(started + timedelta(seconds=seconds)),
        "training_seconds": seconds,
        "billable_seconds": seconds,
        "max_runtime_seconds": 86_400,
        "max_wait_seconds": None,
        "managed_spot": False,
        "checkpoint_s3_uri": None,
        "output_s3_uri": f"s3://{BUCKET}/training-output/",
        "tags": {},
    }


def _jobs() -> list[dict[str, Any]]:
    first = datetime(2025, 10, 8, 12, tzinfo=UTC)
    jobs = [
        _job(index + 1, first + timedelta(days=3 * index), seconds, reason)
        for index, (seconds, reason) in enumerate(FAILED_JOBS)
    ]
    last = datetime(2025, 11, 2, 6, tzinfo=UTC)
    return [*jobs, _job(len(jobs) + 1, last, COMPLETED_SECONDS, None)]


def _endpoint(name: str, variant: str, instance_type: str, **fields: Any) -> dict[str, Any]:
    failed = fields["status"] == "Failed"
    return {
        "name": name,
        "failure_reason": NO_PING if failed else None,
        **fields,
        "variants": [
            {
                "name": variant,
                "instance_type": instance_type,
                "instance_count": 0 if failed else 1,
                "managed_scaling_min": None,
                "serverless": None,
                "model": f"{name}-model",
            }
        ],
        "shadow_variants": [],
        "inference_components": [],
        "async": None,
        "scaling": [],
        "tags": {},
    }


def _endpoints() -> list[dict[str, Any]]:
    running = [
        _endpoint(
            name,
            variant,
            instance_type,
            status="InService",
            created=_ago(created),
            last_modified=_ago(modified),
        )
        for name, variant, instance_type, created, modified, _ in IN_SERVICE
    ]
    failed = []
    for index in range(FAILED_ENDPOINTS):
        created = _ago(25 - index)
        name = f"failed-endpoint-{index + 1:02d}"
        times = {"created": created, "last_modified": created}
        failed.append(_endpoint(name, "AllTraffic", "ml.g5.2xlarge", status="Failed", **times))
    return running + failed


def _metric(
    namespace: str, name: str, dimensions: dict[str, str], values: list[int]
) -> dict[str, Any]:
    assert len(values) == DAYS, (name, len(values))
    return {
        "namespace": namespace,
        "name": name,
        "dimensions": dimensions,
        "stat": "Sum",
        "period_seconds": 86_400,
        "points": {
            _text(FIRST_DAY + timedelta(days=day)): value for day, value in enumerate(values)
        },
    }


def _metrics() -> list[dict[str, Any]]:
    endpoints = [
        _metric(
            "AWS/SageMaker", "Invocations", {"EndpointName": name, "VariantName": variant}, values
        )
        for name, variant, *_, values in IN_SERVICE
    ]
    bedrock = [
        _metric("AWS/Bedrock", name, {"ModelId": BEDROCK_MODEL}, values)
        for name, values in BEDROCK.items()
    ]
    return endpoints + bedrock


def _bucket(name: str, objects: int, size: int, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "objects": objects,
        "bytes": {"StandardStorage": size},
        "versioning": False,
        "lifecycle_rules": [],
        "incomplete_uploads": [],
        "prefixes": [],
        **more,
    }


def _buckets() -> list[dict[str, Any]]:
    return [
        _bucket(
            BUCKET,
            48_211,
            306_060_000_000,
            incomplete_uploads=[
                {
                    "key": "training-data/shard-0042.parquet",
                    "initiated": _ago(33),
                    "bytes": 1_900_000_000,
                }
            ],
            prefixes=[
                {"prefix": prefix, "bytes": size, "last_modified": _ago(days)}
                for prefix, size, days in PREFIXES
            ],
        ),
        _bucket("sagemaker-fmbench-write-us-west-2-123456789012", 914, 270_000_000),
        _bucket("sagemaker-fmbench-read-us-west-2-123456789012", 62, 80_000_000),
    ]


def account() -> dict[str, Any]:
    """Return the account file as JSON holds it."""
    end = FIRST_DAY + timedelta(days=DAYS)
    return {
        "about": "The account of the cost report that this project starts from.",
        "chosen": [
            "names of jobs and of failed endpoints, failure reasons",
            "instance types of model-endpoint-2 and llama3-endpoint-3",
            "dates, daily invocations, the Bedrock model and its tokens",
            "prefixes and the incomplete upload of the largest bucket",
        ],
        "now": _text(NOW),
        "account_id": "123456789012",
        "region": "us-west-2",
        "training_jobs": _jobs(),
        "endpoints": _endpoints(),
        "models": [],
        "metrics": _metrics(),
        "metric_errors": [],
        "buckets": _buckets(),
        "bedrock": {"provisioned_throughputs": [], "custom_models": [], "imported_models": []},
        "notebooks": [],
        "costs": [
            {
                "service": service,
                "usd": usd,
                "start": FIRST_DAY.date().isoformat(),
                "end": end.date().isoformat(),
            }
            for service, usd in COSTS
        ],
        "log_groups": [
            {
                "name": "/aws/sagemaker/Endpoints/llama3-endpoint-1",
                "retention_days": None,
                "bytes": 2_400_000_000,
            }
        ],
        "api_errors": [],
    }


def text() -> str:
    """Return the file's text."""
    return json.dumps(account(), indent=1) + "\n"


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
