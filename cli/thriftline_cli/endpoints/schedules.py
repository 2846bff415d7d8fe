"""``schedule``: when an endpoint is on, and sleeping or waking at once."""

import argparse
from typing import Any

from thriftline_cli.context import Context
from thriftline_cli.endpoints.asking import Answer, endpoint_of, refusals
from thriftline_cli.endpoints.showing import schedule_page
from thriftline_cli.exits import CommandError, Exit
from thriftline_cli.following import follow
from thriftline_cli.money import usd

_CODES = {"refused": Exit.REFUSED, "reported": Exit.FAILED}


def schedule(asked: argparse.Namespace, context: Context) -> Answer:
    """Shows, sets or clears the schedule of a project's endpoint, or acts as it would now."""
    if asked.step == "set" and not (asked.on and asked.off):
        raise CommandError("say --on and --off, each as cron(...)", Exit.USAGE)
    endpoint = endpoint_of(asked, context)
    path, now = f"/endpoints/{endpoint}/schedule", context.api.get(f"/endpoints/{endpoint}")
    if asked.step == "show":
        found = now["schedule"] or {"endpoint": endpoint, "outcome": "always on"}
        return found, Exit.DONE, schedule_page({"endpoint": endpoint, **found})
    context.confirm(_sentence(asked.step, now))
    if asked.step in ("sleep", "wake"):
        return _act(path, asked, context)
    with refusals():
        if asked.step == "set":
            hours = {"timezone": asked.timezone, "on": asked.on, "off": asked.off}
            answer = context.api.put(path, hours, key=asked.token)
        else:
            answer = context.api.delete(path, key=asked.token)
    return answer, Exit.DONE, None


def _sentence(step: str, endpoint: dict[str, Any]) -> str:
    name, hour = endpoint["endpoint"], usd(endpoint["usd_per_hour"])
    return {
        "set": f"{name} is deleted outside its hours and made again for them; an instance costs "
        f"{hour} an hour while it is on",
        "clear": f"{name} is always on from now, at {hour} an hour for each instance",
        "sleep": f"{name} is deleted, and nobody is served until it wakes; {hour} an hour for each "
        "instance are saved",
        "wake": f"{name} is made again, at {hour} an hour for each instance",
    }[step]


def _act(path: str, asked: argparse.Namespace, context: Context) -> Answer:
    started = context.api.post(path, {"action": asked.step}, key=asked.token)
    context.say(f"{started['id']} was started")
    href = str(started["href"])
    if not context.waits:
        return context.api.get(href), Exit.DONE, None
    found = follow(
        href,
        context,
        is_over=lambda one: one["outcome"] != "waiting",
        goes_on="it goes on; thriftline endpoints schedule PROJECT show says how far it is",
    )
    return found, _CODES.get(found["outcome"], Exit.DONE), None
