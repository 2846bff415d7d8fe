"""An account with one of everything, for the tests of what the embedded AWS makes of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from local_aws.accounts.reading import parse_account

NOW = datetime(2025, 11, 3, 12, tzinfo=UTC)
MIDNIGHT = NOW.replace(hour=0)
ACCOUNT = "111122223333"
REGION = "eu-west-1"
MODEL_ID = "anthropic.claude-3-haiku-20240307-v1:0"
GIB = 2**30


def ago(**span: float) -> str:
    return (NOW - timedelta(**span)).isoformat()


def job(name: str, **fields: Any) -> dict[str, Any]:
    return {
        "name": name,
        "status": "Completed",
        "instance_type": "ml.g5.xlarge",
        "instance_count": 1,
        "volume_gb": 30,
        "created": ago(days=3),
        "started": ago(days=3, minutes=-5),
        "ended": ago(days=3, minutes=-25),
        "training_seconds": 1200,
        "billable_seconds": 1200,
        "max_runtime_seconds": 86400,
        "output_s3_uri": "s3://loaded-models/out",
        **fields,
    }


def variant(name: str, **fields: Any) -> dict[str, Any]:
    return {
        "name": name,
        "instance_type": "ml.g5.xlarge",
        "instance_count": 1,
        "managed_scaling_min": None,
        "serverless": None,
        "model": f"{name}-model",
        **fields,
    }


def endpoint(name: str, *variants: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "name": name,
        "status": "InService",
        "created": ago(days=60),
        "last_modified": ago(days=30),
        "variants": list(variants),
        "async": None,
        **fields,
    }


def invocations(dimensions: dict[str, str], *values: float) -> dict[str, Any]:
    """Daily sums, the last of them yesterday's."""
    days = range(len(values), 0, -1)
    return {
        "namespace": "AWS/SageMaker",
        "name": "Invocations",
        "dimensions": dimensions,
        "stat": "Sum",
        "period_seconds": 86400,
        "points": {
            (MIDNIGHT - timedelta(days=day)).isoformat(): value
            for day, value in zip(days, values, strict=True)
        },
    }


def _endpoints() -> list[dict[str, Any]]:
    component = {"created": ago(days=20), "last_modified": ago(days=19)}
    return [
        endpoint(
            "two-variants",
            variant("blue"),
            variant("green", instance_count=2),
            tags={"team": "search"},
            scaling=[
                {
                    "resource_id": "endpoint/two-variants/variant/blue",
                    "dimension": "sagemaker:variant:DesiredInstanceCount",
                    "min": 1,
                    "max": 4,
                }
            ],
        ),
        endpoint(
            "shadowed",
            variant("main"),
            shadow_variants=[variant("shadow", model="main-model")],
        ),
        endpoint(
            "serverless",
            variant(
                "all",
                instance_type=None,
                instance_count=None,
                serverless={
                    "memory_mb": 2048,
                    "max_concurrency": 5,
                    "provisioned_concurrency": None,
                },
            ),
        ),
        endpoint(
            "components",
            variant("host", model=None, instance_count=0, managed_scaling_min=0),
            inference_components=[{"name": "llm", "variant": "host", "copies": 0, **component}],
        ),
        endpoint("queued", variant("all"), **{"async": {"output_s3_uri": "s3://loaded-models/a"}}),
        endpoint(
            "broken",
            variant("all", instance_count=0),
            status="Failed",
            failure_reason="The container did not pass the ping health check.",
        ),
        endpoint("changing", variant("all"), status="Updating"),
    ]


def _buckets() -> list[dict[str, Any]]:
    return [
        {
            "name": "loaded-models",
            "objects": 90,
            "bytes": {"StandardStorage": 10 * GIB},
            "versioning": True,
            "lifecycle_rules": [
                {
                    "ID": "keep",
                    "Status": "Enabled",
                    "Filter": {"And": {"Prefix": "logs/", "ObjectSizeGreaterThan": 131072}},
                    "NoncurrentVersionExpiration": {
                        "NoncurrentDays": 30,
                        "NewerNoncurrentVersions": 2,
                    },
                }
            ],
            "incomplete_uploads": [
                {"key": f"big/{name}", "initiated": ago(days=40), "bytes": GIB} for name in "ab"
            ],
            "prefixes": [
                {"prefix": "out/", "bytes": 6 * GIB, "last_modified": ago(days=2)},
                {"prefix": "checkpoints/", "bytes": 4 * GIB, "last_modified": ago(days=80)},
            ],
        },
        {"name": "loaded-empty"},
    ]


