"""Builders of inventories: every fact is known and dull unless a test says otherwise."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from thriftline.audit.domain.facts import ResourceKind
from thriftline.audit.domain.inventory import Inventory, Window
from thriftline.audit.domain.metrics import DAY, HOUR, MetricKey, MetricSeries
from thriftline.audit.domain.questions import metrics_needed
from thriftline.audit.domain.resources.bedrock import (
    Bedrock,
    CustomModel,
    CustomModelDeployment,
    ProvisionedThroughput,
)
from thriftline.audit.domain.resources.endpoints import Endpoint, InferenceComponent, Model, Variant
from thriftline.audit.domain.resources.jobs import TrainingJob
from thriftline.audit.domain.resources.storage import Bucket

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
MIDNIGHT = NOW.replace(hour=0)
WINDOW = Window(MIDNIGHT - timedelta(days=30), MIDNIGHT)
ACCOUNT = "123456789012"
REGION = "us-west-2"
ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"

NO_BEDROCK = Bedrock(
    models=(), provisioned_throughputs=(), custom_models=(), deployments=(), imported_models=()
)


def days_ago(days: float) -> datetime:
    """Returns an instant before the audit."""
    return NOW - timedelta(days=days)


def inventory(**facts: Any) -> Inventory:
    """Returns an account that holds what is named and nothing else, all of it collected."""
    dull: dict[str, Any] = {
        "account": ACCOUNT,
        "region": REGION,
        "now": NOW,
        "window": WINDOW,
        "collected": frozenset(ResourceKind),
        "training_jobs": (),
        "processing_jobs": (),
        "endpoints": (),
        "models": (),
        "model_packages": (),
        "notebooks": (),
        "studio_apps": (),
        "bedrock": NO_BEDROCK,
        "buckets": (),
        "log_groups": (),
        "costs": (),
        "metrics": {},
        "unread": (),
    }
    return Inventory(**(dull | facts))


def variant(name: str = "AllTraffic", **facts: Any) -> Variant:
    """Returns a variant on one GPU instance."""
    dull: dict[str, Any] = {
        "instance_type": "ml.g5.2xlarge",
        "instance_count": 1,
        "weight": 1.0,
        "serverless": None,
        "managed_scaling": None,
        "model": f"{name}-model",
        "statuses": (),
    }
    return Variant(name=name, **(dull | facts))


def component(name: str = "chat", **facts: Any) -> InferenceComponent:
    """Returns an inference component that is older than any window."""
    dull: dict[str, Any] = {
        "variant": "AllTraffic",
        "status": "InService",
        "copies": 1,
        "models": (f"{name}-model",),
        "artifact_s3_uris": (),
        "created": days_ago(60),
        "last_modified": days_ago(60),
    }
    return InferenceComponent(name=name, **(dull | facts))


def endpoint(name: str = "chat", **facts: Any) -> Endpoint:
    """Returns an endpoint that has been in service for two months."""
    dull: dict[str, Any] = {
        "arn": f"{ARN}:endpoint/{name}",
        "status": "InService",
        "created": days_ago(60),
        "last_modified": days_ago(60),
        "config_name": f"{name}-config",
        "failure_reason": None,
        "has_pending_deployment": False,
        "variants": (variant(),),
        "shadow_variants": (),
        "inference_components": (),
        "async_output_s3_uri": None,
        "scaling": (),
        "tags": (),
    }
    return Endpoint(name=name, **(dull | facts))


def model(name: str, **facts: Any) -> Model:
    """Returns a model that loads one artifact."""
    dull: dict[str, Any] = {
        "arn": f"{ARN}:model/{name}",
        "created": days_ago(60),
        "artifact_s3_uris": (f"s3://models/live/{name}/model.tar.gz",),
        "image": "image:1",
        "is_multi_model": False,
        "package_arns": (),
        "tags": (("team", "search"),),
    }
    return Model(name=name, **(dull | facts))


def training_job(name: str = "job", **facts: Any) -> TrainingJob:
    """Returns a job of two hours that completed three days ago."""
    dull: dict[str, Any] = {
        "arn": f"{ARN}:training-job/{name}",
        "status": "Completed",
        "secondary_status": "Completed",
        "failure_reason": None,
        "instance_type": "ml.g5.2xlarge",
        "instance_count": 1,
        "volume_gib": 30,
        "keep_alive_seconds": None,
        "warm_pool": None,
        "created": days_ago(3),
        "started": days_ago(3) + timedelta(minutes=4),
        "ended": days_ago(3) + timedelta(hours=2, minutes=4),
        "last_modified": days_ago(3) + timedelta(hours=2, minutes=4),
        "training_seconds": 7200,
        "billable_seconds": 7200,
        "max_runtime_seconds": 14_400,
        "max_wait_seconds": None,
        "managed_spot": False,
        "is_prepaid": False,
        "checkpoint_s3_uri": None,
        "output_s3_uri": "s3://models/out/",
        "artifact_s3_uri": f"s3://models/out/{name}/output/model.tar.gz",
        "tags": (("team", "search"),),
    }
    return TrainingJob(name=name, **(dull | facts))


def bucket(name: str = "models", **facts: Any) -> Bucket:
    """Returns an empty bucket with a rule for incomplete uploads."""
    dull: dict[str, Any] = {
        "created": days_ago(400),
        "bytes_by_storage_type": {"StandardStorage": 0},
        "objects": 0,
        "versioning": None,
        "noncurrent_bytes": None,
        "lifecycle_rules": (),
        "incomplete_uploads": (),
        "prefixes": (),
        "tags": (("team", "search"),),
    }
    return Bucket(name=name, **(dull | facts))


def throughput(name: str = "units", **facts: Any) -> ProvisionedThroughput:
    """Returns one model unit without commitment, two months old."""
    dull: dict[str, Any] = {
        "arn": f"arn:aws:bedrock:{REGION}:{ACCOUNT}:provisioned-model/{name}",
        "model_arn": f"arn:aws:bedrock:{REGION}:{ACCOUNT}:custom-model/{name}",
        "units": 1,
        "status": "InService",
        "commitment": None,
        "commitment_end": None,
        "created": days_ago(60),
        "last_modified": days_ago(60),
        "tags": (),
    }
    return ProvisionedThroughput(name=name, **(dull | facts))


BEDROCK_ARN = f"arn:aws:bedrock:{REGION}:{ACCOUNT}"


def custom_model(name: str = "tuned", **facts: Any) -> CustomModel:
    """Returns a tuned Llama of a run of this stack, two months old."""
    dull: dict[str, Any] = {
        "arn": f"{BEDROCK_ARN}:custom-model/meta.llama3-3-70b-instruct-v1:0:128k/{name:0>12}",
        "base_model": "meta.llama3-3-70b-instruct-v1:0",
        "created": days_ago(60),
        "tags": (("thriftline:project", "letters"), ("thriftline:run-id", "run-7")),
    }
    return CustomModel(name=name, **(dull | facts))


def deployment(name: str = "served", **facts: Any) -> CustomModelDeployment:
    """Returns an on-demand deployment of that model, two months old."""
    dull: dict[str, Any] = {
        "arn": f"{BEDROCK_ARN}:custom-model-deployment/{name:0>12}",
        "model_arn": custom_model().arn,
        "status": "Active",
        "created": days_ago(60),
        "tags": (("thriftline:project", "letters"), ("thriftline:run-id", "run-7")),
    }
    return CustomModelDeployment(name=name, **(dull | facts))


def series(values: Sequence[float | None], key: MetricKey | None = None) -> MetricSeries:
    """Returns the values of the days (or, by the key, hours) before midnight, the last one last."""
    period = key.period_seconds if key else DAY
    start = MIDNIGHT - timedelta(seconds=period * len(values))
    return MetricSeries(start, period, tuple(values))


def through_today(days: MetricSeries, today: float | None = 0.0) -> MetricSeries:
    """Returns daily values with what came since midnight behind them."""
    return MetricSeries(days.start, days.period_seconds, (*days.values, today))


def measured(
    found: Inventory, values: Mapping[MetricKey, Sequence[float | None]] | None = None
) -> Inventory:
    """Returns the inventory with every metric read: silence, but for the values that are named."""
    told = values or {}
    metrics = {}
    for key in metrics_needed(found):
        length = 30 * DAY // DAY if key.period_seconds == DAY else 7 * DAY // HOUR
        read = series(told.get(key, [0.0] * length), key)
        metrics[key] = through_today(read) if key.period_seconds == DAY else read
    return Inventory(
        **{name: getattr(found, name) for name in Inventory.__slots__ if name != "metrics"},
        metrics=metrics,
    )
