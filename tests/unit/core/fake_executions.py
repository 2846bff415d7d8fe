"""Step Functions in memory: executions that are started, listed and looked at."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:machine"
BEGAN = datetime(2026, 11, 30, 6, 0, 0, 123_000, tzinfo=UTC)


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "as it is"}}, "Call")


@dataclass
class FakeStepFunctions:
    """Is a client; each execution begins a minute after the one before."""

    executions: dict[str, dict[str, Any]] = field(default_factory=dict)
    page_sizes: list[int] = field(default_factory=list)
    forgets_tokens: bool = False

    def start_execution(self, **request: Any) -> dict[str, Any]:
        arn = f"{request['stateMachineArn'].replace('stateMachine', 'execution')}:{request['name']}"
        known = self.executions.get(arn)
        if known is not None and (known["status"], known["input"]) != ("RUNNING", request["input"]):
            raise refusal("ExecutionAlreadyExists")
        if known is None:
            known = self.executions[arn] = {
                "executionArn": arn,
                "name": request["name"],
                "status": "RUNNING",
                "startDate": BEGAN + timedelta(minutes=len(self.executions)),
                "input": request["input"],
            }
        return {"executionArn": arn, "startDate": known["startDate"]}

    def add(self, name: str, given: dict[str, Any] | None = None) -> str:
        started = self.start_execution(
            stateMachineArn=MACHINE, name=name, input=json.dumps(given or {})
        )
        return str(started["executionArn"])

    def end(self, arn: str, status: str, **more: Any) -> None:
        known = self.executions[arn]
        known |= {"status": status, "stopDate": known["startDate"] + timedelta(minutes=9), **more}

    def describe_execution(self, executionArn: str) -> dict[str, Any]:
        if executionArn not in self.executions:
            raise refusal("ExecutionDoesNotExist")
        return self.executions[executionArn]

    def list_executions(self, **request: Any) -> dict[str, Any]:
        self.page_sizes.append(request["maxResults"])
        if self.forgets_tokens and "nextToken" in request:
            raise refusal("InvalidToken")
        rows = sorted(self.executions.values(), key=lambda one: one["startDate"], reverse=True)
        wanted = request.get("statusFilter")
        rows = [one for one in rows if wanted in (None, one["status"])]
        at = int(request.get("nextToken", "0"))
        end = at + request["maxResults"]
        more = {"nextToken": str(end)} if end < len(rows) else {}
        return {"executions": rows[at:end], **more}
