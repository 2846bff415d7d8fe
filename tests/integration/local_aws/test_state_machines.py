import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.local_aws.aws import Aws

Handle = Callable[[str, Callable[[Any], Any]], None]

ECHO = """
  Resource: arn:aws:states:::lambda:invoke
  Arguments: {FunctionName: ECHO, Payload: "{% $states.input %}"}
"""


class CapacityError(Exception):
    pass


class ThrottledError(Exception):
    pass


def raising(*errors: Exception, then: Any = None) -> Callable[[Any], Any]:
    """A handler that raises each error once, and then answers."""
    left = list(errors)

    def handler(_event: Any) -> Any:
        if left:
            raise left.pop(0)
        return then

    return handler


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


def test_a_map_runs_each_item_and_gives_the_outputs_in_order(aws: Aws, handle: Handle) -> None:
    handle("handlers.echo", lambda event: {"index": event["index"], "run": event["run_id"]})

    output = aws.run(
        """
        Begin: {Type: Pass, Assign: {ranges: 5, run_id: r}, Next: Each}
        Each:
          Type: Map
          Items: "{% [0..$ranges-1] %}"
          ItemSelector: {index: "{% $states.context.Map.Item.Value %}"}
          MaxConcurrency: 3
          ItemProcessor:
            ProcessorConfig: {Mode: INLINE}
            StartAt: One
            States:
              One:
                Type: Task
                Resource: arn:aws:states:::lambda:invoke
                Arguments:
                  FunctionName: ECHO
                  Payload: {run_id: "{% $run_id %}", index: "{% $states.input.index %}"}
                Output: "{% $states.result.Payload.index %}"
                End: true
          Output: {indexes: "{% $states.result %}"}
          End: true
        """
    )

    assert output == {"indexes": [0, 1, 2, 3, 4]}


def test_a_map_of_one_item_and_of_none_still_gives_lists(aws: Aws) -> None:
    states = """
        Each:
          Type: Map
          Items: "{% $states.input.items %}"
          ItemProcessor:
            StartAt: One
            States: {One: {Type: Pass, Output: "{% $states.input * 2 %}", End: true}}
          End: true
        """

    assert aws.run(states, {"items": [4]}) == [8]
    assert aws.run(states, {"items": []}) == []


def test_a_failing_item_fails_the_map_with_its_own_error(aws: Aws, handle: Handle) -> None:
    handle("handlers.echo", raising(CapacityError("third"), then=1))

    output = aws.run(
        """
        Each:
          Type: Map
          Items: [1, 2]
          ItemProcessor:
            StartAt: One
            States:
              One:
                Type: Task
                Resource: arn:aws:states:::lambda:invoke
                Arguments: {FunctionName: ECHO}
                End: true
          Catch: [{ErrorEquals: [CapacityError], Next: Caught}]
          End: true
        Caught: {Type: Succeed, Output: "{% $states.input.Error %}"}
        """
    )

    assert output == "CapacityError"


def test_a_parallel_gives_its_branches_outputs_and_its_error_can_be_caught(aws: Aws) -> None:
    states = """
        Both:
          Type: Parallel
          Branches:
            - {StartAt: A, States: {A: {Type: Pass, Output: 1, End: true}}}
            - {StartAt: B, States: {B: LAST}}
          Catch: [{ErrorEquals: [Broken], Next: Caught}]
          End: true
        Caught: {Type: Succeed, Output: caught}
        """

    assert aws.run(states.replace("LAST", "{Type: Pass, Output: 2, End: true}")) == [1, 2]
    assert aws.run(states.replace("LAST", "{Type: Fail, Error: Broken, Cause: b}")) == "caught"


def test_a_fail_state_names_the_error_with_expressions(aws: Aws) -> None:
    failed = aws.fail(
        """
        Begin: {Type: Pass, Assign: {why: 'the "why"'}, Next: Stop}
        Stop: {Type: Fail, Error: "{% 'DatasetRejectedError' %}", Cause: "{% $why & '!' %}"}
        """
    )

    assert (failed["error"], failed["cause"]) == ("DatasetRejectedError", 'the "why"!')


