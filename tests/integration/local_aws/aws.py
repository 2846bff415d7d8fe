"""What tests of the embedded AWS say again and again."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import yaml

from local_aws.server import EmbeddedAws
from tests.integration.local_aws.runtime import FakeRuntime

ROLE = "arn:aws:iam::123456789012:role/machine"
# Far more than anything takes; a test fails, not a timing.
PATIENCE_SECONDS = 120


def eventually(look: Callable[[], Any], seconds: float = PATIENCE_SECONDS) -> Any:
    """Return the first true value that `look` gives."""
    deadline = time.monotonic() + seconds
    while True:
        if value := look():
            return value
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


@dataclass
class Aws:
    """The embedded AWS under test."""

    embedded: EmbeddedAws
    runtime: FakeRuntime

    def client(self, service: str) -> Any:
        return self.embedded.client(service)

    @property
    def outputs(self) -> dict[str, str]:
        return self.embedded.outputs

    def start(self, states: str, event: Any = None, **machine: Any) -> str:
        """Start a JSONata machine whose states are given in YAML; the first is where it starts."""
        parsed = yaml.safe_load(states)
        text = json.dumps(
            {
                "QueryLanguage": "JSONata",
                "StartAt": next(iter(parsed)),
                "States": parsed,
                **machine,
            }
        ).replace("ECHO", self.outputs["EchoName"])
        stepfunctions = self.client("stepfunctions")
        made = stepfunctions.create_state_machine(
            name=f"test-{uuid4()}", definition=text, roleArn=ROLE
        )
        answer = stepfunctions.start_execution(
            stateMachineArn=made["stateMachineArn"], input=json.dumps(event or {})
        )
        return str(answer["executionArn"])

    def ended(self, execution: str) -> dict[str, Any]:
        """Wait for the end of an execution and describe it."""
        stepfunctions = self.client("stepfunctions")

        def look() -> Any:
            description = stepfunctions.describe_execution(executionArn=execution)
            return description if description["status"] != "RUNNING" else None

        return dict(eventually(look))

    def run(self, states: str, event: Any = None, **machine: Any) -> Any:
        """Run a machine that succeeds, and return its output."""
        description = self.ended(self.start(states, event, **machine))
        assert description["status"] == "SUCCEEDED", description
        return json.loads(description["output"])

    def fail(self, states: str, event: Any = None, **machine: Any) -> dict[str, Any]:
        """Run a machine that fails, and describe it."""
        description = self.ended(self.start(states, event, **machine))
        assert description["status"] == "FAILED", description
        return description

    def history(self, execution: str) -> list[dict[str, Any]]:
        answer = self.client("stepfunctions").get_execution_history(executionArn=execution)
        return list(answer["events"])

    def messages(self, queue_url: str) -> list[dict[str, Any]]:
        """Take what lies in a queue."""
        answer = self.client("sqs").receive_message(
            QueueUrl=queue_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        for message in answer.get("Messages", []):
            self.client("sqs").delete_message(
                QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"]
            )
        return list(answer.get("Messages", []))
