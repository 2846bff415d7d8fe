"""The events that SageMaker sends when an endpoint or its deployment changes."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from local_aws.services.sagemaker_rollouts import Kind
from local_aws.services.sagemaker_store import Endpoint, SageMakerStore
from local_aws.services.sagemaker_views import pending_summary

# Account, region, detail type, detail, ARNs.
Announce = Callable[[str, str, str, Mapping[str, Any], list[str]], None]


def endpoint_changed(announce: Announce, store: SageMakerStore, endpoint: Endpoint) -> None:
    """Send that the status of an endpoint changed."""
    detail = _common(store, endpoint)
    announce(
        store.account,
        store.region,
        "SageMaker Endpoint State Change",
        detail,
        [endpoint.arn],
    )


def deployment_changed(announce: Announce, store: SageMakerStore, endpoint: Endpoint) -> None:
    """Send that the deployment of an endpoint came to its next stage."""
    rollout = endpoint.rollout
    if rollout is None or rollout.kind not in (Kind.CREATION, Kind.UPDATE):
        return
    detail = _common(store, endpoint) | {"PendingDeploymentSummary": pending_summary(endpoint)}
    announce(
        store.account,
        store.region,
        "SageMaker Endpoint Deployment State Change",
        plain(detail),
        [endpoint.arn],
    )


def _common(store: SageMakerStore, endpoint: Endpoint) -> dict[str, Any]:
    detail: dict[str, Any] = {
        "EndpointName": endpoint.name,
        "EndpointArn": endpoint.arn,
        "EndpointConfigName": endpoint.config,
        "EndpointStatus": upper(endpoint.status),
        "ProductionVariants": endpoint.variants,
        "CreationTime": endpoint.created,
        "LastModifiedTime": endpoint.modified,
        "Tags": dict(store.tags.get(endpoint.arn, {})),
    }
    if endpoint.failure_reason:
        detail["FailureReason"] = endpoint.failure_reason
    return dict(plain(detail))


def upper(status: str) -> str:
    """Return a status in the words of events: InService becomes IN_SERVICE."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", status).upper()


def plain(value: Any) -> Any:
    """Return a value with its times in milliseconds, as events have them."""
    if isinstance(value, datetime):
        return int(value.timestamp() * 1000)
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items() if each is not None}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value
