"""What goes wrong, by chance: at any call of AWS, and at any call of a function."""

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ReadTimeoutError

from tests.virtual_time.refusals import FunctionDiedError, refusal

# Of what a call of AWS does wrong, how often each.
_CALL_FAULTS = {
    "throttled": 4,
    "away": 3,
    "answer lost": 5,
    "asked twice": 5,
    "dies before": 2,
    "dies after": 4,
    "hangs": 2,
}
_THROTTLED = {
    "dynamodb": "ProvisionedThroughputExceededException",
    "s3": "SlowDown",
}
# What Lambda itself answers in place of a function.
LAMBDA_ERRORS = (
    "Lambda.TooManyRequestsException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
)


@dataclass
class Outage:
    """A service that is away for a while."""

    service: str
    begins: float
    ends: float


class Faults:
    """How often what goes wrong. ``rate`` is of each call, ``boundary`` of each function's call."""

    def __init__(
        self, chance: random.Random, rate: float, boundary: float, outages: list[Outage]
    ) -> None:
        self._chance = chance
        self._rate, self.boundary = rate, boundary
        self.outages = outages
        self.made: list[str] = []

    def latency(self) -> float:
        """Seconds that a call takes."""
        return self._chance.uniform(0.005, 0.15)

    def call(
        self,
        service: str,
        operation: str,
        now: float,
        act: Callable[[], Any],
        hang: Callable[[], None],
    ) -> Any:
        """Makes a call, or lets it fail in one of the ways that calls fail."""
        if any(one.service == service and one.begins <= now < one.ends for one in self.outages):
            raise refusal(operation, "ServiceUnavailable", "The service is away.", 503)
        if self._chance.random() >= self._rate:
            return act()
        fault = self._chance.choices(list(_CALL_FAULTS), list(_CALL_FAULTS.values()))[0]
        self.made.append(f"{now:.0f} s: {service} {operation} {fault}")
        return self._fail(fault, service, operation, act, hang)

    def _fail(
        self,
        fault: str,
        service: str,
        operation: str,
        act: Callable[[], Any],
        hang: Callable[[], None],
    ) -> Any:
        if fault in {"throttled", "away", "dies before"}:
            raise _before(fault, service, operation)
        if fault == "hangs":
            hang()
        if fault == "asked twice":
            # boto3 repeats a call whose answer was lost; the second answer is the one that counts.
            with suppress(Exception):
                act()
            return act()
        act()
        if fault == "dies after":
            raise FunctionDiedError("Runtime.ExitError", "The process is gone.")
        raise ReadTimeoutError(endpoint_url=f"https://{service}")

    def at_boundary(self) -> str | None:
        """What goes wrong with the call of a function itself, None for nothing."""
        if self._chance.random() >= self.boundary:
            return None
        return self._chance.choice(["not called", "answer lost"])

    def lambda_error(self) -> str:
        """What Lambda answers then."""
        return self._chance.choice(LAMBDA_ERRORS)


def _before(fault: str, service: str, operation: str) -> BaseException:
    """Makes the error of a call that did nothing."""
    if fault == "throttled":
        return refusal(operation, _THROTTLED.get(service, "ThrottlingException"))
    if fault == "away":
        return refusal(operation, "InternalFailure", "Something went wrong.", 500)
    return FunctionDiedError("Runtime.ExitError", "The process is gone.")