def sample_account(**changes: Any) -> dict[str, Any]:
    return {
        "now": NOW.isoformat(),
        "account_id": ACCOUNT,
        "region": REGION,
        "training_jobs": [
            job("done", tags={"team": "search"}),
            job(
                "spot",
                status="Failed",
                failure_reason="AlgorithmError: ExitCode 1",
                managed_spot=True,
                max_wait_seconds=172800,
                checkpoint_s3_uri="s3://loaded-models/checkpoints/spot",
                billable_seconds=400,
                created=ago(days=9),
            ),
            job(
                "running",
                status="InProgress",
                created=ago(hours=30),
                started=ago(hours=29),
                ended=None,
                training_seconds=None,
                billable_seconds=None,
            ),
        ],
        "endpoints": _endpoints(),
        "models": [
            {
                "name": "all-model",
                "created": ago(days=90),
                "artifact_s3_uri": "s3://loaded-models/out/model.tar.gz",
                "in_registry": True,
            }
        ],
        "metrics": [
            invocations({"EndpointName": "two-variants", "VariantName": "blue"}, 0, 0, 7, 0),
            invocations({"EndpointName": "two-variants", "VariantName": "green"}, 1, 2, 3, 4),
            {
                "namespace": "/aws/sagemaker/Endpoints",
                "name": "GPUUtilization",
                "dimensions": {"EndpointName": "two-variants", "VariantName": "blue"},
                "stat": "Average",
                "period_seconds": 3600,
                "points": {ago(hours=3): 10.0, ago(hours=2): 20.0},
            },
            {
                **invocations({"ModelId": MODEL_ID}, 5),
                "namespace": "AWS/Bedrock",
            },
        ],
        "metric_errors": [
            {
                "namespace": "AWS/SageMaker",
                "dimensions": {"EndpointName": "queued"},
                "error": "InternalServiceFault",
            },
            {
                "namespace": "AWS/SageMaker",
                "dimensions": {"EndpointName": "shadowed"},
                "error": "AccessDenied",
            },
        ],
        "buckets": _buckets(),
        "bedrock": {
            "provisioned_throughputs": [
                {
                    "name": "committed",
                    "model_arn": f"arn:aws:bedrock:{REGION}:{ACCOUNT}:custom-model/tuned",
                    "units": 2,
                    "commitment": "SixMonths",
                    "status": "InService",
                    "created": "2025-08-31T00:00:00+00:00",
                }
            ],
            "custom_models": [
                {
                    "name": "tuned",
                    "created": ago(days=90),
                    "base_model": "amazon.nova-lite-v1:0",
                    "deployed": True,
                },
                {
                    "name": "orphan",
                    "created": ago(days=50),
                    "base_model": "amazon.nova-lite-v1:0",
                },
            ],
            "imported_models": [{"name": "mine", "created": ago(days=10)}],
        },
        "notebooks": [
            {
                "name": "scratch",
                "instance_type": "ml.t3.medium",
                "status": "InService",
                "last_modified": ago(days=100),
            }
        ],
        "costs": [
            {"service": "Amazon SageMaker", "usd": 100, "start": "2025-10-25", "end": "2025-11-03"},
            {"service": "Amazon Bedrock", "usd": 3, "start": "2025-11-01", "end": "2025-11-03"},
        ],
        "log_groups": [
            {"name": "/aws/sagemaker/Endpoints/two-variants", "bytes": 5000},
            {"name": "/aws/sagemaker/TrainingJobs", "retention_days": 30, "bytes": 70},
        ],
        "api_errors": [
            {
                "service": "bedrock",
                "operation": "ListImportedModels",
                "error": "AccessDeniedException",
            }
        ],
        **changes,
    }


def small(account: str, region: str, **fields: Any) -> Any:
    document = {"now": NOW.isoformat(), "account_id": account, "region": region, **fields}
    return parse_account(document, account)


def close_to(moment: datetime, expected: datetime) -> bool:
    return abs(moment - expected) < timedelta(minutes=30)
