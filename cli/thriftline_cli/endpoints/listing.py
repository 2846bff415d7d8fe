"""``list``: the endpoints of a stack, or the history of a project's endpoint."""

import argparse
from collections.abc import Sequence
from typing import Any

from botocore.exceptions import ClientError

from thriftline_cli.endpoints.executions import is_missing
from thriftline_cli.exits import Exit
from thriftline_cli.stack import Stack

ENDPOINTS = ("endpoint", "project", "kind", "status", "version", "under_way")
DEPLOYMENTS = ("deployment_id", "action", "version", "entry", "ending", "who", "why")
Rows = tuple[list[dict[str, Any]], Sequence[str], Exit]
_WIDEST_WHY = 40


def listed(asked: argparse.Namespace, stack: Stack) -> Rows:
    """Returns the endpoints, or the deployments of a project, the newest first."""
    if asked.project is None:
        return [_endpoint(one, stack) for one in stack.endpoints()], ENDPOINTS, Exit.DONE
    endpoint = stack.endpoint_of(asked.project, asked.endpoint)
    items = stack.items(endpoint, "deployment#")
    entries = {
        str(one.get("deployment_id")): int(str(one["item"]).partition("#")[2])
        for one in stack.items(endpoint, "version#")
    }
    rows = [_deployment(one, entries) for one in reversed(items)]
    return rows[: asked.limit], DEPLOYMENTS, Exit.DONE


def _endpoint(state: dict[str, Any], stack: Stack) -> dict[str, Any]:
    name = str(state["endpoint"])
    return {
        "endpoint": name,
        "project": state.get("project"),
        "kind": state.get("kind"),
        "status": "asleep" if state.get("asleep") else _status(name, stack),
        "version": _registry_version(name, state, stack),
        "under_way": state.get("lock_owner"),
    }


def _status(endpoint: str, stack: Stack) -> str:
    try:
        return str(stack.of("sagemaker").describe_endpoint(EndpointName=endpoint)["EndpointStatus"])
    except ClientError as error:
        if is_missing(error):
            return "not there"
        raise


def _registry_version(endpoint: str, state: dict[str, Any], stack: Stack) -> Any:
    if state.get("in_use") is None:
        return None
    found = stack.items(endpoint, f"version#{int(state['in_use']):06d}")
    return found[0].get("registry_version") if found else None


def _deployment(item: dict[str, Any], entries: dict[str, int]) -> dict[str, Any]:
    own = str(item["item"]).removeprefix("deployment#")
    why = str(item.get("why") or "")
    return {
        "deployment_id": own,
        "action": item.get("action"),
        "version": item.get("registry_version"),
        # What `rollback --to` takes; a deployment that did not serve has made none.
        "entry": entries.get(own),
        "ending": item.get("ending") or "under way",
        "who": str(item.get("requested_by", "")).rpartition("/")[2],
        "why": why if len(why) <= _WIDEST_WHY else f"{why[: _WIDEST_WHY - 1]}…",
        "opened_at": item.get("opened_at"),
        "ended_at": item.get("ended_at"),
        "reason": item.get("reason"),
    }
