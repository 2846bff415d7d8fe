"""What DescribeEndpoint and its kin show of an endpoint."""

from collections.abc import Mapping
from typing import Any

from local_aws.services.sagemaker_rollouts import Kind, Rollout
from local_aws.services.sagemaker_store import Endpoint, Fleet, Properties

_FROM_CONFIG = ("AsyncInferenceConfig", "ExplainerConfig", "MetricsConfig")
_FROM_VARIANT = ("ManagedInstanceScaling", "RoutingConfig")


def summary(endpoint: Endpoint) -> Properties:
    """Return an endpoint as lists show it."""
    return {
        "EndpointName": endpoint.name,
        "EndpointArn": endpoint.arn,
        "CreationTime": endpoint.created,
        "LastModifiedTime": endpoint.modified,
        "EndpointStatus": endpoint.status,
    }


def description(endpoint: Endpoint) -> Properties:
    """Return an endpoint as DescribeEndpoint shows it."""
    answer: Properties = {
        **summary(endpoint),
        "EndpointConfigName": endpoint.config,
        "ProductionVariants": endpoint.variants,
    }
    if endpoint.shadow_variants:
        answer["ShadowProductionVariants"] = endpoint.shadow_variants
    if endpoint.failure_reason:
        answer["FailureReason"] = endpoint.failure_reason
    if endpoint.last_deployment:
        answer["LastDeploymentConfig"] = endpoint.last_deployment
    if endpoint.rollout is not None and endpoint.rollout.kind in (Kind.CREATION, Kind.UPDATE):
        answer["PendingDeploymentSummary"] = pending_summary(endpoint)
    # The configuration may be deleted while the endpoint lives: the fleet knows what it said.
    settings = endpoint.fleet.settings if endpoint.fleet else {}
    answer |= {name: settings[name] for name in _FROM_CONFIG if name in settings}
    if capture := settings.get("DataCaptureConfig"):
        answer["DataCaptureConfig"] = _capture(capture)
    return answer


def _capture(config: Mapping[str, Any]) -> Properties:
    enabled = bool(config.get("EnableCapture"))
    shown = {
        "EnableCapture": enabled,
        "CaptureStatus": "Started" if enabled else "Stopped",
        "CurrentSamplingPercentage": config["InitialSamplingPercentage"],
        "DestinationS3Uri": config["DestinationS3Uri"],
    }
    # The API shows an empty key where there is none.
    return shown | {"KmsKeyId": config.get("KmsKeyId", "")}


def pending_summary(endpoint: Endpoint) -> Properties:
    """Return what is under way, in the form of PendingDeploymentSummary."""
    rollout = endpoint.rollout
    assert rollout is not None
    assert rollout.new is not None
    shown: Properties = {
        "EndpointConfigName": rollout.new.config,
        "ProductionVariants": _pending(rollout, rollout.new, rollout.variants),
        "StartTime": rollout.started,
    }
    if rollout.shadow_variants:
        shown["ShadowProductionVariants"] = _pending(rollout, rollout.new, rollout.shadow_variants)
    return shown


def _pending(rollout: Rollout, fleet: Fleet, variants: list[Properties]) -> list[Properties]:
    return [_pending_variant(rollout, fleet, each) for each in variants]


def _pending_variant(rollout: Rollout, fleet: Fleet, variant: Properties) -> Properties:
    name = variant["VariantName"]
    configured = fleet.variant(name)
    stage = rollout.stage
    status: Properties = {
        "Status": stage.status,
        "StatusMessage": stage.message.format(
            active=stage.active.get(name, 0), new=stage.new.get(name, 0)
        ),
        "StartTime": rollout.stage_started,
    }
    shown: Properties = {
        "VariantName": name,
        "CurrentWeight": variant["CurrentWeight"],
        "DesiredWeight": variant["DesiredWeight"],
        "VariantStatus": [status],
    }
    if "InstanceType" in configured:
        shown |= {
            "InstanceType": configured["InstanceType"],
            "CurrentInstanceCount": fleet.instances.get(name, 0),
            "DesiredInstanceCount": variant["DesiredInstanceCount"],
        }
    for key in ("CurrentServerlessConfig", "DesiredServerlessConfig", *_FROM_VARIANT):
        if key in variant:
            shown[key] = variant[key]
    return shown
