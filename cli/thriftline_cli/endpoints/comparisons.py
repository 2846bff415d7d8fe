"""``compare``: a comparison of two versions on live traffic."""

import argparse
from typing import Any

from thriftline_cli.context import Context
from thriftline_cli.endpoints.asking import Answer, body_of, endpoint_of, refusals
from thriftline_cli.exits import CommandError, Exit
from thriftline_cli.following import follow

_OVER = ("ended", "refused")
# Seconds in which a refusal is known.
_LOOKS = 4


def compare(asked: argparse.Namespace, context: Context) -> Answer:
    """Starts a comparison, stops it, or says how it stands."""
    if asked.step == "start" and asked.version is None:
        raise CommandError("say which --version is the challenger", Exit.USAGE)
    endpoint = endpoint_of(asked, context)
    if asked.step == "start":
        return _start(endpoint, asked, context)
    path = f"/endpoints/{endpoint}/experiments/{_newest(endpoint, context)}"
    found = context.api.get(path)
    if asked.step == "status":
        return _flat(found), Exit.DONE, None
    context.confirm(f"{found['experiment_id']} of {endpoint} ends, and the champion stays")
    context.api.post(f"{path}/stop", body_of(asked), key=asked.token)
    context.say(f"{found['experiment_id']} was asked to stop")
    return _answered(path, context, looks=1)


def _start(endpoint: str, asked: argparse.Namespace, context: Context) -> Answer:
    body = body_of(
        asked,
        version=asked.version,
        kind=asked.kind,
        weight_percent=asked.weight,
        deadline_hours=asked.hours,
    )
    context.confirm(
        f"version {asked.version} is compared with the one in use of {endpoint}, on live traffic; "
        "its own instances are billed until the comparison ends"
    )
    with refusals():
        started = context.api.post(f"/endpoints/{endpoint}/experiments", body, key=asked.token)
    context.say(f"{started['id']} was started")
    return _answered(str(started["href"]), context, looks=_LOOKS)


def _answered(path: str, context: Context, *, looks: int) -> Answer:
    """Waits for the end, or looks for a moment: a refusal is told though nobody waits."""
    if context.waits:
        found = follow(
            path,
            context,
            is_over=lambda one: one["state"] in _OVER,
            progress=lambda one: f"{one['experiment_id']}: {one['state']}",
            goes_on="the comparison goes on; thriftline endpoints compare PROJECT status shows it",
        )
    else:
        found = _looked_at(path, context, looks)
    return _flat(found), Exit.REFUSED if found["state"] == "refused" else Exit.DONE, None


def _flat(found: dict[str, Any]) -> dict[str, Any]:
    """Returns a comparison with what was counted beside the rest."""
    known = {name: value for name, value in found.items() if name != "result"}
    return {**(found["result"] or {}), **known}


def _looked_at(path: str, context: Context, looks: int) -> dict[str, Any]:
    found: dict[str, Any] = context.api.get(path)
    for _ in range(looks - 1):
        if found["state"] != "opening":
            break
        context.sleep(1)
        found = context.api.get(path)
    return found


def _newest(endpoint: str, context: Context) -> str:
    newest = context.api.get(f"/endpoints/{endpoint}")["experiment_id"]
    if newest is None:
        raise CommandError(f"{endpoint} has had no comparison", Exit.NOT_FOUND)
    return str(newest)
