"""The restore command against a running stack: its function, its bucket, its steps."""

from datetime import timedelta

import pytest

from cli import restore as restore_endpoint
from tests.integration.audit_workflow.conftest import Start
from tests.integration.audit_workflow.world import AuditWorld

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

    assert restore_endpoint.main(["--list"]) == 0
    listed = capsys.readouterr().out
    assert restore_endpoint.main([IDLE, "--dry-run"]) == 0
    rehearsed = capsys.readouterr().out
    assert IDLE not in world.endpoints()
    assert restore_endpoint.main([IDLE, "--every", "1", "--wait", "2"]) == 0
    restored = capsys.readouterr().out

    assert listed.startswith(f"{IDLE}  --account")
    assert f"would do: CreateEndpoint {IDLE}" in rehearsed
    assert f"{IDLE}: restored" in restored
    after = sagemaker.describe_endpoint(EndpointName=IDLE)
    assert after["EndpointStatus"] == "InService"
    assert after["EndpointConfigName"] == before["EndpointConfigName"]
    assert after["ProductionVariants"] == before["ProductionVariants"]
    assert len(world.keys("restores/")) == 1
    assert restore_endpoint.main([IDLE]) == 1
    assert "a live endpoint is never touched" in capsys.readouterr().out
    assert restore_endpoint.main(["never-there"]) == 1
    assert "--list" in capsys.readouterr().err
