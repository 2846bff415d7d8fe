"""``schedule``: when an endpoint is on, and sleeping or waking at once."""

import argparse
from typing import Any

from thriftline_cli.endpoints.deployments import Answer
from thriftline_cli.endpoints.executions import call, follow, output_of, start
from thriftline_cli.exits import CommandError, Exit
from thriftline_cli.stack import Stack

CHANGE = "ChangeScheduleFunctionName"
ACT = "ActOnScheduleStateMachineArn"
_ITEM = "schedule"


def schedule(asked: argparse.Namespace, stack: Stack) -> Answer:
    """Shows, sets or clears the schedule of a project's endpoint, or acts as it would now."""
    endpoint = stack.endpoint_of(asked.project, asked.endpoint)
    if asked.step == "show":
        return _shown(endpoint, stack), Exit.DONE
    if asked.step in ("sleep", "wake"):
        return _act(endpoint, asked, stack)
    request: dict[str, Any] = {"endpoint": endpoint, "requested_by": stack.caller}
    if asked.step == "set":
        if not asked.on or not asked.off:
            raise CommandError("say --on and --off, each as cron(...)", Exit.USAGE)
        request |= {"timezone": asked.timezone, "on": asked.on, "off": asked.off}
    return call(CHANGE, request, stack), Exit.DONE


def _shown(endpoint: str, stack: Stack) -> dict[str, Any]:
    found = stack.items(endpoint, _ITEM)
    if not found:
        return {"endpoint": endpoint, "outcome": "always on"}
    return {name: value for name, value in found[0].items() if name != "item"}


def _act(endpoint: str, asked: argparse.Namespace, stack: Stack) -> Answer:
    name = f"{asked.step}-{stack.now():%Y%m%dT%H%M%S}-{stack.token()[:8]}"
    request = {"endpoint": endpoint, "action": asked.step, "scheduled_time": None}
    arn = start(ACT, name, request, stack)
    stack.say(f"{name} was started")
    if not asked.wait:
        return {"endpoint": endpoint, "action": asked.step, "execution_arn": arn}, Exit.DONE
    found = follow(arn, stack, timeout=asked.timeout, every=asked.every, progress=lambda: None)
    answer = {"endpoint": endpoint, "action": asked.step, **output_of(found)}
    if answer.get("outcome") == "refused":
        return answer, Exit.REFUSED
    return answer, Exit.FAILED if answer.get("error") else Exit.DONE
