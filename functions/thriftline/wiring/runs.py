"""Puts the adapters of a run together from the environment, each when it is first asked for.

Each is imported then, too: a function loads what it uses, and a cold start is paid for.
"""

from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

from thriftline.core.aws.buckets import Bucket
from thriftline.core.aws.clients import client
from thriftline.wiring.shared import alerts, artifacts, event_bus, now, settings

if TYPE_CHECKING:
    from thriftline.core.aws.executions import Executions
    from thriftline.core.aws.secrets import Secret
    from thriftline.runs.aws.approvals_table import ApprovalsTable
    from thriftline.runs.aws.finished_runs import FinishedRuns
    from thriftline.runs.aws.model_registry import ModelRegistry
    from thriftline.runs.aws.project_claims import ClaimsTable
    from thriftline.runs.aws.runs_table import RunsTable
    from thriftline.runs.aws.training_queue import TrainingQueue
    from thriftline.runs.domain.approvals import ApprovalPolicy
    from thriftline.runs.domain.ceilings import Ceilings
    from thriftline.runs.schemas.run_yaml import Defaults
    from thriftline.runs.steps.raw_sources import RawSources

__all__ = [
    "alerts",
    "approval_policy",
    "approval_secret",
    "approvals_table",
    "artifacts",
    "bucket_of",
    "claims_table",
    "data_bucket",
    "event_bus",
    "executions",
    "finished_runs",
    "model_registry",
    "now",
    "raw_sources",
    "run_spec_defaults",
    "runs_table",
    "settings",
    "stack_ceilings",
    "training_queue",
]


@cache
def run_spec_defaults() -> "Defaults":
    """What the stack's parameters say where ``run.yaml`` is silent."""
    from thriftline.runs.schemas.run_yaml import Defaults
    from thriftline.runs.trainers.registry import TRAINERS

    return Defaults(
        base_model=settings().default_base_model,
        base_model_revision=settings().default_base_model_revision,
        instance_type=settings().default_instance_type,
        max_usd=Decimal(settings().default_max_usd),
        trainers=tuple(sorted(TRAINERS)),
        allowed_trainers=tuple(sorted(set(settings().trainers) & TRAINERS.keys())),
    )


@cache
def data_bucket() -> Bucket:
    """The bucket that people upload to."""
    return Bucket(client("s3"), settings().data_bucket)


def bucket_of(name: str) -> Bucket:
    """A bucket that run.yaml names."""
    return Bucket(client("s3"), name)


@cache
def raw_sources() -> "RawSources":
    """The buckets that raw data may lie in."""
    from thriftline.runs.steps.raw_sources import RawSources

    s3 = client("s3")
    return RawSources(
        data_bucket(), {name: Bucket(s3, name) for name in settings().raw_data_buckets}
    )


@cache
def runs_table() -> "RunsTable":
    """The table of runs."""
    from thriftline.runs.aws.runs_table import RunsTable

    return RunsTable(client("dynamodb"), settings().runs_table)


@cache
def approvals_table() -> "ApprovalsTable":
    """The requests for approval in the table of runs."""
    from thriftline.runs.aws.approvals_table import ApprovalsTable

    return ApprovalsTable(client("dynamodb"), settings().runs_table)


@cache
def approval_secret() -> "Secret":
    """The key that signs links to approvals."""
    from thriftline.core.aws.secrets import Secret

    return Secret(
        client("secretsmanager"),
        settings().approval_secret_arn,
        "reading the key of the approval links",
    )


@cache
def training_queue() -> "TrainingQueue":
    """The lines of runs that wait for their turn."""
    from thriftline.runs.aws.training_queue import TrainingQueue

    return TrainingQueue(client("dynamodb"), settings().runs_table)


@cache
def claims_table() -> "ClaimsTable":
    """What the table of runs knows of each project's data sets."""
    from thriftline.runs.aws.project_claims import ClaimsTable

    return ClaimsTable(client("dynamodb"), settings().runs_table)


@cache
def finished_runs() -> "FinishedRuns":
    """What the projects' finished runs took."""
    from thriftline.runs.aws.finished_runs import FinishedRuns

    return FinishedRuns(client("dynamodb"), settings().runs_table)


@cache
def stack_ceilings() -> "Ceilings":
    """What the stack's owner allows."""
    from thriftline.runs.domain.ceilings import Ceilings

    return Ceilings(
        max_usd_per_run=Decimal(settings().max_usd_per_run),
        instance_types=settings().allowed_instance_types,
        least_gate_confidence=settings().least_gate_confidence,
        least_gate_test_size=settings().least_gate_test_size,
        most_gate_margin=settings().most_gate_margin,
        gate_above_majority=settings().gate_above_majority,
        trainers=settings().trainers,
    )


@cache
def executions() -> "Executions":
    """The executions of the stack's machines."""
    from thriftline.core.aws.executions import Executions

    return Executions(client("stepfunctions"))


@cache
def approval_policy() -> "ApprovalPolicy":
    """When the stack asks a person before a run may spend."""
    from thriftline.runs.domain.approvals import ApprovalPolicy

    return ApprovalPolicy(settings().approval_above_usd, settings().approval_wait)


@cache
def model_registry() -> "ModelRegistry":
    """The stack's groups in SageMaker's model registry."""
    from thriftline.runs.aws.model_registry import ModelRegistry

    return ModelRegistry(client("sagemaker"), settings().stack_name)
