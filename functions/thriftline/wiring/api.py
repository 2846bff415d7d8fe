"""Puts what the API's views ask together, each part when it is first asked for.

Imports stand in the functions: a cold start loads what its first call needs, and no more.
"""

from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

from thriftline.wiring.api_calls import artifacts
from thriftline.wiring.shared import now, settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from thriftline.core.aws.buckets import Bucket
    from thriftline.core.aws.executions import Executions
    from thriftline.core.aws.page_users import PageUsers
    from thriftline.core.aws.requests_table import RequestsTable
    from thriftline.core.project_members import Members
    from thriftline.money.aws.ledger_table import LedgerTable
    from thriftline.money.ledger import Budgets
    from thriftline.runs.aws.approvals_table import ApprovalsTable
    from thriftline.runs.aws.model_versions import ModelVersions
    from thriftline.runs.aws.run_lists import RunLists
    from thriftline.runs.aws.runs_table import RunsTable
    from thriftline.runs.domain.learning import Learning
    from thriftline.runs.engines.registry import Engines
    from thriftline.runs.schemas.run_yaml import Defaults
    from thriftline.runs.trainers.port import Quoter

__all__ = ["artifacts", "now", "settings"]


@cache
def members() -> "Members":
    """Who may act for which project."""
    from thriftline.core.project_members import Members

    return Members.read(settings().project_members)


@cache
def page_users() -> "PageUsers":
    """Who may sign in to the hosted page."""
    from thriftline.core.aws.clients import interactive_client
    from thriftline.core.aws.page_users import PageUsers

    return PageUsers(interactive_client("cognito-idp"), settings().page_user_pool)


@cache
def requests_table() -> "RequestsTable":
    """Requests with a key, and what they were answered."""
    from thriftline.core.aws.clients import interactive_client, last_client
    from thriftline.core.aws.requests_table import RequestsTable

    table = settings().requests_table
    return RequestsTable(interactive_client("dynamodb"), table, last=last_client("dynamodb"))


@cache
def data_bucket() -> "Bucket":
    """The bucket that people upload to."""
    from thriftline.core.aws.buckets import Bucket
    from thriftline.core.aws.clients import interactive_client

    return Bucket(interactive_client("s3"), settings().data_bucket)


@cache
def copies() -> "Bucket":
    """The same bucket, for copies: one whose answer is late is not made twice."""
    from thriftline.core.aws.buckets import Bucket
    from thriftline.core.aws.clients import interactive_client_without_retries

    return Bucket(interactive_client_without_retries("s3"), settings().data_bucket)


@cache
def upload_forms() -> "Bucket":
    """The bucket that people upload to, by addresses that browsers can use."""
    from thriftline.core.aws.buckets import Bucket
    from thriftline.core.aws.clients import signing_s3_client

    return Bucket(signing_s3_client(), settings().data_bucket)


@cache
def runs_table() -> "RunsTable":
    """The table of runs."""
    from thriftline.core.aws.clients import interactive_client
    from thriftline.runs.aws.runs_table import RunsTable

    return RunsTable(interactive_client("dynamodb"), settings().runs_table)


@cache
def run_lists() -> "RunLists":
    """Lists of runs."""
    from thriftline.core.aws.clients import interactive_client
    from thriftline.runs.aws.run_lists import RunLists

    return RunLists(interactive_client("dynamodb"), settings().runs_table)


@cache
def approvals_table() -> "ApprovalsTable":
    """The requests for approval."""
    from thriftline.core.aws.clients import interactive_client
    from thriftline.runs.aws.approvals_table import ApprovalsTable

    return ApprovalsTable(interactive_client("dynamodb"), settings().runs_table)


@cache
def executions() -> "Executions":
    """The executions of the stack's machines."""
    from thriftline.core.aws.clients import interactive_client
    from thriftline.core.aws.executions import Executions

    return Executions(interactive_client("stepfunctions"))


@cache
def ledger() -> "LedgerTable":
    """The table of months."""
    from thriftline.core.aws.clients import interactive_client
    from thriftline.money.aws.ledger_table import LedgerTable

    return LedgerTable(interactive_client("dynamodb"), settings().ledger_table)


def budgets() -> "Budgets":
    """The stack's budget of a month, and those of projects."""
    from thriftline.money.budgets import read_budgets

    return read_budgets(settings().max_usd_per_month, settings().project_budgets)


@cache
def model_versions() -> "ModelVersions":
    """The versions in the stack's groups of the model registry."""
    from thriftline.core.aws.clients import interactive_client
    from thriftline.runs.aws.model_versions import ModelVersions

    return ModelVersions(interactive_client("sagemaker"), settings().stack_name)


def learning(job_name: str) -> "Learning | None":
    """How far a training job is, by its log."""
    from thriftline.core.aws.clients import interactive_client
    from thriftline.runs.trainers.sagemaker.training_log import TrainingLog

    return TrainingLog(interactive_client("logs")).learning(job_name)


def quoters() -> "Sequence[Quoter]":
    """The ways to train, as far as they can be priced without an account."""
    from thriftline.wiring.quoters import quoters

    return quoters(settings().region, now().date())


@cache
def quoting_engines() -> "Engines":
    """The ways to prepare raw data, as far as they can be priced without a call."""
    from thriftline.wiring.preparation_quotes import quoting_engines

    return quoting_engines(settings(), artifacts())


def run_spec_defaults() -> "Defaults":
    """What the stack's parameters say where ``run.yaml`` is silent."""
    from thriftline.runs.schemas.run_yaml import Defaults

    names = tuple(sorted(one.name for one in quoters()))
    return Defaults(
        base_model=settings().default_base_model,
        base_model_revision=settings().default_base_model_revision,
        instance_type=settings().default_instance_type,
        max_usd=Decimal(settings().default_max_usd),
        trainers=names,
        allowed_trainers=tuple(one for one in names if one in settings().trainers),
    )
