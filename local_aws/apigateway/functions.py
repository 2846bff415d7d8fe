"""The function behind a route: whether API Gateway may invoke it, and for how long it waits."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from moto.awslambda.models import lambda_backends

from local_aws.apigateway.gateway_responses import RefusedError, broken, timed_out, too_large
from local_aws.functions.outcome import REQUEST_LIMIT_BYTES
from local_aws.iam.conditions import conditions_hold, listed
from local_aws.iam.patterns import with_lower_keys

if TYPE_CHECKING:
    from local_aws.functions.runtime import Invocation

LOG = logging.getLogger(__name__)

TIMEOUT_SECONDS = 29.0
_VERSION = "2012-10-17"
_PRINCIPAL = "apigateway.amazonaws.com"

# Runs a function that moto keeps.
Run = Callable[[Any, bytes], "Invocation"]


class ApiFunctions:
    """Invokes functions for API Gateway."""

    def __init__(self, run: Run, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._run = run
        self._timeout = timeout_seconds
        self._pool = ThreadPoolExecutor(max_workers=64, thread_name_prefix="api")

    def close(self) -> None:
        """Wait for no function any longer."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def invoke(self, arn: str, payload: bytes, source_arn: str) -> bytes:
        """Return what a function answers.

        Raises:
            RefusedError: it may not be invoked, failed, or took too long.
        """
        account, region, name = _parts(arn)
        function = lambda_backends[account][region].get_function(name)
        if not _may_invoke(function, account, source_arn):
            LOG.error("%s: API Gateway may not invoke it for %s", name, source_arn)
            raise RefusedError(broken(500))
        if len(payload) > REQUEST_LIMIT_BYTES:
            raise RefusedError(too_large())
        future = self._pool.submit(self._run, function, payload)
        try:
            invocation = future.result(self._timeout)
        except TimeoutError:
            # As on AWS it goes on; nobody hears what it answers.
            raise RefusedError(timed_out()) from None
        if invocation.function_error is not None:
            LOG.error("%s failed: %s", name, invocation.payload[:2000].decode(errors="replace"))
            raise RefusedError(broken())
        return invocation.payload


def _parts(arn: str) -> tuple[str, str, str]:
    parts = arn.split(":")
    return parts[4], parts[3], parts[6]


def _may_invoke(function: Any, account: str, source_arn: str) -> bool:
    context = with_lower_keys({"aws:SourceArn": (source_arn,), "aws:SourceAccount": (account,)})
    return any(
        each.get("Effect") == "Allow"
        and _PRINCIPAL in listed((each.get("Principal") or {}).get("Service", []))
        and conditions_hold(each.get("Condition"), context, _VERSION)
        for each in list(function.policy.statements)
    )
