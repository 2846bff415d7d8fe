"""Small machines whose ends are known, for the interpreter here and for the embedded AWS alike."""

from dataclasses import dataclass, field
from typing import Any


class CapacityError(Exception):
    """An answer."""


class ThrottledError(Exception):
    """Worth another try."""


@dataclass(frozen=True)
class Case:
    """States in YAML, what they are given, what their function answers in turn, and the end."""

    name: str
    states: str
    given: Any
    answers: tuple[Any, ...] = ()
    output: Any = None
    error: str = ""
    entered: tuple[str, ...] = field(default=())


CASES = (
    Case(
        "a task answers, and Assign and Output see the variables as they were",
        """
        Note:
          Type: Pass
          Assign: {n: 1}
          Next: Double
        Double:
          Type: Task
          Resource: arn:aws:states:::lambda:invoke
          TimeoutSeconds: 60
          Arguments: {FunctionName: ECHO, Payload: {n: "{% $states.input.n %}"}}
          Assign: {n: "{% $states.result.Payload.doubled %}"}
          Output: {before: "{% $n %}", answer: "{% $states.result.Payload.doubled %}"}
          Next: Tell
        Tell:
          Type: Succeed
          Output: {after: "{% $n %}", said: "{% $states.input %}"}
        """,
        {"n": 21},
        ({"doubled": 42},),
        {"after": 42, "said": {"before": 1, "answer": 42}},
        entered=("Note", "Double", "Tell"),
    ),
    Case(
        "an error is tried again by its name, and its list of retries is its own",
        """
        Work:
          Type: Task
          Resource: arn:aws:states:::lambda:invoke
          TimeoutSeconds: 60
          Arguments: {FunctionName: ECHO, Payload: {}}
          Retry:
            - {ErrorEquals: [ThrottledError], MaxAttempts: 2, IntervalSeconds: 1}
            - {ErrorEquals: [CapacityError], MaxAttempts: 0}
            - {ErrorEquals: [States.ALL], MaxAttempts: 3, IntervalSeconds: 1}
          Catch:
            - ErrorEquals: [States.ALL]
              Assign: {failure: {name: "{% $states.errorOutput.Error %}", state: Work}}
              Next: Tell
          Next: Done
        Done: {Type: Succeed}
        Tell:
          Type: Succeed
          Output: {failure: "{% $failure %}"}
        """,
        {},
        (ThrottledError("slow"), ThrottledError("slow"), CapacityError("none")),
        {"failure": {"name": "CapacityError", "state": "Work"}},
        entered=("Work", "Tell"),
    ),
    Case(
        "a choice takes the first rule that holds, and null is null",
        """
        Note:
          Type: Pass
          Assign: {nothing: null, list: [1, 2]}
          Next: Which
        Which:
          Type: Choice
          Choices:
            - {Condition: "{% $nothing != null %}", Next: Wrong}
            - {Condition: "{% $count($list) = 2 and $nothing = null %}", Next: Right}
            - {Condition: "{% true %}", Next: Wrong}
          Default: Wrong
        Right:
          Type: Succeed
          Output: {right: true}
        Wrong:
          Type: Succeed
          Output: {right: false}
        """,
        {},
        output={"right": True},
        entered=("Note", "Which", "Right"),
    ),
    Case(
        "a map gives its outputs in order, and its items see the variables around it",
        """
        Note:
          Type: Pass
          Assign: {base: 10}
          Next: Each
        Each:
          Type: Map
          Items: "{% [0..2] %}"
          MaxConcurrency: 2
          ItemProcessor:
            ProcessorConfig: {Mode: INLINE}
            StartAt: Add
            States:
              Add:
                Type: Pass
                Output: "{% $base + $states.input %}"
                End: true
          Next: Done
        Done: {Type: Succeed}
        """,
        {},
        output=[10, 11, 12],
    ),
    Case(
        "an item that fails fails its map, which may catch it",
        """
        Each:
          Type: Map
          Items: "{% [0..1] %}"
          MaxConcurrency: 1
          ItemProcessor:
            ProcessorConfig: {Mode: INLINE}
            StartAt: Work
            States:
              Work:
                Type: Task
                Resource: arn:aws:states:::lambda:invoke
                TimeoutSeconds: 60
                Arguments: {FunctionName: ECHO, Payload: {}}
                Output: "{% $states.result.Payload %}"
                End: true
          Catch:
            - ErrorEquals: [CapacityError]
              Assign: {name: "{% $states.errorOutput.Error %}"}
              Next: Tell
          Next: Done
        Done: {Type: Succeed}
        Tell:
          Type: Succeed
          Output: {name: "{% $name %}"}
        """,
        {},
        ("well", CapacityError("none")),
        {"name": "CapacityError"},
    ),
    Case(
        "an expression that gives nothing is an error",
        """
        Note:
          Type: Pass
          Assign: {gone: "{% $states.input.gone %}"}
          Next: Done
        Done: {Type: Succeed}
        """,
        {},
        error="States.QueryEvaluationError",
    ),
    Case(
        "a fail state says its error in expressions",
        """
        Over:
          Type: Fail
          Error: "{% $replace('States.Timeout', 'States.', 'State') %}"
          Cause: "{% 'because of ' & $states.input.why %}"
        """,
        {"why": "rain"},
        error="StateTimeout",
    ),
)
