"""The whole application on the embedded AWS, with a training program that takes milliseconds."""

import json
import time
from dataclasses import dataclass
from typing import Any

from local_aws.http.faults import AwsFault
from local_aws.server import EmbeddedAws
from local_aws.training.jobs import TrainingJobs
from tests.integration.executions import ended
from tests.integration.mailbox import open_mailbox

PATIENCE_SECONDS = 120


@dataclass
class EndedExecution:
    """One execution that ended, and what it left."""

    arn: str
    status: str
    error: str
    cause: str
    output: dict[str, Any]
    result: dict[str, Any] | None
    states: list[str]


class World:
    """Uploads, waits and looks, through boto3 clients alone."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self.aws = aws
        self.s3 = aws.client("s3")
        self.states = aws.client("stepfunctions")
        self.sagemaker = aws.client("sagemaker")
        assert isinstance(aws.jobs, TrainingJobs)
        self.jobs = aws.jobs
        self.data = aws.outputs["DataBucketName"]
        self.artifacts = aws.outputs["ArtifactsBucketName"]
        self.machine = aws.outputs["TrainingStateMachineArn"]
        self.messages = open_mailbox(aws, "messages")
        # Of each execution, the version that started it: asked for once.
        self._versions: dict[str, str | None] = {}

    def upload(self, key: str, body: bytes | str) -> str:
        """Upload under `datasets/` and return the version id."""
        put = self.s3.put_object(
            Bucket=self.data,
            Key=f"datasets/{key}",
            Body=body.encode() if isinstance(body, str) else body,
        )
        return str(put["VersionId"])

    def executions_of(self, version_id: str) -> list[str]:
        found = []
        for page in self.states.get_paginator("list_executions").paginate(
            stateMachineArn=self.machine
        ):
            for execution in page["executions"]:
                if self._version_of(execution["executionArn"]) == version_id:
                    found.append(execution["executionArn"])
        return found

    def _version_of(self, arn: str) -> str | None:
        if arn not in self._versions:
            described = self.states.describe_execution(executionArn=arn)
            uploaded = json.loads(described["input"])["detail"]["object"]
            self._versions[arn] = uploaded.get("version-id")
        return self._versions[arn]

    def execution_of(self, version_id: str) -> str:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            if found := self.executions_of(version_id):
                return found[0]
            time.sleep(0.05)
        raise AssertionError("the upload started no execution")

    def end_of(self, version_id: str, patience_seconds: float = PATIENCE_SECONDS) -> EndedExecution:
        """Wait for the execution that a version started, and return what it left."""
        return self.wait(self.execution_of(version_id), patience_seconds)

    def wait(self, arn: str, patience_seconds: float = PATIENCE_SECONDS) -> EndedExecution:
        described = ended(self.aws, arn, patience_seconds)
        assert described, f"{arn} still runs: {self.entered(arn)}"
        return self._ended(arn, described)

    def _ended(self, arn: str, described: dict[str, Any]) -> EndedExecution:
        output = json.loads(described.get("output") or "{}")
        return EndedExecution(
            arn=arn,
            status=described["status"],
            error=described.get("error", ""),
            cause=described.get("cause", ""),
            output=output,
            result=self.result_of(arn),
            states=self.entered(arn),
        )

    def entered(self, arn: str) -> list[str]:
        """Return the names of the states in the order in which they were entered."""
        return [
            event["stateEnteredEventDetails"]["name"]
            for event in self.history(arn)
            if "stateEnteredEventDetails" in event
        ]

    def history(self, arn: str) -> list[dict[str, Any]]:
        pages = self.states.get_paginator("get_execution_history").paginate(executionArn=arn)
        return [event for page in pages for event in page["events"]]

    def result_of(self, arn: str) -> dict[str, Any] | None:
        """Return the result.json of the run that an execution owns."""
        table = self.aws.client("dynamodb").scan(TableName=self.aws.outputs["RunsTableName"])
        for item in table["Items"]:
            if item.get("execution_arn", {}).get("S") == arn:
                return self.document(item["run_id"]["S"], "result.json")
        return None

    def document(self, run_id: str, name: str) -> dict[str, Any] | None:
        key = f"runs/{run_id}/{name}"
        if not self.keys(key):
            return None
        body = self.s3.get_object(Bucket=self.artifacts, Key=key)["Body"].read()
        document: dict[str, Any] = json.loads(body)
        return document

    def page_of(self, run_id: str) -> str:
        """Return a run's report.html."""
        body = self.s3.get_object(Bucket=self.artifacts, Key=f"runs/{run_id}/report.html")["Body"]
        return str(body.read().decode())

    def attempt_of(self, run_id: str, number: int) -> dict[str, Any]:
        """Return what the runs table keeps of an attempt, as DynamoDB writes it."""
        item = self.aws.client("dynamodb").get_item(
            TableName=self.aws.outputs["RunsTableName"], Key={"run_id": {"S": run_id}}
        )["Item"]
        facts: dict[str, Any] = item[f"attempt_{number:02d}"]["M"]
        return facts

    def keys(self, prefix: str) -> list[str]:
        listed = self.s3.list_objects_v2(Bucket=self.artifacts, Prefix=prefix)
        return [found["Key"] for found in listed.get("Contents", [])]

    def jobs_of(self, run_id: str) -> list[dict[str, Any]]:
        listed = self.sagemaker.list_training_jobs(NameContains=run_id)["TrainingJobSummaries"]
        return [
            self.sagemaker.describe_training_job(TrainingJobName=job["TrainingJobName"])
            for job in sorted(listed, key=lambda job: str(job["TrainingJobName"]))
        ]

    def wait_for_job(self, arn: str, secondary_status: str = "Training") -> str:
        """Wait until the execution's job trains, and return the job's name."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            for item in self.aws.client("dynamodb").scan(
                TableName=self.aws.outputs["RunsTableName"]
            )["Items"]:
                if item.get("execution_arn", {}).get("S") != arn:
                    continue
                for job in self.jobs_of(item["run_id"]["S"]):
                    if job["SecondaryStatus"] == secondary_status:
                        return str(job["TrainingJobName"])
            time.sleep(0.05)
        raise AssertionError("no job trains")

    def announce_end_of(self, job: str) -> None:
        """Send the event of SageMaker that a job has ended, whether it has or not."""
        detail = {"TrainingJobName": job, "TrainingJobStatus": "Completed"}
        entry = {
            "Source": "aws.sagemaker",
            "DetailType": "SageMaker Training Job State Change",
            "Detail": json.dumps(detail),
        }
        self.aws.client("events").put_events(Entries=[entry])

    def answered_waits(self, arn: str) -> int:
        """Return how many waits between two looks an event has ended."""
        events = self.history(arn)
        entered = {
            event["id"]
            for event in events
            if event.get("stateEnteredEventDetails", {}).get("name") == "Wait for the job"
        }
        before = {event["id"]: event.get("previousEventId") for event in events}
        ended = [event["id"] for event in events if event["type"] == "TaskSucceeded"]
        return sum(not entered.isdisjoint(_path(one, before)) for one in ended)

    def message_about(self, needle: str) -> str:
        """Return the text of the next message to people that holds `needle`."""
        sqs = self.aws.client("sqs")
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            for message in sqs.receive_message(QueueUrl=self.messages, MaxNumberOfMessages=10).get(
                "Messages", []
            ):
                text = str(json.loads(message["Body"])["Message"])
                if needle in text:
                    return text
            time.sleep(0.05)
        raise AssertionError(f"no message holds {needle!r}")

    def fail(self, service: str, operation: str, code: str, status: int, times: int) -> None:
        """Let the functions' next calls of an operation fail; the test's own go through."""
        self.aws.faults.add(AwsFault(service, operation, code, status, times, "thriftline/"))


def csv_of(rows: int, *, start: int = 0) -> str:
    """Return a data set whose labels a word tells, every text another one."""
    lines = ["text,label"]
    for index in range(start, start + rows):
        good = index % 2 == 0
        word, label = ("splendid", "positive") if good else ("dreadful", "negative")
        lines.append(f"a {word} film number {index} seen in town,{label}")
    return "\n".join(lines) + "\n"


def _path(event: int | None, before: dict[int, int | None]) -> list[int]:
    """Return an event and the four before it, which are those of one task that was answered."""
    path: list[int] = []
    while event and len(path) < 5:
        path.append(event)
        event = before.get(event)
    return path
