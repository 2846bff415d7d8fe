"""The account of the cost report that the project starts from, as the collectors would find it.

30 days in us-west-2: 9 training jobs (8 failed), 21 endpoints (17 failed), one Bedrock model,
306.41 GB in three buckets, 9,285.50 USD of SageMaker.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from tests.unit.audit.accounts import (
    NO_BEDROCK,
    bucket,
    endpoint,
    inventory,
    model,
    training_job,
    variant,
)
from thriftline.audit.domain.inventory import Inventory, Window
from thriftline.audit.domain.metrics import DAY, MetricKey, MetricSeries
from thriftline.audit.domain.questions import bedrock_metric, metrics_needed
from thriftline.audit.domain.resources.bedrock import Bedrock, BedrockModelUse
from thriftline.audit.domain.resources.endpoints import Endpoint
from thriftline.audit.domain.resources.jobs import TrainingJob
from thriftline.audit.domain.resources.spend import CostLine
from thriftline.audit.domain.resources.storage import BucketPrefix, IncompleteUpload, LogGroup
from thriftline.audit.domain.use_signals import variant_metric

NOW = datetime(2025, 11, 3, 12, tzinfo=UTC)
WINDOW = Window(datetime(2025, 10, 4, tzinfo=UTC), datetime(2025, 11, 3, tzinfo=UTC))
HAIKU = "anthropic.claude-3-haiku-20240307-v1:0"
MEMORY = (
    "AlgorithmError: ExecuteUserScriptError: ExitCode 1 "
    'ErrorMessage "torch.cuda.OutOfMemoryError: CUDA out of memory"'
)
DOWNLOAD = "ClientError: Data download failed: NoSuchKey"
CAPACITY = "CapacityError: Unable to provision requested ML compute capacity."
# The invocations of each day of a week, from Saturday on; the last three weeks of the file.
QUIET_WEEK = (0, 4, 2, 6, 0, 7, 0, 0, 0)
BUSY_WEEK = (40, 55, 61, 38, 12, 9, 47, 52, 0)


def _day(month: int, day: int, hour: int = 12) -> datetime:
    return datetime(2025, month, day, hour, tzinfo=UTC)


def _jobs() -> tuple[TrainingJob, ...]:
    seconds = (520, 410, 495, 610, 455, 380, 390, 0, 952)
    reasons = (MEMORY,) * 5 + (DOWNLOAD,) * 2 + (CAPACITY, None)
    days = [_day(10, 8) + timedelta(days=3 * index) for index in range(8)] + [_day(11, 2, 6)]
    return tuple(
        training_job(
            f"finetune-llama3-{index:02d}",
            status="Failed" if reason else "Completed",
            secondary_status="Failed" if reason else "Completed",
            failure_reason=reason,
            instance_type="ml.g5.12xlarge",
            created=created,
            started=created + timedelta(minutes=4) if spent else None,
            ended=created + timedelta(minutes=4, seconds=spent),
            last_modified=created + timedelta(minutes=4, seconds=spent),
            training_seconds=spent,
            billable_seconds=spent,
            max_runtime_seconds=86_400,
            tags=(),
        )
        for index, (spent, reason, created) in enumerate(
            zip(seconds, reasons, days, strict=True), start=1
        )
    )


def _endpoint(name: str, made: datetime, changed: datetime, of: str, on: str) -> Endpoint:
    return endpoint(
        name, created=made, last_modified=changed, variants=(variant(of, instance_type=on),)
    )


def _endpoints() -> tuple[Endpoint, ...]:
    return (
        _endpoint("llama3-endpoint-1", _day(9, 4), _day(9, 4), "AllTraffic", "ml.g5.2xlarge"),
        _endpoint("model-endpoint-2", _day(8, 5), _day(9, 19), "AllTraffic", "ml.m5.xlarge"),
        _endpoint("llama3-endpoint-3", _day(9, 24), _day(10, 14), "variant-1", "ml.g5.12xlarge"),
        _endpoint("qwen-vl-endpoint-4", _day(10, 4), _day(10, 4), "AllTraffic", "ml.g5.2xlarge"),
        *(
            endpoint(
                f"failed-endpoint-{index:02d}",
                status="Failed",
                created=_day(10, 8 + index),
                last_modified=_day(10, 8 + index),
                failure_reason="The primary container did not pass the ping health check.",
                variants=(variant(instance_count=0),),
            )
            for index in range(1, 18)
        ),
    )


def _thirty_days(last: Sequence[float], before: float) -> tuple[float, ...]:
    return (*[before] * (30 - len(last)), *last)


def _metrics(found: Inventory) -> dict[MetricKey, MetricSeries]:
    told: dict[MetricKey, Sequence[float]] = {
        variant_metric("llama3-endpoint-1", "AllTraffic", "Invocations"): [0] * 30,
        variant_metric("model-endpoint-2", "AllTraffic", "Invocations"): [800] * 30,
        variant_metric("llama3-endpoint-3", "variant-1", "Invocations"): _thirty_days(
            BUSY_WEEK, 40
        ),
        variant_metric("qwen-vl-endpoint-4", "AllTraffic", "Invocations"): _thirty_days(
            QUIET_WEEK, 2
        ),
        bedrock_metric(HAIKU, "Invocations"): [54] * 29 + [76],
        bedrock_metric(HAIKU, "InputTokenCount"): [3_284_000] * 30,
        bedrock_metric(HAIKU, "OutputTokenCount"): [754_933] * 29 + [754_943],
    }
    nothing = (None,) * 30
    return {
        # Nothing else is in the file, and a metric that is not there has no datapoint.
        key: MetricSeries(WINDOW.start, DAY, tuple(told.get(key, nothing)))
        if key.period_seconds == DAY
        else MetricSeries(WINDOW.end - timedelta(days=7), key.period_seconds, (None,) * 168)
        for key in metrics_needed(found)
    }


def report_account() -> Inventory:
    """Returns the inventory of the report's account."""
    store = "sagemaker-us-west-2-123456789012"
    facts = {
        "now": NOW,
        "window": WINDOW,
        "training_jobs": _jobs(),
        "endpoints": _endpoints(),
        "models": (model("AllTraffic-model"), model("variant-1-model")),
        "bedrock": Bedrock(
            models=(BedrockModelUse(model_id=HAIKU),),
            provisioned_throughputs=NO_BEDROCK.provisioned_throughputs,
            custom_models=(),
            deployments=(),
            imported_models=(),
        ),
        "buckets": (
            bucket(
                store,
                bytes_by_storage_type={"StandardStorage": 306_060_000_000},
                objects=48_211,
                incomplete_uploads=(
                    IncompleteUpload(
                        key="training-data/shard-0042.parquet",
                        upload_id="upload",
                        initiated=_day(10, 1),
                        size_bytes=1_900_000_000,
                    ),
                ),
                prefixes=(
                    _prefix("training-output/", 38_400_000_000, _day(11, 1)),
                    _prefix("checkpoints/", 121_700_000_000, _day(8, 20)),
                    _prefix("training-data/", 146_000_000_000, _day(7, 6)),
                ),
                tags=(),
            ),
            bucket("write", bytes_by_storage_type={"StandardStorage": 270_000_000}, tags=()),
            bucket("read", bytes_by_storage_type={"StandardStorage": 80_000_000}, tags=()),
        ),
        "log_groups": (
            LogGroup(
                name="/aws/sagemaker/Endpoints/llama3-endpoint-1",
                arn="arn:aws:logs:us-west-2:123456789012:log-group:/aws/sagemaker/Endpoints/one",
                retention_days=None,
                stored_bytes=2_400_000_000,
                created=None,
                tags=(),
            ),
        ),
        "costs": (
            _cost("Amazon SageMaker", "9285.50"),
            _cost("Amazon Bedrock", "52.94"),
            _cost("Amazon Simple Storage Service", "7.05"),
        ),
    }
    return inventory(**facts, metrics=_metrics(inventory(**facts)))


def _prefix(name: str, size: int, written: datetime) -> BucketPrefix:
    return BucketPrefix(
        prefix=name,
        size_bytes=size,
        bytes_by_class=(("STANDARD", size),),
        objects=None,
        last_modified=written,
        written_by=None,
        is_whole=True,
    )


def _cost(service: str, usd: str) -> CostLine:
    return CostLine(
        service=service,
        usage_type=None,
        start=date(2025, 10, 4),
        end=date(2025, 11, 3),
        usd=Decimal(usd),
        is_estimated=False,
    )
