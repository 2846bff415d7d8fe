"""The names of errors: which of them `Retry` and `Catch` match, and the one of a lost choice."""

from typing import Any

from moto.stepfunctions.parser.api import ExecutionFailedEventDetails, HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.error_equals_decl import (
    ErrorEqualsDecl,
)
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import (
    StatesErrorName,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.state.choice.state_choice import StateChoice
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails

from local_aws.hooks import Hooks

_UNCATCHABLE = frozenset({"States.DataLimitExceeded", "States.Runtime"})
_NOT_TASK_FAILED = _UNCATCHABLE | {"States.Timeout", "States.HeartbeatTimeout"}


def install(hooks: Hooks) -> None:
    """Match names as Step Functions does, and fail a choice without a match by its name."""

    def eval_body(self: Any, env: Any) -> None:
        error = env.stack.pop()
        name = error.error_name if error is not None else ""
        env.stack.append(matches({each.error_name for each in self.error_names}, name))

    evaluate = StateChoice._eval_state

    def eval_state(self: Any, env: Any) -> None:
        try:
            evaluate(self, env)
        except RuntimeError as error:
            # moto raises nothing else here when no rule is true and there is no default.
            raise _no_choice_matched(env) from error

    hooks.replace(ErrorEqualsDecl, "_eval_body", eval_body)
    hooks.replace(StateChoice, "_eval_state", eval_state)


def matches(listed: set[str], error: str) -> bool:
    """Whether `ErrorEquals` with the names `listed` matches `error`.

    States.ALL spares the two errors that end an execution whatever it says; States.TaskFailed
    matches all but time-outs. A time-out's heartbeat kind also goes by the name of time-out.
    """
    if error in listed:
        return True
    if "States.ALL" in listed and error not in _UNCATCHABLE:
        return True
    if error == "States.HeartbeatTimeout" and "States.Timeout" in listed:
        return True
    return "States.TaskFailed" in listed and error not in _NOT_TASK_FAILED


def _no_choice_matched(env: Any) -> FailureEventException:
    name = StatesErrorName(typ=StatesErrorNameType.StatesNoChoiceMatched)
    details = ExecutionFailedEventDetails(
        error=name.error_name, cause="No Choice rule matched, and the state has no Default."
    )
    failure = FailureEvent(
        env=env,
        error_name=name,
        event_type=HistoryEventType.ExecutionFailed,
        event_details=EventDetails(executionFailedEventDetails=details),
    )
    return FailureEventException(failure_event=failure)
