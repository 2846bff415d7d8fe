"""The restore command against a running stack: its function, its bucket, its steps."""

import json
import re
import time
from datetime import timedelta

import pytest
from botocore.credentials import Credentials

from local_aws.clients import ACCESS_KEY, SECRET_KEY
from tests.integration.audit_workflow.conftest import Start
from tests.integration.audit_workflow.world import AuditWorld
from tests.integration.local_aws.signed_calls import SignedCalls
from thriftline_cli.exits import Exit
from thriftline_cli.main import main

IDLE = "llama3-endpoint-1"


def _end(world: AuditWorld) -> None:
    """Marks the idle endpoint, lets its grace pass, and ends it."""
    names = {"EndpointName": IDLE, "VariantName": "AllTraffic"}
    world.aws.put_metric("AWS/SageMaker", "Invocations", names, 0.0)
    assert world.audit_endpoints().planned("terminate_endpoint") == [IDLE]
    world.pass_silent_days(4, IDLE)
    assert world.audit_endpoints().planned("terminate_endpoint") == [IDLE]
    world.aws.clock.advance(timedelta(seconds=5))
    assert IDLE not in world.endpoints()


def test_the_command_lists_rehearses_and_restores(
    start: Start, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world = start("act")
    sagemaker = world.aws.client("sagemaker")
    before = sagemaker.describe_endpoint(EndpointName=IDLE)
    _end(world)
    monkeypatch.setenv("AWS_ENDPOINT_URL", world.aws.endpoint)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)

    assert main(["restore", "--list", "--output", "json"]) == 0
    listed = capsys.readouterr().out
    assert main(["restore", IDLE, "--dry-run"]) == 0
    rehearsed = capsys.readouterr().err
    assert IDLE not in world.endpoints()
    assert main(["restore", IDLE, "--every", "1s", "--timeout", "2m"]) == 0
    restored = capsys.readouterr().out

    assert [one["endpoint"] for one in json.loads(listed)] == [IDLE]
    assert f"would do: CreateEndpoint {IDLE}" in rehearsed
    assert re.search(r"outcome +restored", restored)
    after = sagemaker.describe_endpoint(EndpointName=IDLE)
    assert after["EndpointStatus"] == "InService"
    assert after["EndpointConfigName"] == before["EndpointConfigName"]
    assert after["ProductionVariants"] == before["ProductionVariants"]
    assert len(world.keys("restores/")) == 1
    assert main(["restore", IDLE]) == Exit.REFUSED
    assert "a live endpoint is never touched" in capsys.readouterr().err
    assert main(["restore", "never-there"]) == Exit.NOT_FOUND
    assert "--list" in capsys.readouterr().err


def test_the_api_restores_and_shows_how_far_it_is(start: Start) -> None:
    world = start("act")
    _end(world)
    aws = world.aws
    base = f"{aws.endpoint}/_aws/execute-api/{aws.outputs['ApiId']}/v1"
    call = SignedCalls(base, aws.region, Credentials("test", "test"))
    (listed,) = call("GET", "/restores").json["items"]
    assert (listed["endpoint"], listed["state"]) == (IDLE, "saved"), listed
    dry = call("POST", "/restores", {"endpoint": IDLE, "dry_run": True})
    assert dry.status == 200, dry.body
    assert IDLE not in world.endpoints()

    started = call("POST", "/restores", {"endpoint": IDLE})
    assert started.status == 202, started.body
    deadline = time.monotonic() + 120
    while IDLE not in world.endpoints() and time.monotonic() < deadline:
        time.sleep(0.2)
    assert world.aws.client("sagemaker").describe_endpoint(EndpointName=IDLE)["EndpointArn"]
    again = call("POST", "/restores", {"endpoint": IDLE})
    assert again.status == 409, again.body
