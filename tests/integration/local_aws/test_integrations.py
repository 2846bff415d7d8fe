import json
from typing import Any

from tests.integration.local_aws.aws import ROLE, Aws


def test_a_machine_can_start_another_and_wait_for_it(aws: Aws) -> None:
    child = aws.client("stepfunctions").create_state_machine(
        name="child",
        definition=json.dumps(
            {
                "QueryLanguage": "JSONata",
                "StartAt": "A",
                "States": {"A": {"Type": "Succeed", "Output": "{% $states.input.n + 1 %}"}},
            }
        ),
        roleArn=ROLE,
    )["stateMachineArn"]

    output = aws.run(
        f"""
        Run:
          Type: Task
          Resource: arn:aws:states:::states:startExecution.sync:2
          Arguments: {{StateMachineArn: "{child}", Input: {{n: 1}}}}
          Output:
            status: "{{% $states.result.Status %}}"
            output: "{{% $states.result.Output %}}"
          End: true
        """
    )

    assert output == {"status": "SUCCEEDED", "output": 2}


def test_a_table_is_written_and_its_condition_is_an_error_by_name(aws: Aws) -> None:
    states = f"""
        Put:
          Type: Task
          Resource: arn:aws:states:::dynamodb:putItem
          Arguments:
            TableName: {aws.outputs["TableName"]}
            Item: {{id: {{S: once}}}}
            ConditionExpression: attribute_not_exists(id)
          Catch: [{{ErrorEquals: [DynamoDB.ConditionalCheckFailedException], Next: Again}}]
          Output: first
          End: true
        Again: {{Type: Succeed, Output: again}}
        """

    assert aws.run(states) == "first"
    assert aws.run(states) == "again"


def test_an_aws_sdk_call_takes_pascal_case_and_gives_dates_as_text(aws: Aws) -> None:
    bucket = aws.outputs["UploadsName"]
    output = aws.run(
        f"""
        Put:
          Type: Task
          Resource: arn:aws:states:::aws-sdk:s3:putObject
          Arguments: {{Bucket: {bucket}, Key: sdk.json, Body: {{a: 1}}}}
          Next: Get
        Get:
          Type: Task
          Resource: arn:aws:states:::aws-sdk:s3:getObject
          Arguments: {{Bucket: {bucket}, Key: sdk.json}}
          Assign: {{body: "{{% $parse($states.result.Body) %}}"}}
          Next: Describe
        Describe:
          Type: Task
          Resource: arn:aws:states:::aws-sdk:sfn:describeStateMachine
          Arguments: {{StateMachineArn: "{aws.outputs["MachineArn"]}"}}
          Output: {{body: "{{% $body %}}", made: "{{% $states.result.CreationDate %}}",
                   name: "{{% $states.result.Name %}}"}}
          End: true
        """
    )

    assert output["body"] == {"a": 1}
    assert output["name"] == "fixture-machine"
    assert output["made"].endswith("Z")


def test_an_aws_sdk_call_that_is_not_done_fails_its_task(aws: Aws) -> None:
    failed = aws.fail(
        """
        List:
          Type: Task
          Resource: arn:aws:states:::aws-sdk:sagemaker:listPipelines
          Arguments: {}
          End: true
        """
    )

    assert "does not do sagemaker:ListPipelines" in failed["cause"]


def test_messages_and_events_are_sent(aws: Aws) -> None:
    inbox = aws.outputs["InboxUrl"]
    aws.run(
        f"""
        Send:
          Type: Task
          Resource: arn:aws:states:::sqs:sendMessage
          Arguments: {{QueueUrl: "{inbox}", MessageBody: {{sent: true}}}}
          Next: Tell
        Tell:
          Type: Task
          Resource: arn:aws:states:::sns:publish
          Arguments: {{TopicArn: "{aws.outputs["AlertsArn"]}", Message: told}}
          Next: Put
        Put:
          Type: Task
          Resource: arn:aws:states:::events:putEvents
          Arguments: {{Entries: [{{Source: my.app, DetailType: Done, Detail: {{a: 1}}}}]}}
          End: true
        """
    )

    assert [json.loads(each["Body"]) for each in aws.messages(inbox)] == [{"sent": True}]


def test_a_task_token_is_answered_from_outside(aws: Aws) -> None:
    inbox = aws.outputs["InboxUrl"]
    execution = aws.start(
        f"""
        Ask:
          Type: Task
          Resource: arn:aws:states:::sqs:sendMessage.waitForTaskToken
          Arguments:
            QueueUrl: "{inbox}"
            MessageBody: {{token: "{{% $states.context.Task.Token %}}"}}
          Output: "{{% $states.result.approved %}}"
          End: true
        """
    )
    message: list[dict[str, Any]] = []
    while not message:
        message = aws.messages(inbox)

    aws.client("stepfunctions").send_task_success(
        taskToken=json.loads(message[0]["Body"])["token"], output='{"approved": true}'
    )

    assert aws.ended(execution)["output"] == "true"
