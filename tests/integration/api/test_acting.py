"""Deploying, going back, auditing and restoring through the API alone, on the real template."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.credentials import Credentials

from local_aws.options import LAMBDA_PYTHON, Options
from local_aws.server import EmbeddedAws
from local_aws.services.hosting_options import HostingOptions
from tests.integration.local_aws.signed_calls import Answer, SignedCalls
from tests.integration.serving.world import ServingWorld

PATIENCE_SECONDS = 120
QUICK = (
    "instance: {type: ml.m5.large, count: 1}\n"
    "rollout: {type: all-at-once, bake_seconds: 200, min_requests: 0}\n"
)


@pytest.fixture(scope="module")
def world() -> Iterator[ServingWorld]:
    options = Options(
        time_scale=240,
        python=LAMBDA_PYTHON,
        hosting=HostingOptions(provisioning_seconds=30, activation_seconds=1, deletion_seconds=1),
        parameters={"AuditMode": "act", "Trainers": "sagemaker"},
    )
    with EmbeddedAws(options) as aws:
        yield ServingWorld(aws)


@pytest.fixture(scope="module")
def call(world: ServingWorld) -> SignedCalls:
    aws = world.aws
    base = f"{aws.endpoint}/_aws/execute-api/{aws.outputs['ApiId']}/v1"
    return SignedCalls(base, aws.region, Credentials("test", "test"))


def until(look: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError("it never comes")


def ended(call: SignedCalls, answer: Answer) -> dict[str, Any]:
    """Returns the deployment that was started, as its own address shows it at its end."""
    assert answer.status == 202, answer.body
    own, path = answer.json["id"], answer.json["href"]

    def look() -> dict[str, Any] | None:
        shown = call("GET", path)
        assert (shown.status, shown.json["deployment_id"]) == (200, own), shown.body
        return shown.json if shown.json["ending"] else None

    found: dict[str, Any] = until(look)
    return found


def test_a_version_is_deployed_rolled_back_and_known_to_be_in_use(
    world: ServingWorld, call: SignedCalls
) -> None:
    world.serve_yaml("reviews", QUICK)
    world.register("reviews")
    path = "/endpoints/thriftline-reviews"
    dry = call("POST", f"{path}/deployments", {"project": "reviews", "dry_run": True})
    assert dry.status == 200, dry.body
    assert dry.json["would_deploy"], dry.body
    assert dry.json["price"]["month_usd"] == "83.95"
    assert call("GET", "/endpoints").json["items"] == [], "nothing was started"

    first = call("POST", f"{path}/deployments", {"project": "reviews", "why": "the first"})
    assert ended(call, first)["ending"] == "deployed"
    (shown,) = call("GET", "/endpoints").json["items"]
    assert (shown["status"], shown["registry_version"]) == ("InService", 1)
    assert (shown["usd_per_hour"], shown["month_usd"]) == ("0.115", "83.95")
    assert call("POST", f"{path}/rollback", {}).status == 409, "there is nothing before it"
    again = ended(call, call("POST", f"{path}/deployments", {"version": 1}))
    assert (again["ending"], "is already in use" in again["reason"]) == ("deployed", True)

    world.register("reviews")
    assert ended(call, call("POST", f"{path}/deployments", {}))["registry_version"] == 2
    back = call("POST", f"{path}/rollback", {"why": "worse"})
    assert back.json["price"]["rollout_usd"] is not None
    assert ended(call, back)["registry_version"] == 1
    detail = call("GET", path).json
    assert [one["in_use"] for one in detail["versions"]] == [False, True]
    assert call("POST", f"{path}/abort", {}).status == 409


def test_an_endpoint_has_a_schedule_and_none_again(call: SignedCalls) -> None:
    path = "/endpoints/thriftline-reviews"
    hours = {"on": "cron(0 8 ? * MON-FRI *)", "off": "cron(0 19 ? * MON-FRI *)"}
    answer = call("PUT", f"{path}/schedule", hours)
    assert (answer.status, answer.json["outcome"]) == (200, "scheduled"), answer.body
    assert call("GET", path).json["schedule"]["on"] == hours["on"]
    assert call("DELETE", f"{path}/schedule").json["outcome"] == "always on"


def test_a_comparison_that_cannot_be_says_why(call: SignedCalls) -> None:
    path = "/endpoints/thriftline-reviews/experiments"
    answer = call("POST", path, {"version": 9, "kind": "ab", "measure": "errors"})
    assert answer.status == 202, answer.body
    look = answer.json["href"]
    shown = until(lambda: (one := call("GET", look).json)["state"] == "refused" and one)
    assert "no version 9" in shown["reason"]


def test_an_audit_is_started_read_and_its_finding_accepted(call: SignedCalls) -> None:
    started = call("POST", "/audits", {"mode": "report"})
    assert started.status == 202, started.body
    own = started.json["id"]
    audit = until(
        lambda: (one := call("GET", f"/audits/{own}").json)["status"] != "running" and one
    )
    assert audit["status"] == "succeeded", audit
    assert audit["report"]["audit_id"] == own, "the id is that of its documents"
    (row,) = call("GET", "/audits").json["items"]
    assert (row["audit_id"], row["findings"]) == (own, audit["report"]["totals"]["findings"])
    found = call("GET", "/findings?limit=1").json
    assert found["audit_id"] == own
    assert found["items"], "a stack with an endpoint has something to find"
    key = found["items"][0]["key"]
    body = {"reason": "a test", "until": "2099-12-31"}
    accepted = call("POST", f"/findings/{key}/accept", body)
    assert accepted.status == 200, accepted.body
    (quiet,) = call("GET", "/findings?accepted=true").json["items"]
    assert quiet["id"] == found["items"][0]["id"]


def test_there_is_nothing_to_restore_yet(call: SignedCalls) -> None:
    nothing: dict[str, object] = {"items": [], "unreadable": [], "next_token": None}
    assert call("GET", "/restores").json == nothing
    assert call("POST", "/restores", {"endpoint": "thriftline-reviews"}).status == 404
