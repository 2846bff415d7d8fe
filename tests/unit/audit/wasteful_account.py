"""An account in which every rule finds something to say."""

import json
from datetime import timedelta
from decimal import Decimal

from tests.unit.audit.accounts import (
    ACCOUNT,
    ARN,
    MIDNIGHT,
    REGION,
    bucket,
    custom_model,
    days_ago,
    deployment,
    endpoint,
    inventory,
    measured,
    model,
    throughput,
    training_job,
    variant,
)
from thriftline.audit.domain.facts import tags_of
from thriftline.audit.domain.inventory import Inventory
from thriftline.audit.domain.lifecycle import expiration_rule
from thriftline.audit.domain.questions import (
    GPU_MEMORY,
    INPUT_TOKENS,
    MEMORY,
    OUTPUT_TOKENS,
    bedrock_metric,
    utilisation_metric,
)
from thriftline.audit.domain.resources.bedrock import (
    Bedrock,
    BedrockModelUse,
    CustomModel,
    ImportedModel,
)
from thriftline.audit.domain.resources.endpoints import Endpoint
from thriftline.audit.domain.resources.hyperpod import HyperPodCluster, InstanceGroup
from thriftline.audit.domain.resources.jobs import TrainingJob, WarmPool
from thriftline.audit.domain.resources.notebooks import Notebook, StudioApp, StudioSpace
from thriftline.audit.domain.resources.runs import RunBill, SettledAttempt, SettledRun
from thriftline.audit.domain.resources.served import (
    GONE,
    EndpointConfig,
    ServedEndpoint,
    ServedVersion,
)
from thriftline.audit.domain.resources.spend import CostLine
from thriftline.audit.domain.resources.storage import BucketPrefix, IncompleteUpload, LogGroup
from thriftline.audit.domain.use_signals import INVOCATIONS, variant_metric
from thriftline.core.tags import EXPERIMENT_TAG, PROJECT_TAG, STACK_TAG, VERSION_TAG

SONNET = "us.anthropic.claude-3-7-sonnet-20250219-v1:0"
_BUSY = [500.0] * 30
_EVERY_HOUR = [20.0] * 168
_AT_NIGHT_NOTHING = ([0.0] * 16 + [30.0] * 8) * 7


def _endpoints() -> tuple[Endpoint, ...]:
    big = {"instance_type": "ml.g5.16xlarge"}
    cpu = {"instance_type": "ml.m5.xlarge"}
    return (
        endpoint("idle"),
        endpoint("two", variants=(variant("new", instance_count=2), variant("old"))),
        endpoint("hollow", variants=(variant("only", instance_type="ml.g5.12xlarge"),)),
        endpoint("night", variants=(variant("only"),)),
        endpoint("share-1", variants=(variant("only", model="one", **big),)),
        endpoint("share-2", variants=(variant("only", model="two", **big),)),
        endpoint("small-1", variants=(variant("only", model="small-one", **cpu),)),
        endpoint("small-2", variants=(variant("only", model="small-two", **cpu),)),
        endpoint("broken", variants=(variant("only"),)),
        endpoint(
            "failed",
            status="Failed",
            failure_reason="no ping",
            variants=(variant(instance_count=0),),
        ),
        endpoint(
            "compared",
            created=days_ago(2),
            last_modified=days_ago(2),
            config_name="compared-v2",
            variants=(variant("main", instance_type="ml.m5.large", model="compared-v2"),),
            tags=tags_of(
                {
                    STACK_TAG: "thriftline",
                    PROJECT_TAG: "reviews",
                    VERSION_TAG: "2",
                    EXPERIMENT_TAG: "2026-11-19T00:00:00+00:00",
                }
            ),
        ),
    )


def _jobs() -> tuple[TrainingJob, ...]:
    failed = {"status": "Failed", "secondary_status": "Failed"}
    row = [
        training_job(
            f"row-{index}",
            created=days_ago(2) + timedelta(hours=index),
            started=days_ago(2) + timedelta(hours=index, minutes=5),
            ended=days_ago(2) + timedelta(hours=index, minutes=50),
            training_seconds=2700,
            billable_seconds=2700,
        )
        for index in range(3)
    ]
    return (
        *row,
        training_job("short", instance_type="ml.g5.12xlarge", training_seconds=300),
        training_job("lazy", max_runtime_seconds=86_400),
        training_job("resumable", checkpoint_s3_uri="s3://models/ckpt/resumable/"),
        training_job("spot", managed_spot=True, billable_seconds=2160),
        training_job("failed-1", failure_reason="AlgorithmError: step 17 of 99", **failed),
        training_job("failed-2", failure_reason="AlgorithmError: step 23 of 99", **failed),
        training_job("failed-3", failure_reason="ClientError: no such key", **failed),
        training_job(
            "failed-long-ago",
            created=days_ago(40),
            ended=days_ago(40),
            checkpoint_s3_uri="s3://models/ckpt/failed-long-ago/",
            **failed,
        ),
        training_job(
            "warm",
            ended=days_ago(0.1),
            keep_alive_seconds=21_600,
            warm_pool=WarmPool(
                status="Available", retained_billable_seconds=None, reused_by_job=None
            ),
        ),
        training_job("hangs", status="InProgress", secondary_status="Training", ended=None),
    )


