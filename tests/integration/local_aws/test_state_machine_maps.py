"""Maps, parallel branches, distributed maps and what they hand on."""

from typing import Any

from tests.integration.local_aws.aws import Aws
from tests.integration.local_aws.machine_handlers import CapacityError, Handle, raising


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
