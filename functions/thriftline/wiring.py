"""Puts the adapters together from the environment, each when it is first asked for."""

import os
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache

from thriftline.audit.aws.target_clients import TargetClients
from thriftline.audit.domain.parameters import Mode
from thriftline.audit.schemas.input import StackDefaults
from thriftline.audit.steps.open_audit import Places
from thriftline.core.aws.buckets import Bucket
from thriftline.core.aws.clients import client
from thriftline.core.aws.event_bus import EventBus
from thriftline.core.aws.topic import Topic
from thriftline.core.settings import Settings
from thriftline.runs.aws.model_registry import ModelRegistry
from thriftline.runs.aws.runs_table import RunsTable
from thriftline.runs.schemas.run_yaml import Defaults
from thriftline.runs.trainers.sagemaker.training_jobs import TrainingJobs


def now() -> datetime:
    """The time, in UTC; steps and domain take it as an argument."""
    return datetime.now(UTC)


@cache
def settings() -> Settings:
    """The function's environment."""
    return Settings(os.environ)


@cache
def run_spec_defaults() -> Defaults:
    """What the stack's parameters say where ``run.yaml`` is silent."""
    return Defaults(
        base_model=settings().default_base_model,
        instance_type=settings().default_instance_type,
        max_usd=Decimal(settings().default_max_usd),
    )


@cache
def data_bucket() -> Bucket:
    """The bucket that people upload to."""
    return Bucket(client("s3"), settings().data_bucket)


@cache
def artifacts() -> Bucket:
    """The bucket that Thriftline writes to."""
    return Bucket(client("s3"), settings().artifacts_bucket)


@cache
def runs_table() -> RunsTable:
    """The table of runs."""
    return RunsTable(client("dynamodb"), settings().runs_table)


@cache
def training_jobs() -> TrainingJobs:
    """SageMaker's training jobs."""
    return TrainingJobs(client("sagemaker"))


@cache
def model_registry() -> ModelRegistry:
    """The stack's groups in SageMaker's model registry."""
    return ModelRegistry(client("sagemaker"), settings().stack_name)


@cache
def alerts() -> Topic:
    """The topic for messages to people."""
    return Topic(client("sns"), settings().alerts_topic_arn)


@cache
def event_bus() -> EventBus:
    """The bus for events to other systems."""
    return EventBus(client("events"), settings().event_bus)


@cache
def audit_places() -> Places:
    """The accounts and regions that audits look at."""
    return Places(
        own_account=settings().account_id,
        partition=settings().partition,
        regions=settings().audit_regions,
        accounts=settings().audit_accounts,
        audit_role_name=settings().audit_role_name,
        act_role_name=settings().act_role_name,
    )


@cache
def audit_defaults() -> StackDefaults:
    """What the stack's parameters say where the input of an audit is silent."""
    return StackDefaults(Mode(settings().audit_mode), settings().audit_parameters)


def target_clients(region: str, role_arn: str | None) -> TargetClients:
    """Clients of one account and region that an audit looks at, or acts in.

    Made anew each time: a warm function outlives the credentials of a role.
    """
    return TargetClients(region, role_arn)


def restoring_clients(region: str, role_arn: str | None) -> TargetClients:
    """Clients that may bring back what the role ``role_arn`` has ended, and end nothing."""
    return TargetClients(region, f"{role_arn}-restore" if role_arn else None)
