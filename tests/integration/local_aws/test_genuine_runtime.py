"""The same stack with functions behind the genuine Lambda Runtime API, served by the CLI."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.integration.local_aws.aws import eventually

ROOT = Path(__file__).resolve().parents[3]
FIXTURE = Path(__file__).parent / "fixture" / "template.yaml"
SERVE = [sys.executable, "-m", "local_aws", "serve", "--port", "0"]


class Served:
    """An embedded AWS in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self.process = process
        line = json.loads(process.stdout.readline())
        self.endpoint: str = line["endpoint"]
        self.outputs: dict[str, str] = line["outputs"]

    def client(self, service: str) -> Any:
        return boto3.client(service, endpoint_url=self.endpoint)


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    command = [*SERVE, "--template", str(FIXTURE), "--stack-name", "served"]
    command += ["--time-scale", "60", "--parameter", "Greeting=welcome"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        yield Served(process)
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def test_a_function_behind_the_runtime_api_has_its_environment_and_no_other(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = served.client("lambda").invoke(
        FunctionName=served.outputs["EchoName"], Payload=b'{"n": 1}'
    )

    body = json.load(answer["Payload"])
    assert body["event"] == {"n": 1}
    environment = body["environment"]
    assert environment["GREETING"] == "welcome"
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == served.outputs["EchoName"]
    assert environment["AWS_ENDPOINT_URL"] == served.endpoint
    assert not {name for name in environment if name in os.environ} & {"PWD", "HOME", "SHELL"}


def test_a_function_that_raises_names_its_error(served: Served) -> None:
    answer = served.client("lambda").invoke(
        FunctionName=served.outputs["FailName"], Payload=b'{"rows": 3}'
    )

    assert answer["FunctionError"] == "Unhandled"
    body = json.load(answer["Payload"])
    assert (body["errorType"], body["errorMessage"]) == ("NotEnoughDataError", "only 3 rows")
    assert body["stackTrace"]


def test_an_upload_runs_through_rule_machine_and_function(served: Served) -> None:
    served.client("s3").put_object(
        Bucket=served.outputs["UploadsName"], Key="datasets/p/a.csv", Body=b"a"
    )
    stepfunctions, machine = served.client("stepfunctions"), served.outputs["MachineArn"]

    def look() -> Any:
        listed = stepfunctions.list_executions(stateMachineArn=machine)["executions"]
        return [each for each in listed if each["status"] != "RUNNING"]

    execution = eventually(look)[0]

    described = stepfunctions.describe_execution(executionArn=execution["executionArn"])
    assert described["status"] == "SUCCEEDED"
    output = json.loads(described["output"])
    assert output["event"]["detail"]["object"]["key"] == "datasets/p/a.csv"
    logs = served.client("logs").filter_log_events(logGroupName="/fixture/echo")["events"]
    assert any("echo was called" in event["message"] for event in logs)


def test_the_server_ends_on_sigterm_and_leaves_no_process(served: Served) -> None:
    served.process.send_signal(signal.SIGTERM)

    assert served.process.wait(30) == 0
    assert served.process.stdout is not None
    assert served.process.stdout.read() == ""
    assert not _children_of_session(served.endpoint)


def _children_of_session(endpoint: str) -> list[str]:
    """Processes that still have the endpoint in their environment."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            if endpoint.encode() in (folder / "environ").read_bytes():
                found.append((folder / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found
