"""A small AWS on a virtual clock, in which the shipped machines call the shipped functions."""

import json
import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from types import SimpleNamespace
from typing import Any

from tests.virtual_time import prepared, stack
from tests.virtual_time.bedrock import MemoryBedrock
from tests.virtual_time.buckets import MemoryS3
from tests.virtual_time.execution import Answer, Execution
from tests.virtual_time.faults import Faults
from tests.virtual_time.job_output import finish
from tests.virtual_time.job_runs import JobRun, MemoryJobRuns
from tests.virtual_time.machine import StateError
from tests.virtual_time.refusals import FunctionDiedError, refusal
from tests.virtual_time.registry import MemoryRegistry
from tests.virtual_time.services import MemoryServices
from tests.virtual_time.tables import MemoryDynamoDB
from tests.virtual_time.timeline import Actors, Timeline
from tests.virtual_time.training_jobs import Job, MemoryTrainingJobs

START = datetime(2026, 11, 2, 9, tzinfo=UTC)
TRAINING, ABANDONED = "TrainingStateMachine", "AbandonedRunStateMachine"
OnCall = Callable[[str, str, str, Any], None]
Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


@dataclass
class Invocation:
    """One call of a function; after ``deadline`` Lambda ends it."""

    function: str
    deadline: float
    died: FunctionDiedError | None = None