_MODELS = (
    "compared-v2",
    *("one", "two", "small-one", "small-two"),
    *("AllTraffic-model", "new-model", "old-model", "only-model"),
)


def _prefix(name: str, job: str | None, gigabytes: int, age: int = 100) -> BucketPrefix:
    return BucketPrefix(
        prefix=name,
        size_bytes=gigabytes * 10**9,
        bytes_by_class=(("STANDARD", gigabytes * 10**9),),
        objects=1000,
        last_modified=days_ago(age),
        written_by=job,
        is_whole=True,
    )


def _costs() -> tuple[CostLine, ...]:
    first = MIDNIGHT.date() - timedelta(days=30)
    return tuple(
        CostLine(
            service="Amazon SageMaker",
            usage_type=None,
            start=day,
            end=day + timedelta(days=1),
            usd=Decimal(5000 if index >= 23 else 3000),
            is_estimated=False,
        )
        for index in range(30)
        for day in [first + timedelta(days=index)]
    )


def _bedrock() -> Bedrock:
    arn = f"arn:aws:bedrock:{REGION}:{ACCOUNT}"
    return Bedrock(
        models=(BedrockModelUse(model_id=SONNET),),
        provisioned_throughputs=(
            throughput(commitment="SixMonths", commitment_end=days_ago(-90)),
            throughput(
                "trial",
                base_model="meta.llama3-1-70b-instruct-v1:0",
                created=days_ago(3),
                last_modified=days_ago(3),
                tags=(
                    ("thriftline:delete-after", days_ago(1).isoformat()),
                    ("thriftline:project", "letters"),
                    ("thriftline:run-id", "run-8"),
                ),
            ),
        ),
        custom_models=(
            custom_model("letters-7"),
            CustomModel(
                name="tuned",
                arn=f"{arn}:custom-model/tuned",
                base_model="amazon.nova-micro-v1:0",
                created=days_ago(50),
                tags=(),
            ),
        ),
        deployments=(deployment("letters", model_arn=custom_model("letters-7").arn),),
        imported_models=(
            ImportedModel(
                name="brought", arn=f"{arn}:imported-model/abc", created=days_ago(50), tags=()
            ),
        ),
    )


def _everything_goes(prefix: str) -> str:
    """A rule that a person has set."""
    rule = {
        "ID": "tidy-up",
        "Status": "Enabled",
        "Filter": {"Prefix": prefix},
        "Expiration": {"Days": 365},
    }
    return json.dumps(rule)


def _configs() -> tuple[EndpointConfig, ...]:
    return (
        EndpointConfig(
            name="of-last-year",
            arn=f"{ARN}:endpoint-config/of-last-year",
            created=days_ago(300),
            models=("gone",),
        ),
        EndpointConfig(
            name="compared-v2",
            arn=f"{ARN}:endpoint-config/compared-v2",
            created=days_ago(2),
            models=("compared-v2",),
        ),
    )


def _served() -> tuple[ServedEndpoint, ...]:
    """An endpoint whose first version is gone, and the second about to be, and that drifts."""
    versions = [
        ServedVersion(
            number=number,
            config=f"compared-v{number}",
            model=f"compared-v{number}",
            artifact_s3_uri=f"s3://served/old/{number}/model.tar.gz",
            artifact=artifact,
        )
        for number, artifact in ((1, GONE), (2, "STANDARD"))
    ]
    return (
        ServedEndpoint(
            name="compared",
            project="reviews",
            kind="real-time",
            in_use=2,
            is_asleep=False,
            versions=tuple(versions),
            breaches=(("main:drift:labels", "2026-11-20T00:00:00+00:00"),),
            quality_document="serving/compared/quality/2026-11-20T23.json",
        ),
    )


