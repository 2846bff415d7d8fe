"""Accounts whose reports print commands of every kind."""

from typing import Any

from tests.integration.audit.acting_account import hosting_endpoint, silence
from tests.integration.local_aws.sample_account import (
    GIB,
    REGION,
    ago,
    endpoint,
    invocations,
    job,
    sample_account,
    variant,
)

DAYS = 30
MODELS = (
    "amazon.titan-embed-text-v2:0",
    "eu.anthropic.claude-3-5-sonnet-20240620-v1:0",
    "global.anthropic.claude-haiku-4-5-20251001-v1:0",
    f"arn:aws:bedrock:{REGION}:111122223333:application-inference-profile/a1b2c3d4e5f6",
    f"arn:aws:bedrock:{REGION}:111122223333:application-inference-profile/b1c2d3e4f5a6",
    f"arn:aws:bedrock:{REGION}:111122223333:custom-model-deployment/c1d2e3f4a5b6",
)


def _quiet(**fields: Any) -> dict[str, Any]:
    return sample_account(
        **{
            "endpoints": [],
            "metrics": [],
            "metric_errors": [],
            "api_errors": [],
            "training_jobs": [],
            "buckets": [],
            "bedrock": {},
            "notebooks": [],
            "log_groups": [],
            **fields,
        }
    )


def _daily(metric: str, dimensions: dict[str, str], values: list[float], space: str) -> Any:
    return {**invocations(dimensions, *values), "name": metric, "namespace": space}


def _used(name: str, variant_name: str, each: float = 90) -> dict[str, Any]:
    return invocations({"EndpointName": name, "VariantName": variant_name}, *[each] * DAYS)


def endpoints_account() -> dict[str, Any]:
    """Components to delete, a variant without traffic, a queue, a burstable type."""
    idle = hosting_endpoint("idle-host")
    split = endpoint("split", variant("main"), variant("spare"))
    queue = endpoint(
        "queue",
        variant("all", instance_count=2),
        **{"async": {"output_s3_uri": "s3://loaded-models/a"}},
    )
    burst = endpoint("burst", variant("all", instance_type="ml.t2.medium", instance_count=2))
    failing = endpoint("failing", variant("all"))
    space = "AWS/SageMaker"
    return _quiet(
        endpoints=[idle, split, queue, burst, failing],
        metrics=[
            *silence(idle),
            _used("split", "main"),
            _used("split", "spare", each=0),
            _used("burst", "all"),
            _daily("InvocationsProcessed", {"EndpointName": "queue"}, [40.0] * DAYS, space),
            _daily("ApproximateBacklogSize", {"EndpointName": "queue"}, [1.0] * DAYS, space),
            _used("failing", "all", each=7),
            _daily(
                "Invocation4XXErrors",
                {"EndpointName": "failing", "VariantName": "all"},
                [7.0] * DAYS,
                space,
            ),
        ],
    )


def buckets_account() -> dict[str, Any]:
    """Rules and tags to keep, old versions, uploads whose keys look like options."""
    own = {"ID": "own", "Status": "Enabled", "Filter": {"Prefix": "logs/"}}
    old = {"ID": "old", "Status": "Enabled", "Prefix": "tmp/", "Expiration": {"Days": 9}}
    failed = job("lost", status="Failed", created=ago(days=60), ended=ago(days=60, minutes=-9))
    return _quiet(
        training_jobs=[
            {
                **failed,
                "checkpoint_s3_uri": "s3://kept-models/checkpoints/lost",
                "output_s3_uri": "s3://kept-models/out",
            }
        ],
        buckets=[
            {
                "name": "kept-models",
                "objects": 900,
                "bytes": {"StandardStorage": 900 * GIB},
                "versioning": True,
                "tags": {"env": "prod"},
                "lifecycle_rules": [{**own, "Expiration": {"Days": 30}}],
                "incomplete_uploads": [
                    {"key": key, "initiated": ago(days=40), "bytes": GIB}
                    for key in ("--force", "-x y.bin", 'it\'s "quoted"')
                ],
                "prefixes": [
                    {
                        "prefix": "checkpoints/lost/",
                        "bytes": 400 * GIB,
                        "last_modified": ago(days=59),
                    },
                    {"prefix": "data/", "bytes": 500 * GIB, "last_modified": ago(days=200)},
                ],
            },
            {
                "name": "former-rules",
                "objects": 9,
                "bytes": {"StandardStorage": 90 * GIB},
                "lifecycle_rules": [old],
                "incomplete_uploads": [{"key": "a", "initiated": ago(days=40), "bytes": GIB}],
            },
            {"name": "no-rules", "objects": 9, "bytes": {"StandardStorage": 90 * GIB}},
        ],
    )


