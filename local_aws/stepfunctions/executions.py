"""Executions as the API shows them: names, idempotency, status, output, history."""

import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from moto.core.responses import ActionResult
from moto.stepfunctions.exceptions import ExecutionAlreadyExists
from moto.stepfunctions.parser.api import ExecutionStatus
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.program_state import ProgramStopped
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str
from moto.stepfunctions.parser.backend import execution as execution_module
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker
from moto.stepfunctions.parser.models import (
    StepFunctionsParserBackend,
    stepfunctions_parser_backends,
)
from moto.stepfunctions.responses import StepFunctionResponse

from local_aws.clock import Clock
from local_aws.hooks import Hooks

# moto's own limit is absent; the API's largest page is 1,000 events.
_PAGE_SIZE = 1000
_STOP_WAIT_SECONDS = 5.0

StatusListener = Callable[[Any], None]


def install(hooks: Hooks, on_status: StatusListener, clock: Clock) -> None:
    """Repair what the executions' API lacks; `on_status` hears of each start and end."""
    _name_every_execution(hooks, on_status)
    _keep_the_first_ending(hooks, on_status)
    _give_the_start_time_as_text(hooks)
    _parse_definitions_once(hooks)
    hooks.replace(StepFunctionResponse, "describe_execution", _describe_execution)
    hooks.replace(StepFunctionResponse, "list_executions", _list_executions)
    hooks.replace(StepFunctionResponse, "get_execution_history", _get_execution_history)
    hooks.replace(
        StepFunctionResponse,
        "stop_execution",
        lambda self: _stop_execution(self, on_status, clock.now()),
    )


def _name_every_execution(hooks: Hooks, on_status: StatusListener) -> None:
    original = StepFunctionsParserBackend.start_execution
    lock = threading.Lock()

    def start_execution(
        self: Any,
        state_machine_arn: str,
        name: str | None = None,
        execution_input: str | None = None,
        trace_header: str | None = None,
    ) -> Any:
        if name:
            self._validate_name(name)
        name = name or str(uuid.uuid4())
        with lock:
            _refuse_taken_name(self, state_machine_arn, name)
            known = len(self.describe_state_machine(state_machine_arn).executions)
            execution = original(self, state_machine_arn, name, execution_input, trace_header)
        if len(self.describe_state_machine(state_machine_arn).executions) > known:
            on_status(execution)
        return execution

    hooks.replace(StepFunctionsParserBackend, "start_execution", start_execution)


def _refuse_taken_name(backend: Any, state_machine_arn: str, name: str) -> None:
    for execution in backend.describe_state_machine(state_machine_arn).executions:
        if execution.name == name and execution.exec_status != ExecutionStatus.RUNNING:
            raise ExecutionAlreadyExists(f"Execution Already Exists: '{execution.execution_arn}'")


def _keep_the_first_ending(hooks: Hooks, on_status: StatusListener) -> None:
    communication = execution_module.BaseExecutionWorkerCommunication
    original = communication._reflect_execution_status

    def reflect(self: Any) -> None:
        # A stopped execution is ABORTED at once; its last task may still be ending.
        if self.execution.exec_status == ExecutionStatus.RUNNING:
            original(self)
            on_status(self.execution)

    hooks.replace(communication, "_reflect_execution_status", reflect)
    fail = Environment.set_error

    def set_error(self: Any, error: Any) -> None:
        # What is evaluated while it is being stopped lacks its values, and fails for that alone.
        if not isinstance(self.program_state(), ProgramStopped):
            fail(self, error)

    hooks.replace(Environment, "set_error", set_error)


def _give_the_start_time_as_text(hooks: Hooks) -> None:
    original = execution_module.Execution.get_start_execution_details

    def details(self: Any) -> Any:
        result = original(self)
        result.start_time = iso(self.start_date)
        return result

    hooks.replace(execution_module.Execution, "get_start_execution_details", details)


