"""Waits for the end of an execution without a call of AWS at each look.

The embedded AWS runs in the process that waits: a DescribeExecution every 50 ms takes a third of a
core from what is waited for.
"""

import time
from typing import Any

from moto.stepfunctions.parser.api import ExecutionStatus
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from local_aws.server import EmbeddedAws

_LOOK_SECONDS = 0.02


def ended(aws: EmbeddedAws, arn: str, patience_seconds: float) -> dict[str, Any] | None:
    """Return what DescribeExecution says of an execution that has ended, None if it still runs."""
    backend = stepfunctions_parser_backends[aws.options.account][aws.region]
    execution = backend.describe_execution(arn)
    deadline = time.monotonic() + patience_seconds
    while execution.exec_status == ExecutionStatus.RUNNING:
        if time.monotonic() >= deadline:
            return None
        time.sleep(_LOOK_SECONDS)
    return dict(aws.client("stepfunctions").describe_execution(executionArn=arn))
