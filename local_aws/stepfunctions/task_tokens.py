"""Task tokens: who may still answer a task that waits, and which of several answers counts.

moto accepts every SendTaskFailure with a token that ever existed, gives a retried task the token of
its former attempt, and lets two clocks end one task. Here a token has one owner and one lock: it
takes one answer, or its time-out, or the end of its execution, whichever is first, and every later
caller is refused with the error of AWS.
"""

import base64
import copy
import json
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Condition
from typing import Any

from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import TimeoutSeconds
from moto.stepfunctions.parser.asl.component.state.exec.execute_state import ExecutionState
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import (
    ResourceCondition,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_callback import (  # noqa: E501
    StateTaskServiceCallback,
)
from moto.stepfunctions.parser.asl.eval import states
from moto.stepfunctions.parser.asl.eval.callback.callback import (
    CallbackOutcomeFailure,
    CallbackOutcomeSuccess,
    CallbackOutcomeTimedOut,
    HeartbeatTimedOut,
)

from local_aws.hooks import Hooks
from local_aws.http.own_calls import AwsError, Operation, Request

# Real tokens have 664 to 728 characters; this many bytes are 668, and end with "=".
_TOKEN_BYTES = 500
# Three bytes that are written "+/+/": a client that does not encode them fails on every token.
_AWKWARD = b"\xfb\xff\xbf"
_MOST_OUTPUT_BYTES = 262_144
# An execution that is stopped wakes nobody: look at it this often. The clock may be moved, too.
_LOOK_AGAIN_SECONDS = 0.1

Now = Callable[[], datetime]


def new_token() -> str:
    """Return a token as long as a real one, with the characters that need encoding."""
    return base64.b64encode(_AWKWARD + os.urandom(_TOKEN_BYTES - len(_AWKWARD))).decode()


class _Task:
    """One attempt of a task that waits for an answer."""

    def __init__(self, token: str, environment: Any, now: Now, seconds: float) -> None:
        self.token = token
        self._environment = environment
        self._now = now
        self._timeout_at = now() + timedelta(seconds=seconds)
        self._heartbeat: timedelta | None = None
        self._heartbeat_at = self._timeout_at
        self._changed = Condition()
        self._outcome: Any = None

    def is_of(self, request: Request) -> bool:
        details = self._environment.aws_execution_details
        return (details.account, details.region) == (request.account, request.region)

    def answer(self, outcome: Any) -> bool:
        """Take an answer, unless the task has one or has ended."""
        with self._changed:
            if self._ended():
                return False
            self._outcome = outcome
            self._changed.notify_all()
            return True

    def beat(self) -> bool:
        """Take a heartbeat, unless the task has ended."""
        with self._changed:
            if self._ended():
                return False
            if self._heartbeat:
                self._heartbeat_at = self._now() + self._heartbeat
            return True

    def close(self) -> None:
        """End the task, whatever it waits for; the first ending stays."""
        with self._changed:
            self._outcome = self._outcome or CallbackOutcomeTimedOut(self.token)
            self._changed.notify_all()

    def wait(self, heartbeat_seconds: float | None) -> Any:
        """Return how it ended: the first answer, a time-out, or the execution's end."""
        with self._changed:
            if heartbeat_seconds is not None:
                self._heartbeat = timedelta(seconds=heartbeat_seconds)
                self._heartbeat_at = self._now() + self._heartbeat
            while not self._ended():
                self._changed.wait(_LOOK_AGAIN_SECONDS)
            return self._outcome

    def _ended(self) -> bool:
        """Whether it has an outcome; one that time or the execution has brought is kept."""
        if self._outcome is None:
            now = self._now()
            if not self._environment.is_running() or now >= self._timeout_at:
                self._outcome = CallbackOutcomeTimedOut(self.token)
            elif self._heartbeat and now >= self._heartbeat_at:
                self._outcome = HeartbeatTimedOut()
        return self._outcome is not None


class _OwnClock:
    """A state's time-out, kept by the task's own wait: moto's outer clock never ends it.

    Both would begin at once and end at once, and an answer that one has accepted the other would
    throw away.
    """

    def __init__(self, timeout: Any, outer: Any) -> None:
        self._timeout = timeout
        self._outer = outer

    def is_default_value(self) -> bool:
        return bool(self._timeout.is_default_value())

    def eval(self, env: Any) -> None:
        self._timeout.eval(env=env)
        if env is self._outer:
            env.stack[-1] = TimeoutSeconds.DEFAULT_TIMEOUT_SECONDS


class TaskTokens:
    """All tokens that were given out, and the calls that answer them."""

    def __init__(self, now: Now) -> None:
        self._now = now
        self._open: dict[str, _Task] = {}
        self._closed: set[str] = set()

    def operations(self) -> dict[str, Operation]:
        """Return the calls by name."""
        return {
            "SendTaskSuccess": self._success,
            "SendTaskFailure": self._failure,
            "SendTaskHeartbeat": self._heartbeat,
        }

    def _success(self, request: Request) -> None:
        output = request["output"]
        _check_output(output)
        token = request["taskToken"]
        self._refuse_unless(
            self._task(request).answer(CallbackOutcomeSuccess(callback_id=token, output=output))
        )

    def _failure(self, request: Request) -> None:
        outcome = CallbackOutcomeFailure(
            callback_id=request["taskToken"],
            error=request.get("error", ""),
            cause=request.get("cause", ""),
        )
        self._refuse_unless(self._task(request).answer(outcome))

    def _heartbeat(self, request: Request) -> None:
        self._refuse_unless(self._task(request).beat())

    def _task(self, request: Request) -> _Task:
        token = request["taskToken"]
        task = self._open.get(token)
        if task is not None and task.is_of(request):
            return task
        self._refuse_unless(token not in self._closed)
        raise AwsError("InvalidToken", "Invalid Token: 'Invalid token'")

    @staticmethod
    def _refuse_unless(accepted: bool) -> None:
        if not accepted:
            raise AwsError("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")

    def install(self, hooks: Hooks) -> None:
        """Let every attempt of a task that waits have a token and one clock."""
        hooks.replace(states, "long_uid", new_token)
        hooks.replace(
            StateTaskServiceCallback,
            "_evaluate_with_timeout",
            lambda state, env: self._evaluate(state, env),
        )
        hooks.replace(StateTaskServiceCallback, "_eval_wait_for_task_token", self._wait())

    def _evaluate(self, state: Any, env: Any) -> None:
        # Looked up at each call: another hook replaces it, too.
        original = ExecutionState._evaluate_with_timeout
        if state.resource.condition != ResourceCondition.WaitForTaskToken:
            original(state, env)
            return
        state.timeout.eval(env=env)
        # A retry is a new task: the answer to the former one is not its answer.
        token = env.states.context_object.update_task_token()
        env.callback_pool_manager.add(token)
        task = self._open[token] = _Task(token, env, self._now, env.stack.pop())
        attempt = copy.copy(state)
        attempt.timeout = _OwnClock(state.timeout, env)
        try:
            original(attempt, env)
        except TimeoutError:
            # An execution that was stopped has ended already, and not by a time-out.
            if env.is_running():
                raise
        finally:
            task.close()
            self._closed.add(token)
            del self._open[token]

    def _wait(self) -> Callable[..., Any]:
        def wait(
            _state: Any,
            env: Any,
            timeout_seconds: float,
            callback_endpoint: Any,
            heartbeat_endpoint: Any,
        ) -> Any:
            task = self._open.get(callback_endpoint.callback_id)
            if task is None:
                # A .sync task has a token that nobody was given.
                task = _Task(callback_endpoint.callback_id, env, self._now, timeout_seconds)
            return task.wait(heartbeat_endpoint and heartbeat_endpoint._heartbeat_seconds)

        return wait


def _check_output(output: str) -> None:
    if len(output.encode()) > _MOST_OUTPUT_BYTES:
        raise AwsError(
            "ValidationException",
            "1 validation error detected: Value at 'output' failed to satisfy constraint: "
            f"Member must have length less than or equal to {_MOST_OUTPUT_BYTES}",
        )
    try:
        json.loads(output)
    except ValueError as error:
        raise AwsError("InvalidOutput", f"Invalid Output: '{error}'") from error
