import threading
from typing import Any

import pytest

from tests.integration.local_aws.aws import Aws
from tests.integration.local_aws.machine_handlers import (
    CapacityError,
    Handle,
    ThrottledError,
    raising,
)


def test_a_task_hands_its_payload_to_the_function_and_its_answer_on(
    aws: Aws, handle: Handle
) -> None:
    handle("handlers.echo", lambda event: {"doubled": event["n"] * 2})

    output = aws.run(
        """
        Double:
          Type: Task
          Resource: arn:aws:states:::lambda:invoke
          Arguments: {FunctionName: ECHO, Payload: {n: "{% $states.input.n %}"}}
          Output: {n: "{% $states.result.Payload.doubled %}", was: "{% $states.input.n %}"}
          End: true
        """,
        {"n": 21},
    )

    assert output == {"n": 42, "was": 21}


def test_an_error_is_retried_by_its_class_name_and_the_retries_are_counted(
    aws: Aws, handle: Handle
) -> None:
    handle("handlers.echo", raising(ThrottledError(), ThrottledError(), then="done"))
    states = """
        Work:
          Type: Task
          Resource: arn:aws:states:::lambda:invoke
          Arguments: {FunctionName: ECHO}
          Retry: [{ErrorEquals: [ThrottledError], MaxAttempts: 2, IntervalSeconds: 2}]
          Output: {answer: "{% $states.result.Payload %}",
                   tries: "{% $states.context.State.RetryCount %}"}
          End: true
        """

    assert aws.run(states) == {"answer": "done", "tries": 2}


def test_an_error_with_no_attempts_is_not_retried_by_a_later_retrier(
    aws: Aws, handle: Handle
) -> None:
    handle("handlers.echo", raising(CapacityError("none left"), then="done"))

    failed = aws.fail(
        """
        Work:
          Type: Task
          Resource: arn:aws:states:::lambda:invoke
          Arguments: {FunctionName: ECHO}
          Retry:
            - {ErrorEquals: [CapacityError], MaxAttempts: 0}
            - {ErrorEquals: [States.ALL], MaxAttempts: 3}
          End: true
        """
    )

    assert failed["error"] == "CapacityError"
    assert "none left" in failed["cause"]


def test_the_attempts_of_a_state_begin_anew_each_time_it_is_entered(
    aws: Aws, handle: Handle
) -> None:
    handle("handlers.echo", raising(ThrottledError(), then="ok"))
    calls = iter([ThrottledError(), None, ThrottledError(), None])

    def handler(_event: Any) -> str:
        if (error := next(calls)) is not None:
            raise error
        return "ok"

    handle("handlers.echo", handler)

    output = aws.run(
        """
        Begin: {Type: Pass, Assign: {round: 1}, Next: Poll}
        Poll:
          Type: Task
          Resource: arn:aws:states:::lambda:invoke
          Arguments: {FunctionName: ECHO}
          Retry: [{ErrorEquals: [ThrottledError], MaxAttempts: 1}]
          Assign: {round: "{% $round + 1 %}"}
          Next: Done?
        Done?:
          Type: Choice
          Choices: [{Condition: "{% $round < 3 %}", Next: Poll}]
          Default: Done
        Done: {Type: Succeed, Output: "{% $round %}"}
        """
    )

    assert output == 3


def test_a_caught_error_reaches_the_next_state_with_its_name_and_message(
    aws: Aws, handle: Handle
) -> None:
    handle("handlers.echo", raising(CapacityError('no "spot" capacity')))

    output = aws.run(
        """
        Work:
          Type: Task
          Resource: arn:aws:states:::lambda:invoke
          Arguments: {FunctionName: ECHO}
          Catch:
            - ErrorEquals: [CapacityError]
              Assign:
                failure:
                  state: Work
                  error: "{% $states.errorOutput.Error %}"
                  message: "{% $parse($states.errorOutput.Cause).errorMessage %}"
              Output: {caught: true}
              Next: Tell
          End: true
        Tell:
          Type: Pass
          Output: {failure: "{% $failure %}", input: "{% $states.input %}"}
          End: true
        """
    )

    assert output == {
        "failure": {"state": "Work", "error": "CapacityError", "message": 'no "spot" capacity'},
        "input": {"caught": True},
    }


def test_a_catcher_for_all_takes_over_when_the_retries_are_used_up(
    aws: Aws, handle: Handle
) -> None:
    handle("handlers.echo", raising(*[ThrottledError()] * 3))

    output = aws.run(
        """
        Work:
          Type: Task
          Resource: arn:aws:states:::lambda:invoke
          Arguments: {FunctionName: ECHO}
          Retry: [{ErrorEquals: [ThrottledError], MaxAttempts: 2, JitterStrategy: FULL}]
          Catch: [{ErrorEquals: [States.ALL], Next: End}]
          End: true
        End: {Type: Succeed, Output: "{% $states.input.Error %}"}
        """
    )

    assert output == "ThrottledError"


