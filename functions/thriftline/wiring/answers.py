"""Puts together what answers a request for approval.

Somebody waits for it, behind a link or a command: its clients are interactive.
"""

from functools import cache

from thriftline.core.aws.buckets import Bucket
from thriftline.core.aws.clients import interactive_client
from thriftline.core.aws.executions import Executions
from thriftline.core.aws.secrets import Secret
from thriftline.runs.aws.approvals_table import ApprovalsTable
from thriftline.wiring.shared import now, settings

__all__ = ["now"]


@cache
def approvals_table() -> ApprovalsTable:
    """The requests for approval in the table of runs."""
    return ApprovalsTable(interactive_client("dynamodb"), settings().runs_table)


@cache
def executions() -> Executions:
    """The executions that wait for an answer."""
    return Executions(interactive_client("stepfunctions"))


@cache
def approval_secret() -> Secret:
    """The key that signs links to approvals."""
    return Secret(
        interactive_client("secretsmanager"),
        settings().approval_secret_arn,
        "reading the key of the approval links",
    )


@cache
def artifacts() -> Bucket:
    """The bucket with what was planned."""
    return Bucket(interactive_client("s3"), settings().artifacts_bucket)
