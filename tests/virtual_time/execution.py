"""Executions of state machines on the virtual clock."""

import json
import random
from collections import Counter
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from tests.virtual_time.machine import Machine, State, StateError, States, evaluated, takes
from tests.virtual_time.timeline import Timeline

# What a wish is answered with: a value, or an error.
Answer = Callable[[Any, StateError | None], None]
Wish = Callable[["Process", Answer], None]
Steps = Generator[Wish, Any, Any]
# TaskStateEntered, Scheduled, Started, Succeeded, Exited and so on.
_EVENTS = {"Task": 5, "Map": 4, "Wait": 2, "Choice": 2, "Pass": 2, "Succeed": 2, "Fail": 1}


class Services(Protocol):
    """What tasks call. Each answers exactly once, or never."""

    def invoke(self, function: str, payload: Any, answer: Answer) -> None:
        """Calls a function."""

    def start_execution(self, machine: str, name: str, document: Any, answer: Answer) -> None:
        """Starts an execution of another machine."""

    def wait_for(self, function: str, token: str, answer: Answer) -> None:
        """Keeps who waits for a token."""


class Process:
    """A chain of states that runs; killed, it hears no answer any more."""

    def __init__(self, steps: Steps, ended: Answer) -> None:
        self.alive = True
        self.children: list[Process] = []
        self._steps, self._ended = steps, ended

    def resume(self, value: Any = None, error: StateError | None = None) -> None:
        if not self.alive:
            return
        try:
            wish = self._steps.throw(error) if error else self._steps.send(value)
        except StopIteration as end:
            self.alive = False
            self._ended(end.value, None)
        except StateError as failed:
            self.alive = False
            self._ended(None, failed)
        else:
            wish(self, self._once())

    def _once(self) -> Answer:
        used = False

        def answer(value: Any, error: StateError | None) -> None:
            nonlocal used
            if not used:
                used = True
                self.resume(value, error)

        return answer

    def kill(self) -> None:
        """Ends it where it stands."""
        self.alive = False
        for child in self.children:
            child.kill()
        self._steps.close()