def _parse_definitions_once(hooks: Hooks) -> None:
    # Parsing takes longer than running: a program holds no state of its executions.
    @lru_cache(maxsize=64)
    def parse(definition: str) -> Any:
        return AmazonStateLanguageParser.parse(definition)[0]

    def entrypoint(self: Any) -> Any:
        return parse(self._evaluation_details.state_machine_details.definition)

    hooks.replace(ExecutionWorker, "_get_evaluation_entrypoint", entrypoint)


def iso(moment: datetime) -> str:
    """Return `moment` as Step Functions writes it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def running(account: str, region: str) -> list[Any]:
    """Return the executions that have not ended."""
    backend = stepfunctions_parser_backends[account][region]
    return list(backend._get_executions(ExecutionStatus.RUNNING))


def _status(execution: Any) -> str:
    return str(getattr(execution.exec_status, "value", execution.exec_status))


def describe(execution: Any) -> dict[str, Any]:
    """Return the answer to DescribeExecution."""
    answer = {
        "executionArn": execution.execution_arn,
        "stateMachineArn": execution.state_machine_arn,
        "name": execution.name,
        "status": _status(execution),
        "startDate": execution.start_date,
        "stopDate": execution.stop_date,
        "input": execution.execution_input,
        "inputDetails": {"included": True},
        "error": execution.error,
        "cause": execution.cause,
        "redriveCount": 0,
    }
    if answer["status"] == "SUCCEEDED":
        answer["output"] = to_json_str(execution.output, separators=(",", ":"))
        answer["outputDetails"] = {"included": True}
    return {key: value for key, value in answer.items() if value is not None}


def _describe_execution(self: Any) -> ActionResult:
    arn = self._get_param("executionArn")
    return ActionResult(describe(self.stepfunction_backend.describe_execution(arn)))


def _stop_execution(self: Any, on_status: StatusListener, now: datetime) -> ActionResult:
    execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
    if execution.exec_status == ExecutionStatus.RUNNING:
        error, cause = self._get_param("error"), self._get_param("cause")
        _wait_for_first_state(execution)
        execution.error, execution.cause, execution.stop_date = error, cause, now
        # The interpreter may need until its task returns; the caller sees the end at once.
        execution.exec_worker.stop(stop_date=now, error=error, cause=cause)
        execution.exec_status = ExecutionStatus.ABORTED
        on_status(execution)
    return ActionResult({"stopDate": execution.stop_date})


def _wait_for_first_state(execution: Any) -> None:
    # The worker makes its environment in its own thread, a moment after the start, and names the
    # first state another moment later. What is stopped before that would run on.
    pause = threading.Event()
    waited = 0.0
    while not _has_begun(execution.exec_worker.env) and waited < _STOP_WAIT_SECONDS:
        pause.wait(0.01)
        waited += 0.01


def _has_begun(environment: Any) -> bool:
    return environment is not None and environment.program_state() is not None


def _list_executions(self: Any) -> ActionResult:
    arn = self._get_param("stateMachineArn")
    results, token = self.stepfunction_backend.list_executions(
        arn,
        status_filter=self._get_param("statusFilter"),
        max_results=self._get_int_param("maxResults"),
        next_token=self._get_param("nextToken"),
    )
    keys = ("executionArn", "stateMachineArn", "name", "status", "startDate", "stopDate")
    rows = [{key: row[key] for key in keys if key in row} for row in map(describe, results)]
    return ActionResult({"executions": rows, "nextToken": token})


def _get_execution_history(self: Any) -> ActionResult:
    execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
    environment = execution.exec_worker.env
    events = list(environment.event_manager.get_event_history()) if environment else []
    if self._get_param("reverseOrder"):
        events.reverse()
    start = int(self._get_param("nextToken") or 0)
    stop = start + min(self._get_int_param("maxResults") or _PAGE_SIZE, _PAGE_SIZE)
    answer: dict[str, Any] = {"events": events[start:stop]}
    if stop < len(events):
        answer["nextToken"] = str(stop)
    return ActionResult(answer)
