"""``compare``: a comparison of two versions on live traffic."""

import argparse
import json
from typing import Any

from thriftline_cli.endpoints.deployments import Answer
from thriftline_cli.endpoints.executions import REFUSALS, follow, name_of, output_of, start
from thriftline_cli.exits import CommandError, Exit
from thriftline_cli.stack import Stack

MACHINE = "CompareModelsStateMachineArn"
_ITEM = "experiment#"
# Seconds in which a refusal is known.
_LOOKS = 4


def compare(asked: argparse.Namespace, stack: Stack) -> Answer:
    """Starts a comparison, stops it, or says how it stands."""
    if asked.step == "status":
        return _status(asked, stack)
    token = asked.token or stack.token()
    request: dict[str, Any] = {
        "action": asked.step,
        "project": asked.project,
        "requested_by": stack.caller,
        "why": asked.why,
        "token": token,
    }
    if asked.endpoint is not None:
        request["endpoint"] = asked.endpoint
    if asked.step == "start":
        if asked.version is None:
            raise CommandError("say which --version is the challenger", Exit.USAGE)
        request["model_package_arn"] = stack.version_arn(asked.project, asked.version)
        request["overrides"] = _wishes(asked)
    if asked.dry_run:
        return {"asked": f"nothing: a dry run of compare {asked.step}", **request}, Exit.DONE
    stack.confirm(f"compare {asked.step} of {asked.project} on live traffic; it may cost more")
    name = name_of("x", token, stack)
    arn = start(MACHINE, name, request, stack)
    stack.say(f"{name} was started")
    if not asked.wait:
        return _begun(name, arn, stack)
    found = follow(arn, stack, timeout=asked.timeout, every=asked.every, progress=lambda: None)
    answer = output_of(found)
    refused = REFUSALS.get(str(answer.get("error")), Exit.FAILED)
    return {"experiment_id": name, **answer}, refused if answer.get("error") else Exit.DONE


def _begun(name: str, arn: str, stack: Stack) -> Answer:
    """Looks for a moment: what is refused at once is told, though nobody waits for the end."""
    told: dict[str, Any] = {"experiment_id": name, "execution_arn": arn, "ending": None}
    for look in range(_LOOKS):
        if look:
            stack.sleep(1)
        found = stack.of("stepfunctions").describe_execution(executionArn=arn)
        if found["status"] != "RUNNING":
            answer = output_of(found)
            code = REFUSALS.get(str(answer.get("error")), Exit.FAILED)
            return {**told, **answer}, code if answer.get("error") else Exit.DONE
    return told, Exit.DONE


def _wishes(asked: argparse.Namespace) -> dict[str, Any]:
    given = {"kind": asked.kind, "weight_percent": asked.weight, "deadline_hours": asked.hours}
    return {name: value for name, value in given.items() if value is not None}


def _status(asked: argparse.Namespace, stack: Stack) -> Answer:
    endpoint = stack.endpoint_of(asked.project, asked.endpoint)
    known = stack.items(endpoint, _ITEM)
    if not known:
        raise CommandError(f"{endpoint} has had no comparison", Exit.NOT_FOUND)
    newest = max(known, key=lambda one: str(one["item"]))
    experiment = str(newest["item"]).removeprefix(_ITEM)
    for name in ("result", "progress"):
        body = stack.document(f"serving/{endpoint}/experiments/{experiment}/{name}.json")
        if body is not None:
            found: dict[str, Any] = json.loads(body)
            return {"state": newest.get("state"), **found}, Exit.DONE
    return {"experiment_id": experiment, "endpoint": endpoint, **newest}, Exit.DONE
