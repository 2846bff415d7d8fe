"""Every threshold of the audit, with its default. The parts of a report name what they used."""

from decimal import Decimal
from enum import StrEnum

from thriftline.core.dataclass import dataclass


class Mode(StrEnum):
    """What an audit may do: say, mark what it would end, or act."""

    REPORT = "report"
    MARK = "mark"
    ACT = "act"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditParameters:
    """The defaults are those that serious tools use, on the careful side.

    Days are whole UTC days. Money is USD a month. A share is between 0 and 1.
    """

    # The idle rule.
    idle_window_days: int = 7
    max_invocations: int = 0
    quiet_invocations_per_day: int = 10
    act_on_missing_datapoints: bool = False
    # Actions.
    grace_hours: int = 72
    max_actions: int = 25
    max_action_share: Decimal = Decimal("0.30")
    act_on_production: bool = False
    keep_tag: str = "thriftline:keep"
    mark_tag: str = "thriftline:marked-idle-at"
    # Keys and values are compared without regard to case; what follows a value, as in
    # "prod-eu", does not change what it says.
    production_tags: tuple[str, ...] = ("env", "environment", "stage", "tier")
    production_values: tuple[str, ...] = ("prod", "production", "prd", "live")
    # What is too little to be told, or to be moved for.
    min_saving_usd: Decimal = Decimal("1.00")
    # Endpoints.
    failed_endpoint_min_age_days: int = 3
    unused_config_days: int = 90
    utilisation_window_days: int = 14
    under_used_gpu_memory_percent: float = 20.0
    under_used_gpu_percent: float = 20.0
    scale_to_zero_idle_share: float = 0.5
    serverless_max_memory_mb: int = 6144
    consolidation_max_percent: float = 40.0
    # Training.
    failure_rate: float = 0.2
    failure_min_jobs: int = 5
    short_job_seconds: int = 600
    large_instance_gpus: int = 4
    spot_min_seconds: int = 3600
    long_job_hours: int = 24
    stuck_hours: int = 2
    run_time_limit_share: float = 0.1
    default_max_runtime_seconds: int = 86_400
    warm_pool_gap_minutes: int = 60
    warm_pool_min_jobs: int = 3
    # Bedrock.
    throughput_idle_days: int = 7
    deployment_idle_days: int = 14
    orphaned_model_days: int = 14
    caching_min_input_share: float = 0.9
    caching_min_input_tokens: int = 1024
    caching_assumed_hit_share: Decimal = Decimal("0.5")
    cheaper_model_min_share: Decimal = Decimal("0.2")
    # Storage.
    lifecycle_min_gb: int = 1
    cold_after_days: int = 90
    upload_max_age_days: int = 7
    checkpoint_max_age_days: int = 30
    failed_artifact_max_age_days: int = 14
    noncurrent_days: int = 30
    # The rest.
    notebook_idle_days: int = 3
    app_idle_hours: int = 12
    volume_unused_days: int = 30
    cluster_min_age_days: int = 1
    log_retention_days: int = 90
    spike_share: Decimal = Decimal("0.3")
    spike_min_usd: Decimal = Decimal("10")
    savings_plan_min_days: int = 14
    bill_lag_days: int = 2
    residual_share: Decimal = Decimal("0.05")
    residual_min_usd: Decimal = Decimal("10")
    required_tags: tuple[str, ...] = ()
    default_tags: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        """Refuses what would make a rule end things by mistake.

        Raises:
            ValueError: a value that no audit may run with, by its name.
        """
        for name in (
            *("idle_window_days", "utilisation_window_days"),
            *("throughput_idle_days", "deployment_idle_days"),
        ):
            _at_least(name, getattr(self, name), 1)
        for name in (
            *("max_invocations", "grace_hours", "max_actions", "bill_lag_days"),
            "failed_endpoint_min_age_days",
        ):
            _at_least(name, getattr(self, name), 0)
        if not 0 <= self.max_action_share <= 1:
            raise ValueError(f"max_action_share is {self.max_action_share}; it must be in [0, 1].")
        for name in ("keep_tag", "mark_tag"):
            if not getattr(self, name):
                raise ValueError(f"{name} is empty; give the key of a tag.")
        if not all(key.strip() for key in self.production_tags):
            raise ValueError("production_tags has an empty key; give the keys of tags.")


def _at_least(name: str, value: int, minimum: int) -> None:
    if value < minimum:
        raise ValueError(f"{name} is {value}; it must be at least {minimum}.")