def wasteful_account() -> Inventory:
    """Returns the account, its metrics read without a gap."""
    found = inventory(
        endpoints=_endpoints(),
        training_jobs=_jobs(),
        models=tuple(model(name, tags=()) for name in _MODELS),
        notebooks=(
            Notebook(
                name="left-on",
                arn=f"{ARN}:notebook-instance/left-on",
                status="InService",
                instance_type="ml.t3.medium",
                volume_gib=5,
                created=days_ago(90),
                last_modified=days_ago(20),
                lifecycle_config=None,
                tags=(),
            ),
            Notebook(
                name="stopped",
                arn=f"{ARN}:notebook-instance/stopped",
                status="Stopped",
                instance_type="ml.t3.medium",
                volume_gib=200,
                created=days_ago(90),
                last_modified=days_ago(60),
                lifecycle_config=None,
                tags=(),
            ),
        ),
        studio_spaces=(
            StudioSpace(
                domain_id="d-abc123",
                name="forgotten",
                owner="ada",
                status="InService",
                volume_gib=100,
                created=days_ago(90),
                last_modified=days_ago(60),
            ),
        ),
        studio_apps=(
            StudioApp(
                domain_id="d-abc123",
                owner="space",
                owner_is_space=True,
                app_type="JupyterLab",
                name="default",
                arn=f"{ARN}:app/d-abc123/space/JupyterLab/default",
                status="InService",
                instance_type="ml.g5.xlarge",
                created=days_ago(9),
                last_user_activity=days_ago(5),
                last_health_check=days_ago(0),
                idle_timeout_minutes=None,
                tags=(),
            ),
        ),
        hyperpod_clusters=(
            HyperPodCluster(
                name="stands",
                arn=f"{ARN}:cluster/stands",
                status="InService",
                groups=(
                    InstanceGroup(
                        name="workers",
                        instance_type="ml.g5.xlarge",
                        count=2,
                        is_prepaid=False,
                    ),
                ),
                created=days_ago(40),
                tags=(),
            ),
        ),
        bedrock=_bedrock(),
        endpoint_configs=_configs(),
        served_endpoints=_served(),
        settled_runs=(
            SettledRun(
                run_id="run-7",
                project="letters",
                month="2026-11",
                settled_usd=Decimal("3.21"),
                attempts=(
                    SettledAttempt(
                        job_name="run-7-1",
                        started=days_ago(9),
                        ended=days_ago(8),
                        is_spot=True,
                        billed_usd=Decimal("3.21"),
                        undiscounted_usd=Decimal("10.70"),
                    ),
                ),
            ),
        ),
        run_bills=tuple(
            RunBill(
                run_id="run-7", day=days_ago(age).date(), usd=Decimal("1.61"), is_estimated=False
            )
            for age in (9, 8)
        ),
        buckets=(
            bucket(
                bytes_by_storage_type={"StandardStorage": 900 * 10**9},
                versioning="Enabled",
                noncurrent_bytes=200 * 10**9,
                incomplete_uploads=(
                    IncompleteUpload(
                        key="big file", upload_id="u1", initiated=days_ago(30), size_bytes=10**9
                    ),
                ),
                prefixes=(
                    _prefix("raw/", None, 400),
                    _prefix("live/", None, 50),
                    _prefix("ckpt/failed-long-ago/", "failed-long-ago", 30, age=40),
                    _prefix("out/failed-long-ago/", "failed-long-ago", 20, age=40),
                ),
            ),
            bucket("served", lifecycle_rules=(_everything_goes("old/"),)),
            bucket("emptied", lifecycle_rules=(json.dumps(expiration_rule("ckpt/gone/")),)),
        ),
        log_groups=(
            LogGroup(
                name="/aws/sagemaker/TrainingJobs",
                arn="arn:aws:logs:us-west-2:123456789012:log-group:/aws/sagemaker/TrainingJobs",
                retention_days=None,
                stored_bytes=10**9,
                created=None,
                tags=(),
            ),
        ),
        costs=_costs(),
    )
    used = ("hollow", "share-1", "share-2", "small-1", "small-2")
    hour = 3600
    return measured(
        found,
        {
            **{variant_metric(name, "only", INVOCATIONS): _BUSY for name in used},
            **{
                variant_metric(name, "only", INVOCATIONS, period_seconds=hour): _EVERY_HOUR
                for name in used
            },
            variant_metric("two", "new", INVOCATIONS): _BUSY,
            variant_metric("night", "only", INVOCATIONS): _BUSY,
            variant_metric("night", "only", INVOCATIONS, period_seconds=hour): _AT_NIGHT_NOTHING,
            variant_metric("broken", "only", "Invocation5XXErrors"): [9.0] * 30,
            **{
                utilisation_metric(name, "only", GPU_MEMORY, "Maximum"): [40.0] * 30
                for name in ("share-1", "share-2", "night")
            },
            **{
                utilisation_metric(name, "only", MEMORY, "Maximum"): [15.0] * 30
                for name in ("small-1", "small-2")
            },
            bedrock_metric(SONNET, INVOCATIONS): [100.0] * 30,
            bedrock_metric(SONNET, INPUT_TOKENS): [1_000_000.0] * 30,
            bedrock_metric(SONNET, OUTPUT_TOKENS): [20_000.0] * 30,
        },
    )
