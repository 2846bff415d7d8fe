"""Accepts a finding of the cost audit: it stays quiet, and is not acted on, until a day is over.

A finding is an id as the report has it: rule|account|region|resource. Who accepts it is whoever
signed the call.
"""

from collections.abc import Iterable
from datetime import date
from difflib import get_close_matches
from typing import Any

from thriftline_cli.context import Context
from thriftline_cli.exits import CommandError, Exit


def accept(
    finding: str | None, reason: str | None, until: str | None, context: Context
) -> dict[str, Any]:
    """Accepts a finding of the last whole audit; returns its entry.

    Raises:
        CommandError: the last audit has no such finding, or reason and day are no reason and day.
    """
    rule, account, region, resource = _parts(finding or "")
    if not (reason or "").strip():
        raise CommandError("give a --reason: whoever reads the report wants to know it", Exit.USAGE)
    day = _day(until or "")
    asked: dict[str, Any] = {
        "rule": rule,
        "account": account,
        "region": region,
        "resource": resource,
    }
    listed = list(context.api.items("/findings", **asked))
    known = next((one for one in listed if one["id"] == finding), None)
    if known is None:
        others = (one["id"] for one in context.api.items("/findings", limit=1_000))
        raise _unknown("the last whole audit has no finding", str(finding), others)
    body = {"reason": reason, "until": day}
    accepted = context.api.post(f"/findings/{known['key']}/accept", body)["accepted"]
    context.say(f"Quiet until {accepted['until']}: {finding}")
    return {"finding": finding, **accepted}


def report_again(finding: str, context: Context) -> dict[str, Any]:
    """Takes a finding from the list; returns its entry.

    Raises:
        CommandError: it is not accepted.
    """
    entries = list(context.api.items("/acceptances"))
    known = next((one for one in entries if one["finding"] == finding), None)
    if known is None:
        raise _unknown("nobody accepted", finding, (one["finding"] for one in entries))
    return context.api.delete(f"/findings/{known['key']}/accept")


def _parts(finding: str) -> list[str]:
    parts = finding.split("|", 3)
    if len(parts) < 4 or not all(parts):
        raise CommandError(
            f"{finding!r} is not a finding; a finding is rule|account|region|resource, in "
            "quotation marks",
            Exit.USAGE,
        )
    return parts


def _day(until: str) -> str:
    try:
        return date.fromisoformat(until).isoformat()
    except ValueError as error:
        raise CommandError(
            f"--until {until} is not a day such as 2026-12-31", Exit.USAGE
        ) from error


def _unknown(what: str, finding: str, known: Iterable[str]) -> CommandError:
    near = get_close_matches(finding, list(known), n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return CommandError(f"{what} {finding}.{hint}", Exit.NOT_FOUND)
