"""Accounts drawn by chance, whose facts lie on, under and above every threshold of the rules."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

from tests.unit.audit.accounts import (
    ACCOUNT,
    ARN,
    MIDNIGHT,
    NOW,
    REGION,
    WINDOW,
    component,
    days_ago,
    endpoint,
    inventory,
    model,
    series,
    through_today,
    throughput,
    variant,
)
from tests.unit.audit.chance import AGES, DENIED, TAGS, TYPES, Chance
from tests.unit.audit.mixed_jobs import drawn_bucket, drawn_job, drawn_pool, jobs_in_a_row
from thriftline.audit.domain.inventory import Inventory
from thriftline.audit.domain.metrics import DAY, MetricKey
from thriftline.audit.domain.questions import metrics_needed
from thriftline.audit.domain.resources.bedrock import (
    MANTLE,
    Bedrock,
    BedrockModelUse,
    CustomModel,
    CustomModelDeployment,
    ImportedModel,
)
from thriftline.audit.domain.resources.endpoints import (
    Endpoint,
    ManagedScaling,
    ModelPackage,
    ScalableTarget,
    ServerlessConfig,
)
from thriftline.audit.domain.resources.hyperpod import HyperPodCluster, InstanceGroup
from thriftline.audit.domain.resources.jobs import ProcessingJob, ReadingJob
from thriftline.audit.domain.resources.mlflow import MlflowServer
from thriftline.audit.domain.resources.notebooks import Notebook, StudioApp
from thriftline.audit.domain.resources.spend import CostLine
from thriftline.audit.domain.resources.storage import (
    LogGroup,
)

_MODELS = (
    "anthropic.claude-3-haiku-20240307-v1:0",
    "us.anthropic.claude-3-7-sonnet-20250219-v1:0",
    "anthropic.claude-3-5-sonnet-20240620-v1:0",
    "amazon.nova-micro-v1:0",
    "amazon.nova-pro-v1:0",
    "meta.llama3-70b-instruct-v1:0",
    "nobody.knows-it",
    f"{MANTLE}default/openai.gpt-oss-20b",
)


_RARE = ("ExpiredRequests", "TimeInBacklog", "ApproximateBacklogSize", "HasBacklogWithoutCapacity")


def _variant(rng: Random, name: str) -> Any:
    kind = rng.random()
    serverless = None
    if kind < 0.15:
        serverless = ServerlessConfig(
            memory_mb=rng.choice((1024, 6144)),
            max_concurrency=5,
            provisioned_concurrency=rng.choice((None, 2)),
        )
    scaling = ManagedScaling(minimum=rng.choice((0, 1)), maximum=3) if kind > 0.85 else None
    return variant(
        name,
        instance_type=None if serverless else rng.choice((*TYPES, DENIED)),
        instance_count=None if serverless else rng.choice((0, 1, 1, 2, 3, None)),
        weight=rng.choice((0.0, 1.0, 2.5, None)),
        serverless=serverless,
        managed_scaling=scaling,
        model=rng.choice(("one", "two", None)),
        statuses=rng.choice(((), (), (), ("Updating",))),
    )


def _scaling(rng: Random, name: str) -> Any:
    target = ScalableTarget(
        resource_id=f"endpoint/{name}/variant/a",
        dimension="sagemaker:variant:DesiredInstanceCount",
        minimum=1,
        maximum=4,
        policies=rng.choice(((), ('{"PolicyName": "p"}',), DENIED)),
    )
    return rng.choice(((), (), (target,), DENIED))


def _endpoint(rng: Random, name: str) -> Endpoint:
    parts = [_variant(rng, one) for one in rng.choice((("a",), ("a",), ("a",), ("a", "b")))]
    components: Any = ()
    if rng.random() < 0.2:
        components = rng.choice(
            (
                DENIED,
                (
                    component(
                        f"{name}-c", variant="a", models=("one",), copies=rng.choice((0, 1, None))
                    ),
                ),
            )
        )
    return endpoint(
        name,
        status=rng.choice(("InService",) * 6 + ("Failed", "Updating", "UpdateRollbackFailed")),
        created=days_ago(rng.choice(AGES)),
        last_modified=days_ago(rng.choice((7, 7.1, 14, *(60, 90) * 8))),
        failure_reason=rng.choice((None, "no ping", "OutOfMemory: 12 of 34")),
        has_pending_deployment=rng.random() < 0.1,
        variants=tuple(parts),
        shadow_variants=(variant("s", model="two"),) if rng.random() < 0.1 else (),
        inference_components=components,
        async_output_s3_uri="s3://models/async/" if rng.random() < 0.15 else None,
        scaling=_scaling(rng, name),
        tags=rng.choice(TAGS),
    )


def _notebooks(rng: Random) -> tuple[Notebook, ...]:
    return tuple(
        Notebook(
            name=f"notebook-{number}",
            arn=f"{ARN}:notebook-instance/notebook-{number}",
            status=rng.choice(("InService", "InService", "Stopped")),
            instance_type=rng.choice(("ml.t3.medium", "ml.g5.xlarge", "ml.none.such")),
            volume_gib=rng.choice((None, 5, 500)),
            created=days_ago(200),
            last_modified=days_ago(rng.choice(AGES)),
            lifecycle_config=rng.choice((None, "stops-when-idle")),
            tags=rng.choice(TAGS),
        )
        for number in range(8)
    )


def _apps(rng: Random) -> tuple[StudioApp, ...]:
    return tuple(
        StudioApp(
            domain_id="d-abc",
            owner=f"owner-{number}",
            owner_is_space=rng.random() < 0.5,
            app_type=rng.choice(("JupyterLab", "KernelGateway", "Canvas", "JupyterServer")),
            name="default",
            arn=f"{ARN}:app/d-abc/owner-{number}/default",
            status=rng.choice(("InService", "InService", "InService", "Deleted")),
            instance_type=rng.choice(("ml.t3.medium", "ml.g5.xlarge", "system", None)),
            created=days_ago(rng.choice(AGES)),
            last_user_activity=rng.choice((None, days_ago(0.4), days_ago(0.5), days_ago(5))),
            last_health_check=rng.choice((None, days_ago(0), days_ago(5) + timedelta(minutes=15))),
            idle_timeout_minutes=rng.choice((None, 60, DENIED)),
            tags=rng.choice(TAGS),
        )
        for number in range(12)
    )


def _bedrock(rng: Random) -> Bedrock:
    arn = f"arn:aws:bedrock:{REGION}:{ACCOUNT}"
    return Bedrock(
        models=tuple(BedrockModelUse(model_id=one) for one in _MODELS),
        provisioned_throughputs=tuple(
            throughput(
                f"units-{number}",
                units=rng.choice((1, 2)),
                status=rng.choice(("InService", "InService", "Creating")),
                commitment=rng.choice((None, "OneMonth")),
                commitment_end=rng.choice((None, days_ago(0), days_ago(1), days_ago(-9))),
                created=days_ago(rng.choice(AGES)),
                last_modified=days_ago(rng.choice(AGES)),
                model_arn=f"{arn}:custom-model/custom-{number}",
                tags=rng.choice(TAGS),
            )
            for number in range(5)
        ),
        custom_models=tuple(
            CustomModel(
                name=f"custom-{number}",
                arn=f"{arn}:custom-model/custom-{number}",
                base_model=rng.choice((None, "amazon.nova-micro-v1:0")),
                created=days_ago(rng.choice(AGES)),
                tags=rng.choice(TAGS),
            )
            for number in range(3, 10)
        ),
        deployments=(
            CustomModelDeployment(
                name="served",
                arn=f"{arn}:custom-model-deployment/served",
                model_arn=f"{arn}:custom-model/custom-7",
                status="Active",
                created=days_ago(50),
            ),
        ),
        imported_models=tuple(
            ImportedModel(
                name=f"imported-{number}",
                arn=f"{arn}:imported-model/{number}",
                created=days_ago(rng.choice(AGES)),
                tags=rng.choice(TAGS),
            )
            for number in range(5)
        ),
    )


def _others(rng: Random) -> dict[str, Any]:
    return {
        "models": tuple(
            model(name, artifact_s3_uris=(f"s3://models/live/{name}",), tags=rng.choice(TAGS))
            for name in ("one", "two")
        ),
        "model_packages": (
            ModelPackage(
                arn=f"{ARN}:model-package/p/1",
                group="p",
                approval_status="Approved",
                artifact_s3_uris=("s3://models/ckpt/job-2/model.tar.gz",),
            ),
        ),
        "processing_jobs": tuple(
            ProcessingJob(
                name=f"processing-{number}",
                arn=f"{ARN}:processing-job/processing-{number}",
                status=rng.choice(("Completed", "Failed", "InProgress")),
                failure_reason=None,
                instance_type=rng.choice((*TYPES, None)),
                instance_count=rng.choice((1, 2)),
                volume_gib=30,
                created=days_ago(rng.choice(AGES)),
                started=rng.choice((None, days_ago(rng.choice(AGES)))),
                ended=rng.choice((None, days_ago(0))),
                max_runtime_seconds=None,
                output_s3_uris=("s3://models/out/",),
                tags=(),
                read_s3_uris=rng.choice(((), ("s3://models/raw/",))),
            )
            for number in range(5)
        ),
        "transform_jobs": (
            ReadingJob(
                name="transform",
                status="Completed",
                created=days_ago(9),
                read_s3_uris=("s3://models/ckpt/job-3/",),
                manifest_s3_uris=(),
            ),
        ),
        "mlflow_servers": tuple(
            MlflowServer(
                name=f"mlflow-{number}",
                arn=f"{ARN}:mlflow-tracking-server/mlflow-{number}",
                status="Created",
                is_active=rng.random() < 0.7,
                size=rng.choice(("Small", "Medium", "Large", "Huge")),
                artifact_s3_uri="s3://models/mlflow",
                created=days_ago(rng.choice(AGES)),
                last_modified=days_ago(1),
                tags=rng.choice(TAGS),
            )
            for number in range(4)
        ),
        "hyperpod_clusters": tuple(
            HyperPodCluster(
                name=f"cluster-{number}",
                arn=f"{ARN}:cluster/cluster-{number}",
                status=rng.choice(("InService", "Failed")),
                groups=(
                    InstanceGroup(
                        name="workers",
                        instance_type=rng.choice((*TYPES, None)),
                        count=rng.choice((0, 1, 4)),
                        is_prepaid=rng.random() < 0.3,
                    ),
                ),
                created=days_ago(rng.choice(AGES)),
                tags=rng.choice(TAGS),
            )
            for number in range(3)
        ),
        "log_groups": tuple(
            LogGroup(
                name=f"/aws/sagemaker/{number}",
                arn=f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{number}",
                retention_days=rng.choice((None, 90)),
                stored_bytes=rng.choice((0, 10**6, 10**10)),
                created=None,
                tags=(),
            )
            for number in range(4)
        ),
    }


def _costs(rng: Random) -> tuple[CostLine, ...]:
    first = WINDOW.start.date()
    lines = []
    for service in ("Amazon SageMaker", "Amazon Bedrock", "Amazon Simple Storage Service", "EC2"):
        base = rng.choice((0, 9, 10, 300, 5000))
        jump = rng.choice((1, Decimal("1.29"), Decimal("1.3"), Decimal("1.31"), 3))
        for day in range(30):
            lines.append(
                CostLine(
                    service=service,
                    usage_type=None,
                    start=first + timedelta(days=day),
                    end=first + timedelta(days=day + 1),
                    usd=Decimal(base) * (jump if day >= 23 else 1),
                    is_estimated=day > 27,
                )
            )
    return tuple(lines)


def _values(rng: Random, key: MetricKey) -> Sequence[float | None]:
    length = 30 if key.period_seconds == DAY else 168
    level = {
        "GPUUtilization": (5.0, 19.9, 20.0, 70.0, 390.0),
        "GPUMemoryUtilization": (5.0, 19.9, 20.0, 40.0, 79.0),
        "CPUUtilization": (5.0, 40.0, 380.0),
        "MemoryUtilization": (5.0, 15.0, 40.0, 90.0),
        "ModelLatency": (20_000.0, 3e6),
        "InputTokenCount": (1e6, 9.1e6, 102_400.0),
        "OutputTokenCount": (2e4, 1e6),
        "CacheReadInputTokenCount": (0.0, 0.0, 5e5),
        "CacheWriteInputTokenCount": (0.0, 0.0, 1e4),
    }.get(key.name, (0.0, 1.0, 10.0, 100.0))
    if "Error" in key.name or "Failure" in key.name or key.name in _RARE:
        level = (0.0, 0.0, 0.0, 0.0, 0.0, 3.0)
    value = rng.choice(level)
    shape = rng.random()
    if shape < 0.5:
        return [value] * length
    if shape < 0.7:
        return [value if index % 7 == 3 else 0.0 for index in range(length)]
    if shape < 0.8:
        return [value if index < length // 2 else None for index in range(length)]
    if shape < 0.9:
        return [value if index >= length - 3 else 0.0 for index in range(length)]
    return [rng.choice(level) for _ in range(length)]


def _dimensions(keys: Sequence[MetricKey]) -> list[tuple[tuple[str, str], ...]]:
    return list(dict.fromkeys(key.dimensions for key in keys))


def mixed_account(seed: int) -> Inventory:
    """Returns the same account for the same seed, its metrics read but for a few."""
    rng = Chance(seed)
    rng.denies = seed >= 4
    found = inventory(
        endpoints=tuple(_endpoint(rng, f"endpoint-{number}") for number in range(40)),
        training_jobs=(
            *(drawn_job(rng, f"job-{number}") for number in range(40)),
            *(drawn_pool(rng, f"pool-{number}") for number in range(6)),
            *jobs_in_a_row("row", rng.choice((10, 59))),
            *jobs_in_a_row("late", rng.choice((60, 61))),
        ),
        buckets=tuple(drawn_bucket(rng, name) for name in ("models", "else", "third")),
        notebooks=_notebooks(rng),
        studio_apps=_apps(rng),
        bedrock=_bedrock(rng),
        costs=_costs(rng),
        **_others(rng),
    )
    metrics: dict[MetricKey, Any] = {}
    keys = metrics_needed(found)
    silent = {dimensions for dimensions in _dimensions(keys) if rng.random() < 0.35}
    for key in keys:
        if rng.denies and rng.random() < 0.03:
            metrics[key] = DENIED
            continue
        is_silent = key.dimensions in silent and key.namespace != "/aws/sagemaker/Endpoints"
        read = series(
            [0.0] * (30 if key.period_seconds == DAY else 168) if is_silent else _values(rng, key),
            key,
        )
        today = 0.0 if is_silent else rng.choice((0.0, 0.0, 0.0, None, 2.0))
        metrics[key] = through_today(read, today) if key.period_seconds == DAY else read
    slots = {name: getattr(found, name) for name in Inventory.__slots__ if name != "metrics"}
    assert found.now == NOW
    assert WINDOW.end == MIDNIGHT
    return Inventory(**slots, metrics=metrics)