def test_the_functions_that_step_functions_adds_to_jsonata_work(aws: Aws) -> None:
    output = aws.run(
        """
        Only:
          Type: Pass
          Output:
            sha: "{% $hash('a', 'SHA-256') %}"
            uuid: "{% $length($uuid()) %}"
            parsed: "{% $parse('{\\"a\\": [1, null]}') %}"
            range: "{% $range(0, 10, 5) %}"
            parts: "{% $partition([1, 2, 3], 2) %}"
            same: "{% $random(7) = $random(7) %}"
            whole: "{% 10 / 2 %}"
          End: true
        """
    )

    assert output == {
        "sha": "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb",
        "uuid": 36,
        "parsed": {"a": [1, None]},
        "range": [0, 5, 10],
        "parts": [[1, 2], [3]],
        "same": True,
        "whole": 5,
    }


def test_a_jsonpath_machine_still_runs_and_reads_variables(aws: Aws) -> None:
    output = aws.run(
        """
        First: {Type: Pass, Assign: {"name.$": "$.who"}, Next: Second}
        Second: {Type: Pass, Parameters: {"hello.$": "$name"}, End: true}
        """,
        {"who": 'A "quoted" name'},
        QueryLanguage="JSONPath",
    )

    assert output == {"hello": 'A "quoted" name'}


def test_a_distributed_map_reads_its_items_from_s3_and_loses_only_what_fails(
    aws: Aws, handle: Handle
) -> None:
    def half(event: Any) -> Any:
        if event["item"] % 2:
            raise CapacityError("odd")
        return {"id": event["id"], "half": event["item"] // 2}

    handle("handlers.echo", half)
    bucket = aws.outputs["UploadsName"]
    aws.client("s3").put_object(Bucket=bucket, Key="items.json", Body=b"[0, 1, 2, 3]")

    output = aws.run(
        """
        Note:
          Type: Pass
          Assign: {id: "one", bucket: "{% $states.input.bucket %}"}
          Next: Halve
        Halve:
          Type: Map
          Label: Halves
          MaxConcurrency: 2
          ToleratedFailurePercentage: 100
          ItemReader:
            Resource: arn:aws:states:::s3:getObject
            ReaderConfig: {InputType: JSON}
            Arguments: {Bucket: "{% $bucket %}", Key: items.json}
          ItemSelector:
            id: "{% $id %}"
            item: "{% $states.context.Map.Item.Value %}"
          ItemProcessor:
            ProcessorConfig: {Mode: DISTRIBUTED, ExecutionType: STANDARD}
            StartAt: Half
            States:
              Half:
                Type: Task
                Resource: arn:aws:states:::lambda:invoke
                Arguments: {FunctionName: ECHO, Payload: "{% $states.input %}"}
                Output: "{% $states.result.Payload %}"
                Catch:
                  - ErrorEquals: [States.ALL]
                    Next: Odd
                End: true
              Odd:
                Type: Pass
                Output: {odd: true}
                End: true
          End: true
        """,
        {"bucket": bucket},
    )

    assert output == [
        {"id": "one", "half": 0},
        {"odd": True},
        {"id": "one", "half": 1},
        {"odd": True},
    ]


def test_a_child_of_a_distributed_map_has_variables_of_its_own(aws: Aws) -> None:
    bucket = aws.outputs["UploadsName"]
    aws.client("s3").put_object(Bucket=bucket, Key="one.json", Body=b"[7]")
    machine = """
        Note:
          Type: Pass
          Assign: {name: outer, bucket: "{% $states.input.bucket %}"}
          Next: Each
        Each:
          Type: Map
          ItemReader:
            Resource: arn:aws:states:::s3:getObject
            ReaderConfig: {InputType: JSON}
            Arguments: {Bucket: "{% $bucket %}", Key: one.json}
          ItemProcessor:
            ProcessorConfig: {Mode: DISTRIBUTED, ExecutionType: STANDARD}
            StartAt: Look
            States:
              Look:
                Type: Pass
                Assign: {name: inner}
                Output: "{% $exists($name) ? $name : 'nothing' %}"
                Next: Tell
              Tell:
                Type: Pass
                Output: ["{% $states.input %}", "{% $name %}"]
                End: true
          Output: ["{% $states.result %}", "{% $name %}"]
          End: true
        """
    assert aws.run(machine, {"bucket": bucket}) == [[["nothing", "inner"]], "outer"]
