"""Starts a machine and follows it. Whoever stops following stops nothing."""

import itertools
import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from botocore.exceptions import ClientError

from thriftline_cli.exits import CommandError, Exit
from thriftline_cli.stack import Stack

# Answers to the person who asked: nothing was changed.
REFUSALS = {
    "DeploymentInProgressError": Exit.REFUSED,
    "DeploymentRefusedError": Exit.REFUSED,
    "InvalidServeSpecError": Exit.REFUSED,
    "ExperimentRefusedError": Exit.REFUSED,
    "ValidationError": Exit.REFUSED,
    "NothingToRollBackToError": Exit.NOT_FOUND,
}


def name_of(prefix: str, token: str, stack: Stack) -> str:
    """Returns the name of an execution, which is the id of what it does."""
    return f"{prefix}-{stack.now():%Y%m%dT%H%M%S}-{sha256(token.encode()).hexdigest()[:8]}"


def start(machine: str, name: str, request: dict[str, Any], stack: Stack) -> str:
    """Starts an execution; returns its ARN."""
    started = stack.of("stepfunctions").start_execution(
        stateMachineArn=stack.output(machine), name=name, input=json.dumps(request)
    )
    return str(started["executionArn"])


def follow(
    arn: str,
    stack: Stack,
    *,
    timeout: float,
    every: float,
    progress: Callable[[], str | None],
) -> dict[str, Any]:
    """Waits for the end; returns the execution as it is then.

    Args:
        arn: of the execution.
        stack: where it runs.
        timeout: seconds to wait at the most.
        every: so many seconds a look.
        progress: says what it is at; the same is said once.

    Raises:
        CommandError: it takes longer; it goes on.
    """
    said: str | None = None
    for look in range(max(1, round(timeout / max(every, 0.01)))):
        if look:
            stack.sleep(every)
        found: dict[str, Any] = stack.of("stepfunctions").describe_execution(executionArn=arn)
        if found["status"] != "RUNNING":
            return found
        now = progress()
        if now and now != said:
            stack.say(now)
            said = now
    raise CommandError(
        f"it is still under way after {timeout / 60:g} minutes and goes on; see `list`, or "
        f"aws stepfunctions describe-execution --execution-arn {arn}",
        Exit.TIMED_OUT,
    )


def output_of(found: dict[str, Any]) -> dict[str, Any]:
    """Returns what an execution answered; error and cause where it failed."""
    if found["status"] == "SUCCEEDED":
        answer: dict[str, Any] = json.loads(found.get("output") or "{}")
        return answer
    return {"ending": None, "error": found.get("error"), "reason": _cause(found)}


def _cause(found: dict[str, Any]) -> str:
    cause = found.get("cause") or f"the execution is {found['status']}"
    try:
        return str(json.loads(cause).get("errorMessage", cause))
    except (ValueError, AttributeError):
        return str(cause)


def call(function: str, request: dict[str, Any], stack: Stack) -> dict[str, Any]:
    """Calls one of the stack's functions; its refusal is ours."""
    answer = stack.of("lambda").invoke(
        FunctionName=stack.output(function), Payload=json.dumps(request).encode()
    )
    payload: dict[str, Any] = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        kind = str(payload.get("errorType", ""))
        message = str(payload.get("errorMessage", "the function failed; see its log"))
        raise CommandError(in_words(kind, message), REFUSALS.get(kind, Exit.FAILED))
    return payload


def in_words(kind: str, message: str) -> str:
    """Returns what a function says; of a request that its model refuses, field and rule alone."""
    lines = message.splitlines()
    if kind != "ValidationError" or len(lines) < 3:
        return message
    rules = [
        f"{field}: {rule.strip().partition(' [type=')[0]}"
        for field, rule in itertools.pairwise(lines)
        if rule.startswith("  ") and " [type=" in rule
    ]
    return "; ".join(rules) or message


def is_missing(error: ClientError) -> bool:
    """Tells whether an endpoint or an execution does not exist."""
    text = error.response["Error"]
    return "not find" in text.get("Message", "") or "NotFound" in text.get("Code", "")
