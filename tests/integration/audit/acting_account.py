"""An account with something to end, and something that must not be."""

from datetime import timedelta
from typing import Any

from tests.integration.local_aws.sample_account import (
    NOW,
    ago,
    endpoint,
    invocations,
    job,
    sample_account,
    variant,
)

MARK = "thriftline:marked-idle-at"
QUIET_DAYS = 12
DIMENSION = "sagemaker:variant:DesiredInstanceCount"
COPIES = "sagemaker:inference-component:DesiredCopyCount"


def scaling(resource_id: str, dimension: str = DIMENSION) -> dict[str, Any]:
    return {"resource_id": resource_id, "dimension": dimension, "min": 1, "max": 4}


def mark(hours: float) -> dict[str, str]:
    """The tag of an endpoint that was marked some hours ago."""
    return {MARK: (NOW - timedelta(hours=hours)).isoformat(timespec="seconds")}


def plain_endpoint(name: str, **fields: Any) -> dict[str, Any]:
    """Two variants, one of which scales."""
    return endpoint(
        name,
        variant("blue", model=f"{name}-blue"),
        variant("green", instance_count=2, model=f"{name}-green"),
        scaling=[scaling(f"endpoint/{name}/variant/blue")],
        **{"tags": {"team": "search"}, **fields},
    )


def hosting_endpoint(name: str, **fields: Any) -> dict[str, Any]:
    """One variant with two inference components, each of which scales."""
    times = {"created": ago(days=20), "last_modified": ago(days=19)}
    parts = [f"{name}-{part}" for part in ("llm", "draft")]
    return endpoint(
        name,
        variant("host", model=None),
        inference_components=[{"name": part, "variant": "host", **times} for part in parts],
        scaling=[scaling(f"inference-component/{part}", COPIES) for part in parts],
        **{"tags": {"team": "chat"}, **fields},
    )


def silence(described: dict[str, Any]) -> list[dict[str, Any]]:
    """Zeros on every day for every part of an endpoint."""
    zeros = [0.0] * QUIET_DAYS
    parts = [
        {"EndpointName": described["name"], "VariantName": one["name"]}
        for one in described["variants"]
    ]
    parts += [
        {"InferenceComponentName": one["name"]} for one in described.get("inference_components", ())
    ]
    return [invocations(dimensions, *zeros) for dimensions in parts]


def acting_account(*endpoints: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """The account with these endpoints, on none of which a request came."""
    return sample_account(
        **{
            "endpoints": list(endpoints),
            "metrics": [one for each in endpoints for one in silence(each)],
            "metric_errors": [],
            "api_errors": [],
            "training_jobs": [
                job("lost", status="Failed", created=ago(days=60), ended=ago(days=60, minutes=-9)),
            ],
            **fields,
        }
    )