def test_a_task_that_takes_longer_than_its_time_out_fails_as_a_time_out(
    aws: Aws, handle: Handle
) -> None:
    release = threading.Event()
    handle("handlers.echo", lambda _event: release.wait(20))

    output = aws.run(
        """
        Work:
          Type: Task
          TimeoutSeconds: 1
          Resource: arn:aws:states:::lambda:invoke
          Arguments: {FunctionName: ECHO}
          Catch: [{ErrorEquals: [States.Timeout], Next: Late}]
          End: true
        Late: {Type: Succeed, Output: "{% $states.input.Error %}"}
        """
    )
    release.set()

    assert output == "States.Timeout"


def test_a_machine_that_takes_longer_than_its_time_out_is_timed_out(
    aws: Aws, handle: Handle
) -> None:
    execution = aws.start(
        "Sleep: {Type: Wait, Seconds: 6000, Next: End}\nEnd: {Type: Succeed}", TimeoutSeconds=1
    )

    description = aws.ended(execution)

    assert description["status"] == "TIMED_OUT"
    assert description["stopDate"] >= description["startDate"]


def test_assign_and_output_both_see_the_variables_as_they_were(aws: Aws) -> None:
    output = aws.run(
        """
        First: {Type: Pass, Assign: {n: 1, text: "a \\"quoted\\" \\\\ text"}, Next: Second}
        Second:
          Type: Pass
          Assign: {n: "{% $n + 1 %}", before: "{% $n %}"}
          Output: {n: "{% $n %}"}
          Next: Third
        Third:
          Type: Succeed
          Output: {n: "{% $n %}", before: "{% $before %}", text: "{% $text %}",
                   input: "{% $states.input %}"}
        """
    )

    assert output == {"n": 2, "before": 1, "text": 'a "quoted" \\ text', "input": {"n": 1}}


def test_a_null_variable_is_null_and_a_missing_one_is_an_error(aws: Aws) -> None:
    assert aws.run(
        """
            First: {Type: Pass, Assign: {arn: null}, Next: Second}
            Second: {Type: Succeed, Output: {arn: "{% $arn %}"}}
            """
    ) == {"arn": None}

    failed = aws.fail("Only: {Type: Pass, Output: '{% $nowhere %}', End: true}")

    assert failed["error"] == "States.QueryEvaluationError"
    assert "$nowhere" in failed["cause"]


@pytest.mark.parametrize("field", ["Arguments", "Output", "Assign"])
def test_a_failing_expression_of_a_task_can_be_caught(aws: Aws, handle: Handle, field: str) -> None:
    handle("handlers.echo", lambda _event: {})
    wrong = {"Arguments": "$gone", "Output": "$gone", "Assign": "$gone"}
    fields = {
        "Arguments": '{FunctionName: ECHO, Payload: "{% $fine %}"}',
        "Output": "{}",
        "Assign": "{}",
    }
    fields[field] = fields[field].replace("$fine", "$gone")
    if field != "Arguments":
        fields[field] = f'{{x: "{{% {wrong[field]} %}}"}}'

    output = aws.run(
        f"""
        Begin: {{Type: Pass, Assign: {{fine: 1}}, Next: Work}}
        Work:
          Type: Task
          Resource: arn:aws:states:::lambda:invoke
          Arguments: {fields["Arguments"]}
          Output: {fields["Output"]}
          Assign: {fields["Assign"]}
          Catch: [{{ErrorEquals: [States.QueryEvaluationError], Next: Caught}}]
          End: true
        Caught: {{Type: Succeed, Output: "{{% $states.input.Error %}}"}}
        """
    )

    assert output == "States.QueryEvaluationError"


def test_a_choice_takes_the_first_true_rule_with_its_assignments(aws: Aws) -> None:
    states = """
        Which:
          Type: Choice
          Choices:
            - Condition: "{% $states.input.n > 10 %}"
              Assign: {size: large}
              Output: {from: rule}
              Next: Tell
            - Condition: "{% $states.input.n > 5 and $exists($states.input.n) %}"
              Assign: {size: middling}
              Next: Tell
          Default: Small
        Small: {Type: Pass, Assign: {size: small}, Next: Tell}
        Tell: {Type: Succeed, Output: {size: "{% $size %}", input: "{% $states.input %}"}}
        """

    assert aws.run(states, {"n": 11}) == {"size": "large", "input": {"from": "rule"}}
    assert aws.run(states, {"n": 6}) == {"size": "middling", "input": {"n": 6}}
    assert aws.run(states, {"n": 1}) == {"size": "small", "input": {"n": 1}}


def test_a_choice_without_a_match_fails_by_name(aws: Aws) -> None:
    failed = aws.fail(
        """
        Which: {Type: Choice, Choices: [{Condition: "{% false %}", Next: End}]}
        End: {Type: Succeed}
        """
    )

    assert failed["error"] == "States.NoChoiceMatched"


def test_a_wait_is_divided_by_the_time_scale_and_may_be_an_expression(aws: Aws) -> None:
    execution = aws.start(
        """
        Begin: {Type: Pass, Assign: {seconds: 600}, Next: Sleep}
        Sleep: {Type: Wait, Seconds: "{% $seconds %}", Assign: {slept: true}, Next: End}
        End: {Type: Succeed, Output: "{% $slept %}"}
        """
    )

    description = aws.ended(execution)

    assert description["output"] == "true"
    took = (description["stopDate"] - description["startDate"]).total_seconds()
    assert took > 0.9