class World:
    """Services, executions and what a test looks at afterwards. Everything follows the seed."""

    def __init__(self, seed: int, replaced: Mapping[str, Handler] | None = None) -> None:
        self.chance = random.Random(seed)
        self.timeline = Timeline(START)
        self.actors = Actors(self.timeline)
        self.replaced = replaced or {}
        self.s3 = MemoryS3(self.timeline)
        self.s3.buckets = {"data": {}, "artifacts": {}}
        self.dynamodb = MemoryDynamoDB()
        self.dynamodb.tables = {"runs": {}, "ledger": {}}
        self.registry = MemoryRegistry(self.timeline)
        self.small = MemoryServices()
        self.quota: dict[tuple[str, bool], int] = {}
        self.jobs = MemoryTrainingJobs(
            self.timeline, self.chance, self._quota, self._finish, self._checkpoint, self._job_ended
        )
        self.job_runs = MemoryJobRuns(self.timeline, self.chance, self._prepared)
        self.bedrock = MemoryBedrock(self.timeline, self.chance, self.s3)
        self.faults = Faults(self.chance, 0.0, 0.0, [])
        self.executions: dict[str, Execution] = {}
        self.errors: list[str] = []
        self.told: list[str] = []
        self.calls = 0
        self.on_call: OnCall = lambda *_: None
        self.on_token: Callable[[str, str], None] = lambda *_: None
        self.on_state: Callable[[Execution], None] = lambda _: None
        self._tokens: dict[str, Answer] = {}
        self._own = threading.local()

    @property
    def now(self) -> datetime:
        """The virtual time."""
        return self.timeline.now

    # ---- Calls of AWS

    def call(self, service: str, method: str, arguments: dict[str, Any]) -> Any:
        """Answers a call of boto3, with its latency and its faults."""
        own: Invocation | None = getattr(self._own, "invocation", None)
        if own is None:
            return self._act(service, method, arguments)
        if own.died:
            raise own.died
        self.calls += 1
        operation = _operation(method)
        self.on_call(own.function, service, operation, arguments)
        self._wait(own, self.faults.latency())
        try:
            return self.faults.call(
                service,
                operation,
                self.timeline.seconds,
                lambda: self._act(service, method, arguments),
                lambda: self._wait(own, float("inf")),
            )
        except FunctionDiedError as died:
            own.died = died
            raise

    def _wait(self, own: Invocation, seconds: float) -> None:
        left = own.deadline - self.timeline.seconds
        if seconds < left:
            self.actors.wait(seconds)
            return
        self.actors.wait(max(0.0, left))
        own.died = FunctionDiedError("Sandbox.Timedout", f"{own.function} timed out.")
        raise own.died

    def _act(self, service: str, method: str, arguments: dict[str, Any]) -> Any:
        holders: dict[str, tuple[Any, ...]] = {
            "s3": (self.s3,),
            "dynamodb": (self.dynamodb,),
            "sagemaker": (self.jobs, self.registry),
            "stepfunctions": (self,),
            "emr-serverless": (self.job_runs,),
            "bedrock": (self.bedrock,),
            "bedrock-runtime": (self.bedrock,),
        }
        for holder in holders.get(service, (self.small,)):
            if hasattr(holder, method):
                return getattr(holder, method)(**arguments)
        raise NotImplementedError(f"{service}.{method} is not known in virtual time")

    # ---- Functions

    def invoke(self, function: str, payload: Any, answer: Answer) -> None:
        """Calls a function as Lambda does; ``function`` is a logical id."""
        trouble = self.faults.at_boundary()
        if trouble == "not called":
            error = StateError(self.faults.lambda_error(), "Lambda did not call it.")
            self.timeline.after(self.faults.latency(), lambda: answer(None, error))
            return
        body = json.dumps(payload)

        def told(value: Any, error: StateError | None) -> None:
            if trouble == "answer lost":
                value, error = None, StateError("Lambda.SdkClientException", "No answer came.")
            self.timeline.after(0, lambda: answer(value, error))

        self.timeline.after(
            self.faults.latency(),
            lambda: self.actors.start(lambda: self._run(function, body, told)),
        )

    def _run(self, name: str, body: str, told: Answer) -> None:
        found = stack.function(name)
        own = Invocation(name, self.timeline.seconds + found.seconds)
        self._own.invocation = own
        handler = self.replaced.get(name, found.handler)
        try:
            value = json.loads(json.dumps(handler(json.loads(body), _CONTEXT)))
        except FunctionDiedError as died:
            told(None, StateError(died.name, died.cause))
        except Exception as error:
            self._note(name, error)
            cause = json.dumps({"errorType": type(error).__name__, "errorMessage": str(error)})
            told(None, StateError(type(error).__name__, cause))
        else:
            told(value, None)
        finally:
            self._own.invocation = None

    def _note(self, name: str, error: Exception) -> None:
        kind = type(error)
        if not kind.__module__.startswith("thriftline."):
            self.errors.append(f"{name}: {kind.__name__}: {error}")

    # ---- Step Functions

    def start(self, machine: str, name: str, document: Any) -> Execution:
        """Starts an execution of a machine by its logical id."""
        made, functions = stack.machine(machine)
        arn = f"{made.arn.replace(':stateMachine:', ':execution:')}:{name}"
        if arn in self.executions:
            raise refusal("StartExecution", "ExecutionAlreadyExists")
        services = _Tasks(self, functions)
        self.executions[arn] = Execution(
            made, arn, document, self.timeline, services, self.chance, self._ended, self.on_state
        )
        self.executions[arn].start()
        return self.executions[arn]

    def _ended(self, execution: Execution) -> None:
        name = execution.arn.partition(":execution:")[2]
        seconds = self.timeline.seconds
        self.told.append(f"{seconds:.0f} s: {name} {execution.status} in {execution.entered[-1]}")
        if execution.status == "SUCCEEDED" or TRAINING not in execution.arn:
            return
        detail = {
            "executionArn": execution.arn,
            "status": execution.status,
            "input": json.dumps(execution.input),
            "error": execution.error or None,
            "cause": execution.cause or None,
        }
        # EventBridge delivers at least once.
        for number in range(2 if self.chance.random() < 0.1 else 1):
            name = f"{execution.arn.rpartition(':')[2]}-{number}"
            self.timeline.after(
                self.chance.uniform(0.5, 5) + 60 * number,
                partial(self._tidy, name, {"detail": detail}),
            )

    def _tidy(self, name: str, event: dict[str, Any]) -> None:
        self.start(ABANDONED, name, event)

    def describe_execution(self, *, executionArn: str) -> dict[str, Any]:
        found = self.executions.get(executionArn)
        if found is None:
            raise refusal("DescribeExecution", "ExecutionDoesNotExist")
        told = {"status": found.status, "startDate": found.started_at}
        return {**told, "stopDate": found.ended_at} if found.ended_at else told

    def send_task_success(self, *, taskToken: str, output: str) -> dict[str, Any]:
        answer = self._tokens.pop(taskToken, None)
        running = self.executions.get(taskToken.partition("#")[0])
        if answer is None or running is None or running.status != "RUNNING":
            raise refusal("SendTaskSuccess", "TaskTimedOut")
        self.timeline.after(0, lambda: answer(json.loads(output), None))
        return {}

    def wait_for(self, function: str, token: str, answer: Answer) -> None:
        """Keeps who waits for a token."""
        self._tokens[token] = answer
        self.on_token(function, token)

    # ---- Training jobs

    def _quota(self, instance_type: str, spot: bool) -> int:
        return self.quota.get((instance_type, spot), 4)

    def _finish(self, job: Job) -> None:
        finish(job, self.s3, self.chance)

    def _prepared(self, run: JobRun) -> None:
        prepared.finish(run, self.s3)

    def _checkpoint(self, job: Job) -> None:
        bucket, _, key = (
            job.request["CheckpointConfig"]["S3Uri"].removeprefix("s3://").partition("/")
        )
        self.s3.put_object(Bucket=bucket, Key=f"{key}step-000010/state.json", Body=b"{}")

    def _job_ended(self, job: Job) -> None:
        # An event may be lost, or come late.
        if self.chance.random() < 0.8:
            detail = {"TrainingJobName": job.name, "TrainingJobStatus": job.status}
            event = {"source": "aws.sagemaker", "detail": detail}
            self.timeline.after(
                self.chance.uniform(0.2, 30),
                lambda: self.invoke("WakeRunFunction", event, lambda *_: None),
            )


def _operation(method: str) -> str:
    """Returns the name of an operation as AWS writes it."""
    named = "".join(part[:1].upper() + part[1:] for part in method.split("_"))
    return named.replace("Aws", "AWS")


_CONTEXT = SimpleNamespace(
    function_name="function",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:function",
    aws_request_id="request",
    function_version="1",
)


@dataclass
class _Tasks:
    """What the tasks of one machine call, by the names that its file has."""

    world: World
    names: Mapping[str, str]

    def invoke(self, function: str, payload: Any, answer: Answer) -> None:
        self.world.invoke(self.names[function], payload, answer)

    def wait_for(self, function: str, token: str, answer: Answer) -> None:
        self.world.wait_for(self.names[function], token, answer)

    def start_execution(self, machine: str, name: str, document: Any, answer: Answer) -> None:
        # The other machine is not run here: what it does has tests of its own.
        self.world.timeline.after(0.1, lambda: answer({"name": name}, None))
