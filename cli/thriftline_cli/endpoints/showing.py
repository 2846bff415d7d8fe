"""Endpoints, their deployments and what a change would do, as pages of a terminal."""

from collections.abc import Mapping
from typing import Any

from thriftline_cli.answers import as_table, as_text
from thriftline_cli.callers import name_of
from thriftline_cli.money import in_words, moment, usd

HISTORY = ("entry", "version", "deployed", "who", "in_use")
_Found = Mapping[str, Any]


def preview_page(found: _Found) -> str:
    """Returns what a roll-out or a rollback would do and cost."""
    price = found["price"]
    return as_text(
        {
            "what": f"{found['action']} of {found['project']}, version {found['version']}",
            "behind": f"{found['endpoint']} ({found['kind']})",
            "would start": "yes" if found["would_deploy"] else "no",
            "why": found["reason"],
            "serves now": found["former"],
            "instance": _instance(price),
            "roll-out costs": _about(price["rollout_usd"], price["seconds"]),
            "a month, at most": usd(price["month_usd"]),
            "rate from": price["price_source"],
        }
    )


def _instance(price: _Found) -> str | None:
    if price["instance_type"] is None:
        return None
    return f"{price['instance_type']}, {usd(price['rate_usd_per_hour'])} an hour"


def _about(dollars: Any, seconds: Any) -> str:
    return usd(dollars) if seconds is None else f"{usd(dollars)}, about {in_words(seconds)}"


def deployment_page(found: _Found) -> str:
    """Returns how a deployment ended."""
    price = found["price"] or {}
    return as_text(
        {
            "deployment": found["deployment_id"],
            "endpoint": found["endpoint"],
            "version": found["registry_version"],
            "ended": found["ending"] or found["state"],
            "why": found["reason"],
            "requests seen": found["requests"],
            "roll-out, expected": None if not price else usd(price["rollout_usd"]),
            "a month, at most": None if not price else usd(price["month_usd"]),
            "stopped by": found["aborted_by"] and name_of(found["aborted_by"]),
            "all of it": found["document_uri"],
        }
    )


def endpoint_page(found: _Found) -> str:
    """Returns what serves, what it costs, when it is on, and what a rollback can bring back."""
    instances = ", ".join(f"{one} ({count})" for one, count in found["instances"].items())
    told = {
        "endpoint": found["endpoint"],
        "project": found["project"],
        "kind": found["kind"],
        "status": found["status"],
        "version": found["registry_version"],
        "instance type": found["instance_type"],
        "instances": instances,
        "an hour costs": _known(found["usd_per_hour"], "an instance"),
        "a month, at most": _known(found["month_usd"]),
        **_hours(found["schedule"]),
        "under way": found["under_way"],
        "stages": ", ".join(found["stages"]),
        "comparison": found["experiment_id"],
        "failed": found["failure_reason"],
    }
    rows = [
        {
            "entry": one["number"],
            "version": one["registry_version"],
            "deployed": moment(one["deployed_at"]),
            "who": name_of(one["requested_by"]),
            "in_use": one["in_use"],
        }
        for one in found["versions"]
    ]
    parts = [as_text(told), as_table(rows, HISTORY, cut=("who",)) if rows else ""]
    return "\n\n".join(part for part in parts if part)


def schedule_page(found: _Found) -> str:
    """Returns when an endpoint is on, and who said so."""
    who, when = found.get("requested_by"), found.get("changed_at")
    told = {
        "endpoint": found["endpoint"],
        **_hours(found),
        "changed by": who and name_of(who),
        "changed": when and moment(when),
    }
    return as_text(told)


def _known(value: Any, unit: str = "") -> str | None:
    return None if value is None else f"{usd(value)} {unit}".strip()


def _hours(schedule: _Found | None) -> dict[str, Any]:
    if schedule is None or schedule.get("on") is None:
        return {"is on": "always"}
    return {
        "is on from": f"{schedule['on']} {schedule['timezone']}",
        "until": schedule["off"],
        "now": schedule["phase"],
    }
