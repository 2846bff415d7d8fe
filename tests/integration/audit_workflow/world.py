"""The audits' machines on an account that was loaded, asked and looked at by APIs alone."""

import json
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from local_aws.server import EmbeddedAws
from tests.integration.executions import ended
from tests.integration.mailbox import open_mailbox

PATIENCE_SECONDS = 240


@dataclass
class Audited:
    """One audit that ended; ``report`` is None where none was written."""

    status: str
    error: str
    cause: str
    output: dict[str, Any]
    report: dict[str, Any] | None

    @property
    def told(self) -> dict[str, Any]:
        """The report, which must be there."""
        assert self.report is not None, self.cause
        return self.report

    def findings(self, rule: str) -> list[dict[str, Any]]:
        return [one for one in self.told["findings"] if one["rule"] == rule]

    def done(self) -> list[tuple[str, str, str]]:
        """What was done, as action, step and resource."""
        return [
            (one["action"], one["step"], one["resource"])
            for one in self.told["planned_actions"]
            if one["result"] and one["result"]["outcome"] == "done"
        ]

    def planned(self, action: str) -> list[str]:
        return [one["resource"] for one in self.told["planned_actions"] if one["action"] == action]


class AuditWorld:
    """Starts audits and reads what they leave."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self.aws = aws
        self.s3 = aws.client("s3")
        self.states = aws.client("stepfunctions")
        self.artifacts = aws.outputs["ArtifactsBucketName"]
        self.messages = open_mailbox(aws, "audit-messages")

    def audit(self, given: dict[str, Any] | None = None) -> Audited:
        return self._run("CostAuditStateMachineArn", given or {})

    def audit_endpoints(self, given: dict[str, Any] | None = None) -> Audited:
        return self._run("IdleEndpointsStateMachineArn", given or {})

    def _run(self, machine: str, given: dict[str, Any]) -> Audited:
        arn = self.states.start_execution(
            stateMachineArn=self.aws.outputs[machine], input=json.dumps(given)
        )["executionArn"]
        found = ended(self.aws, arn, PATIENCE_SECONDS)
        assert found, f"{arn} still runs"
        return self._ended(found)

    def _ended(self, found: dict[str, Any]) -> Audited:
        output = json.loads(found.get("output") or "{}")
        report = self.document(f"audits/{output['audit_id']}/report.json") if output else None
        return Audited(
            found["status"], found.get("error", ""), found.get("cause", ""), output, report
        )

    def pass_silent_days(self, days: int, endpoint: str, variant: str = "AllTraffic") -> None:
        """Let days pass in which CloudWatch measures that nobody asks the endpoint."""
        names = {"EndpointName": endpoint, "VariantName": variant}
        for _ in range(days):
            self.aws.put_metric("AWS/SageMaker", "Invocations", names, 0.0)
            self.aws.clock.advance(timedelta(days=1))

    def document(self, key: str) -> dict[str, Any] | None:
        try:
            body = self.s3.get_object(Bucket=self.artifacts, Key=key)["Body"].read()
        except self.s3.exceptions.NoSuchKey:
            return None
        document: dict[str, Any] = json.loads(body)
        return document

    def keys(self, prefix: str) -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.artifacts, Prefix=prefix
        )
        return [found["Key"] for page in pages for found in page.get("Contents", [])]

    def describe(self, endpoint: str) -> dict[str, Any]:
        found: dict[str, Any] = self.aws.client("sagemaker").describe_endpoint(
            EndpointName=endpoint
        )
        return found

    def endpoints(self) -> set[str]:
        pages = self.aws.client("sagemaker").get_paginator("list_endpoints").paginate()
        return {one["EndpointName"] for page in pages for one in page["Endpoints"]}

    def restore(self, endpoint: str) -> dict[str, Any]:
        """Ask for an endpoint until it is whole again."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            answer = self.aws.client("lambda").invoke(
                FunctionName=self.aws.outputs["RestoreEndpointFunctionName"],
                Payload=json.dumps({"endpoint": endpoint}).encode(),
            )
            restored: dict[str, Any] = json.loads(answer["Payload"].read())
            assert "FunctionError" not in answer, restored
            if restored["outcome"] != "restoring":
                return restored
            time.sleep(0.5)
        raise AssertionError(f"{endpoint} is not whole")

    def take_messages(self) -> list[str]:
        sqs = self.aws.client("sqs")
        taken: list[str] = []
        while messages := sqs.receive_message(QueueUrl=self.messages, MaxNumberOfMessages=10).get(
            "Messages", []
        ):
            for message in messages:
                taken.append(json.loads(message["Body"])["Message"])
                sqs.delete_message(QueueUrl=self.messages, ReceiptHandle=message["ReceiptHandle"])
        return taken
