"""Endpoints of a small stack, in the shapes of the API."""

from typing import Any

from tests.browser.sample_names import (
    ENDED,
    ENDPOINT,
    EXPERIMENT,
    OPENED,
    PACKAGE,
    WHO,
    Answer,
)


def endpoint(**more: Any) -> Answer:
    """Returns an endpoint as a list shows it."""
    return {
        "endpoint": ENDPOINT,
        "project": "reviews",
        "kind": "real-time",
        "status": "InService",
        "registry_version": 4,
        "in_use": 3,
        "usd_per_hour": "0.2300",
        "month_usd": "335.80",
        "under_way": None,
        **more,
    }


def endpoints() -> list[Answer]:
    """Returns one endpoint that serves, one that changes and one that sleeps."""
    changing = {"status": "Updating", "under_way": "d-20261130-9c"}
    return [
        endpoint(),
        endpoint(endpoint="thriftline-claims", project="claims", **changing),
        endpoint(endpoint="thriftline-mail", project="mail", status="asleep", usd_per_hour=None),
    ]


def endpoint_detail(name: str = ENDPOINT) -> Answer:
    """Returns one endpoint; that of claims is in a canary."""
    changes = name == "thriftline-claims"
    state = {"status": "Updating", "under_way": "d-20261130-9c"} if changes else {}
    schedule = {
        "endpoint": name,
        "on": "cron(0 7 ? * MON-FRI *)",
        "off": "cron(0 19 ? * MON-FRI *)",
        "timezone": "Europe/Paris",
        "phase": "awake",
        "requested_by": WHO,
        "changed_at": OPENED,
    }
    versions = [
        {
            "number": number,
            "registry_version": registry,
            "model_package_arn": f"{PACKAGE}/{registry}",
            "deployment_id": f"d-2026112{number}-1f",
            "requested_by": WHO,
            "why": "the week's labels",
            "deployed_at": ENDED,
            "in_use": number == 3,
        }
        for number, registry in ((3, 4), (2, 2), (1, 1))
    ]
    return {
        **endpoint(endpoint=name, **state),
        "stages": ["Creating", "ActivatingTraffic", "Baking"] if changes else [],
        "failure_reason": "",
        "instance_type": "ml.c6i.large",
        "instances": {"main": 2},
        "price_source": "AWS Price List, us-east-1, 2026-11-21",
        "months": [],
        "versions": versions,
        "schedule": None if changes else schedule,
        "experiment_id": None if changes else EXPERIMENT,
    }


def deployments() -> list[Answer]:
    """Returns deployments, the newest first."""
    endings = (None, "deployed", "rolled_back")
    return [
        {
            "deployment_id": f"d-2026113{at}-9c",
            "endpoint": ENDPOINT,
            "project": "reviews",
            "action": "deploy",
            "registry_version": 5 - at,
            "model_package_arn": None,
            "requested_by": WHO,
            "aborted_by": None,
            "why": "the week's labels",
            "opened_at": OPENED,
            "ended_at": ENDED if ending else None,
            "ending": ending,
            "reason": "The alarm on server errors rolled it back: 0.041 of the requests failed."
            if ending == "rolled_back"
            else "",
        }
        for at, ending in enumerate(endings)
    ]


def previewed(action: str = "rollback", *, would_deploy: bool = True) -> Answer:
    """Returns what a dry run of a change answers."""
    check = {
        "name": "quota",
        "passed": would_deploy,
        "sentence": "The account may have 4 instances of ml.c6i.large and uses 4.",
        "fix": "Ask AWS for more, or name another instance type in serve.yaml.",
    }
    return {
        "would_deploy": would_deploy,
        "reason": "It would be rolled out." if would_deploy else "A check failed.",
        "action": action,
        "endpoint": ENDPOINT,
        "project": "reviews",
        "kind": "real-time",
        "version": 2,
        "former": "thriftline-reviews-3",
        "wanted": "thriftline-reviews-2",
        "price": {
            "instance_type": "ml.c6i.large",
            "rate_usd_per_hour": "0.2300",
            "seconds": 720,
            "rollout_usd": "0.0920",
            "month_usd": "167.90",
            "price_source": "AWS Price List",
        },
        "checks": [check],
        "months": [],
    }


def experiment() -> Answer:
    """Returns the newest comparison of an endpoint."""
    return {
        "experiment_id": EXPERIMENT,
        "endpoint": ENDPOINT,
        "state": "running",
        "reason": "",
        "kind": "ab",
        "deadline": "2026-12-02T00:00:00Z",
        "stopping": None,
        "result": None,
    }


def quality() -> list[Answer]:
    """Returns hours of captured requests, the last with a window's verdict."""
    variant = {
        "requests": 4100,
        "rows": 4150,
        "broken": 0,
        "signals": [],
        "estimated_accuracy": 0.862,
        "test_accuracy": 0.871,
        "live_accuracy": {"right": 410, "rows": 500, "share": 0.82, "low": 0.78, "high": 0.85},
        "breaches": ["labels: measured accuracy 0.820 is below 0.840"],
        "note": "",
    }
    window = {
        "start": "2026-11-29T05:00:00Z",
        "end": "2026-11-30T05:00:00Z",
        "hours": 24,
        "false_alarm_rate": 0.01,
        "variants": {"main": variant},
    }
    hour = {
        "hour": "2026-11-30T04:00:00Z",
        "version": 3,
        "state": "done",
        "requests": 180,
        "texts": 182,
        "broken": 0,
        "window": window,
        "note": "",
    }
    return [hour, {**hour, "hour": "2026-11-30T03:00:00Z", "window": None}]