@dataclass
class Execution:
    """One execution; ``entered`` are its states in order."""

    machine: Machine
    arn: str
    input: Any
    timeline: Timeline
    services: Services
    chance: random.Random
    on_end: Callable[["Execution"], None]
    on_state: Callable[["Execution"], None]
    status: str = "RUNNING"
    output: Any = None
    error: str = ""
    cause: str = ""
    entered: list[str] = field(default_factory=list)
    history_events: int = 1
    ended_at: Any = None
    started_at: Any = None
    _process: Process | None = None
    _tokens: int = 0

    def start(self) -> None:
        """Begins, now."""
        self.started_at = self.timeline.now
        self._process = Process(self._run(self.machine.states, self.input, {}), self._ended)
        if self.machine.timeout < float("inf"):
            self.timeline.after(self.machine.timeout, lambda: self.stop("TIMED_OUT"))
        self._process.resume()

    def stop(self, status: str = "ABORTED") -> None:
        """Ends it from outside; functions that run go on."""
        if self.status == "RUNNING" and self._process:
            self._process.kill()
            self._end(status)

    def _ended(self, value: Any, error: StateError | None) -> None:
        if error:
            self.error, self.cause = error.name, error.cause
        self.output = value
        self._end("FAILED" if error else "SUCCEEDED")

    def _end(self, status: str) -> None:
        self.status, self.ended_at = status, self.timeline.now
        self.on_end(self)

    def _run(self, states: States, value: Any, outer: dict[str, Any]) -> Steps:
        variables = dict(outer)
        name: str | None = states.start
        while name is not None:
            state = states.by_name[name]
            self.entered.append(name)
            self.on_state(self)
            self.history_events += _EVENTS[state.kind]
            name, value = yield from self._state(state, value, variables)
        return value

    def _data(self, state: State, value: Any, variables: dict[str, Any], **more: Any) -> Any:
        context = {
            "Execution": {
                "Id": self.arn,
                "Name": self.arn.rpartition(":")[2],
                "Input": self.input,
            },
            "State": {"Name": state.name},
            "StateMachine": {"Id": self.machine.arn},
        }
        if "token" in more:
            context["Task"] = {"Token": more.pop("token")}
        return {**variables, "states": {"input": value, "context": context, **more}}

    def _state(
        self, state: State, value: Any, variables: dict[str, Any]
    ) -> Generator[Wish, Any, tuple[str | None, Any]]:
        tries: Counter[int] = Counter()
        while True:
            try:
                result = yield from self._attempt(state, value, variables)
            except StateError as error:
                again = self._retry(state, error, tries)
                if again is not None:
                    yield _sleep(self.timeline, again)
                    self.history_events += _EVENTS[state.kind]
                    continue
                return self._caught(state, value, variables, error)
            return result

    def _retry(self, state: State, error: StateError, tries: Counter[int]) -> float | None:
        for number, retrier in enumerate(state.retry):
            if takes(retrier.names, error):
                if tries[number] >= retrier.most:
                    return None
                tries[number] += 1
                return retrier.delay(tries[number] - 1, self.chance)
        return None

    def _caught(
        self, state: State, value: Any, variables: dict[str, Any], error: StateError
    ) -> tuple[str, Any]:
        for catcher in state.catch:
            if takes(catcher.names, error):
                told = {"Error": error.name, "Cause": error.cause}
                data = self._data(state, value, variables, errorOutput=told)
                assigned = evaluated(catcher.assign, data) if catcher.assign else {}
                output = evaluated(catcher.output, data) if catcher.output else told
                variables.update(assigned)
                return catcher.target, output
        raise error

    def _attempt(
        self, state: State, value: Any, variables: dict[str, Any]
    ) -> Generator[Wish, Any, tuple[str | None, Any]]:
        data = self._data(state, value, variables)
        if state.kind == "Choice":
            return self._chosen(state, value, variables, data)
        if state.kind == "Fail":
            raise StateError(
                evaluated(state.templates["Error"], data), evaluated(state.templates["Cause"], data)
            )
        if state.kind == "Wait":
            yield _sleep(self.timeline, evaluated(state.templates["Seconds"], data))
        elif state.kind == "Task":
            result = yield from self._task(state, value, variables)
            data = self._data(state, value, variables, result=result)
            value = result
        elif state.kind == "Map":
            value = yield from self._map(state, data, variables)
            data = self._data(state, value, variables, result=value)
        assigned = evaluated(state.templates["Assign"], data) if "Assign" in state.templates else {}
        output = (
            evaluated(state.templates["Output"], data) if "Output" in state.templates else value
        )
        variables.update(assigned)
        return (None if state.kind == "Succeed" else state.target), output

    def _chosen(
        self, state: State, value: Any, variables: dict[str, Any], data: Any
    ) -> tuple[str, Any]:
        for condition, target, assign in state.choices:
            holds = evaluated(condition, data)
            if not isinstance(holds, bool):
                raise StateError("States.QueryEvaluationError", f"{state.name}: not a boolean")
            if holds:
                variables.update(evaluated(assign, data) if assign else {})
                return target, value
        if state.target is None:
            raise StateError("States.NoChoiceMatched", state.name)
        return state.target, value

    def _task(self, state: State, value: Any, variables: dict[str, Any]) -> Steps:
        token = ""
        if state.resource.endswith(".waitForTaskToken"):
            self._tokens += 1
            token = f"{self.arn}#{self._tokens}"
        data = self._data(state, value, variables, token=token)
        arguments = evaluated(state.templates["Arguments"], data)
        timeout = evaluated(state.templates["TimeoutSeconds"], data)
        call = self._call(state, arguments, token)

        def wish(process: Process, answer: Answer) -> None:
            self.timeline.after(
                timeout, lambda: answer(None, StateError("States.Timeout", state.name))
            )
            call(answer)

        result = yield wish
        return result

    def _call(self, state: State, arguments: Any, token: str) -> Callable[[Answer], None]:
        services = self.services
        if state.resource == "lambda:invoke":
            return lambda answer: services.invoke(
                arguments["FunctionName"],
                arguments["Payload"],
                lambda value, error: answer(error is None and {"Payload": value}, error),
            )
        if state.resource == "lambda:invoke.waitForTaskToken":

            def waiting(answer: Answer) -> None:
                services.wait_for(arguments["FunctionName"], token, answer)
                # What the function answers is nothing to the task, unless it fails.
                services.invoke(
                    arguments["FunctionName"],
                    arguments["Payload"],
                    lambda _, error: answer(None, error) if error else None,
                )

            return waiting
        if state.resource == "states:startExecution":
            return lambda answer: services.start_execution(
                arguments["StateMachineArn"], arguments["Name"], arguments["Input"], answer
            )
        raise NotImplementedError(f"{state.name}: {state.resource} is not known here")

    def _map(self, state: State, data: Any, variables: dict[str, Any]) -> Steps:
        items, within = evaluated(state.templates["Items"], data), state.within
        assert within is not None
        made = _MapRun(items, lambda item: self._run(within, item, variables))
        most = state.most_at_once or len(items)
        result = yield lambda process, answer: made.start(process, answer, most)
        return json.loads(json.dumps(result))


class _MapRun:
    """The items of one map, so many at a time; the first that fails ends the others."""

    def __init__(self, items: list[Any], steps: Callable[[Any], Steps]) -> None:
        self._results: list[Any] = [None] * len(items)
        self._left = len(items)
        self._waiting = iter(list(enumerate(items)))
        self._steps = steps
        self._children: list[Process] = []

    def start(self, process: Process, answer: Answer, most: int) -> None:
        self._process, self._answer = process, answer
        if not self._left:
            answer([], None)
        for _ in range(min(most, self._left)):
            self._begin()

    def _begin(self) -> None:
        following = next(self._waiting, None)
        if following is None:
            return
        number, item = following
        child = Process(self._steps(item), partial(self._ended, number))
        self._children.append(child)
        self._process.children.append(child)
        child.resume()

    def _ended(self, number: int, value: Any, error: StateError | None) -> None:
        self._left -= 1
        self._results[number] = value
        if error:
            for child in self._children:
                if child.alive:
                    child.kill()
            self._answer(None, error)
        elif self._left:
            self._begin()
        else:
            self._answer(self._results, None)


def _sleep(timeline: Timeline, seconds: float) -> Wish:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds < 0:
        raise StateError("States.Runtime", f"{seconds!r} is no number of seconds")
    return lambda _, answer: timeline.after(seconds, lambda: answer(None, None))