def bedrock_account() -> dict[str, Any]:
    """Models called by id and by profile, units after their commitment, models for nobody."""
    space = "AWS/Bedrock"
    return _quiet(
        metrics=[
            _daily(name, {"ModelId": model}, [1000.0] * DAYS, space)
            for model in MODELS
            for name in ("Invocations", "InputTokenCount", "OutputTokenCount")
        ],
        bedrock={
            "provisioned_throughputs": [
                {
                    "name": name,
                    "model_arn": f"arn:aws:bedrock:{REGION}:111122223333:custom-model/{name}",
                    "units": 1,
                    "commitment": commitment,
                    "status": "InService",
                    "created": ago(days=90),
                }
                for name, commitment in (("over", "OneMonth"), ("bound", "SixMonths"))
            ]
            + [
                {
                    "name": "late",
                    "model_arn": f"arn:aws:bedrock:{REGION}:111122223333:custom-model/late",
                    "units": 1,
                    "status": "InService",
                    "created": ago(days=2),
                    "tags": {"thriftline:delete-after": ago(days=1)},
                }
            ],
            "custom_models": [
                {"name": name, "created": ago(days=90), "base_model": "amazon.nova-lite-v1:0"}
                for name in ("orphan", "asked", "unasked")
            ],
            "deployments": [
                {
                    "name": "asked",
                    "arn": MODELS[-1],
                    "custom_model": "asked",
                    "created": ago(days=90),
                },
                {"name": "unasked", "custom_model": "unasked", "created": ago(days=90)},
            ],
            "inference_profiles": [
                {
                    "name": "team",
                    "arn": MODELS[-2],
                    "created": ago(days=90),
                    "models": [
                        f"arn:aws:bedrock:{region}::foundation-model/amazon.nova-lite-v1:0"
                        for region in ("us-east-1", "us-west-2")
                    ],
                }
            ],
            "imported_models": [{"name": "forgotten", "created": ago(days=90)}],
        },
    )


def left_running_account() -> dict[str, Any]:
    """A warm pool that waits for nothing, an app that nobody uses, a cluster that stands."""
    ended = job("warm", status="Completed", created=ago(hours=5), ended=ago(hours=3))
    return _quiet(
        training_jobs=[{**ended, "keep_alive_seconds": 21_600, "warm_pool": "Available"}],
        studio_apps=[
            {
                "domain_id": "d-abc123",
                "space": "files",
                "type": "KernelGateway",
                "instance_type": "ml.g5.xlarge",
                "created": ago(days=9),
                "last_user_activity": ago(days=5),
            }
        ],
        clusters=[
            {
                "name": "research",
                "created": ago(days=40),
                "groups": [{"name": "gpu", "instance_type": "ml.p4d.24xlarge", "count": 2}],
            }
        ],
    )


def everything_account() -> dict[str, Any]:
    """The sample, all of whose calls are answered."""
    return sample_account(api_errors=[], metric_errors=[])


ACCOUNTS = (
    everything_account,
    endpoints_account,
    buckets_account,
    bedrock_account,
    left_running_account,
)
