"""What `make serve` says on its terminal: each upload by its project and file, as its run goes on.

EventBridge gives executions names of its own, here as on AWS, that nobody knows an upload by.
"""

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any, Protocol
from urllib.parse import unquote

from botocore.exceptions import BotoCoreError, ClientError

from laptop import approval
from laptop.demo_progress import Line, lines
from laptop.follow import Follower, Snapshot

EVERY_SECONDS = 2.0
# More runs than these are followed one after the other; their ends are all told.
_AT_ONCE = 8
_EXPLAINING = "-explain-upload"
_DUPLICATE = ("end", "duplicate")
_WITH_REPORT = frozenset({"succeeded", "not_promoted", "rejected", "failed"})


class DeployedStack(Protocol):
    """An embedded AWS with this repository's stack on it."""

    outputs: dict[str, str]

    def client(self, service: str) -> Any:
        """Return a boto3 client."""


class ExecutionReporter:
    """Report of the executions of the training workflow what was not reported yet."""

    def __init__(self, aws: DeployedStack, say: Callable[[str], None]) -> None:
        self._aws = aws
        self._say = say
        self._states = aws.client("stepfunctions")
        self._logs = aws.client("logs")
        self._followers: dict[str, Follower] = {}
        # Of one object version: what `thriftline runs submit` asks for starts twice, as one run.
        self._said: dict[str, set[tuple[object, ...]]] = {}
        self._executions: dict[str, set[str]] = {}
        self._ended: set[str] = set()
        self._explained: set[str] = set()
        self._asked: set[str] = set()

    def look(self) -> None:
        """Look once, and say what is new."""
        machine = self._aws.outputs["TrainingStateMachineArn"]
        pages = self._states.get_paginator("list_executions").paginate(stateMachineArn=machine)
        arns = [one["executionArn"] for page in pages for one in page["executions"]]
        open_ones = [arn for arn in reversed(arns) if arn not in self._ended]
        for arn in open_ones[:_AT_ONCE]:
            self._tell(arn)
        self._tell_of_what_starts_nothing()

    def _tell_of_what_starts_nothing(self) -> None:
        """Say of uploads that the rule for others takes why there is no execution of them."""
        for group in self._logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/")["logGroups"]:
            if not group["logGroupName"].endswith(_EXPLAINING):
                continue
            pages = self._logs.get_paginator("filter_log_events").paginate(
                logGroupName=group["logGroupName"]
            )
            for event in (one for page in pages for one in page["events"]):
                if event["eventId"] not in self._explained:
                    self._explained.add(event["eventId"])
                    self._explain(event["message"])

    def _explain(self, message: str) -> None:
        if not message.startswith("{"):
            return
        told = json.loads(message)
        if told.get("key") and told.get("message"):
            name = upload_name({"object": {"key": told["key"]}})
            self._say(f"{name}  {_printable(told['message'])}")

    def _tell(self, arn: str) -> None:
        follower = self._followers.setdefault(arn, Follower(self._aws, arn))
        snapshot = follower.look()
        version = _version_of(follower.upload) or arn
        executions = self._executions.setdefault(version, set())
        executions.add(arn)
        said = self._said.setdefault(version, set())
        for line in [*lines(snapshot), *self._asking(snapshot), *self._ending(snapshot)]:
            is_second = line.key == _DUPLICATE and len(executions) > 1
            if line.key not in said and not is_second:
                said.add(line.key)
                self._say(f"{upload_name(follower.upload)}  {line.text.strip()}")
        if snapshot.status != "RUNNING":
            self._ended.add(arn)
            del self._followers[arn]

    def _asking(self, snapshot: Snapshot) -> Iterator[Line]:
        """Say what a run that waits for a person asks for, once."""
        waits = bool(snapshot.states) and snapshot.states[-1][0] == approval.WAITING
        if not waits or snapshot.run_id is None or snapshot.run_id in self._asked:
            return
        function = self._aws.outputs["AnswerApprovalFunctionName"]
        request = approval.ask(self._aws.client("lambda"), function, snapshot.run_id)
        # The workflow waits from before the request is in the table.
        if request["outcome"] == "shown":
            self._asked.add(snapshot.run_id)
            for text in approval.lines_of(request):
                yield Line(("asks", text), text)

    def _ending(self, snapshot: Snapshot) -> Iterator[Line]:
        if snapshot.status == "RUNNING":
            return
        status = snapshot.output.get("status") or snapshot.status.lower()
        reason = snapshot.output.get("reason") or snapshot.error.strip(": ")
        yield Line(("end", status), f"ended as {status}" + (f": {reason}" if reason else ""))
        run_id = snapshot.output.get("run_id") or snapshot.run_id
        if run_id and status in _WITH_REPORT:
            yield Line(("report",), f"report: thriftline runs get {run_id} --save {run_id}")


def _version_of(detail: dict[str, Any]) -> str:
    """Return what names an object version, empty for an execution that is of none."""
    found = detail.get("object", {})
    return f"{found.get('key')} {found['version-id']}" if found.get("version-id") else ""


def upload_name(detail: dict[str, Any]) -> str:
    """Return project and file of an upload's event, in characters that a terminal may show."""
    key = unquote(str(detail.get("object", {}).get("key", "")))
    shown = key.removeprefix("datasets/") or "an execution by hand"
    return _printable(shown)


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def start(aws: DeployedStack, say: Callable[[str], None]) -> threading.Event:
    """Watch in a thread until the returned event is set or the embedded AWS has ended."""
    stop = threading.Event()

    def run() -> None:
        watch = ExecutionReporter(aws, say)
        while not stop.wait(EVERY_SECONDS):
            try:
                watch.look()
            except (BotoCoreError, ClientError, approval.ApprovalError, json.JSONDecodeError):
                # It is being taken down, or a look met a change; the next one sees it whole.
                continue

    threading.Thread(target=run, name="watch", daemon=True).start()
    return stop
