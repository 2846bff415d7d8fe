import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.integration.local_aws.aws import Aws, eventually

Handle = Callable[[str, Callable[[Any], Any]], None]


@pytest.fixture
def rule(aws: Aws) -> Iterator[Callable[..., str]]:
    """Makes a rule with one target; it is gone after the test."""
    made: list[str] = []
    events = aws.client("events")

    def make(pattern: dict[str, Any], target: dict[str, Any]) -> str:
        name = f"rule-{uuid4()}"
        events.put_rule(Name=name, EventPattern=json.dumps(pattern))
        events.put_targets(Rule=name, Targets=[{"Id": "one", **target}])
        made.append(name)
        return name

    yield make
    for name in made:
        events.remove_targets(Rule=name, Ids=["one"])
        events.delete_rule(Name=name)


def put(aws: Aws, source: str, detail: Any) -> None:
    aws.client("events").put_events(
        Entries=[{"Source": source, "DetailType": "Thing Done", "Detail": json.dumps(detail)}]
    )


def bodies(aws: Aws) -> list[Any]:
    messages = eventually(lambda: aws.messages(aws.outputs["InboxUrl"]))
    return [json.loads(message["Body"]) for message in messages]


def test_an_upload_starts_the_machine_with_the_event_that_s3_sends(
    aws: Aws, handle: Handle
) -> None:
    seen: list[Any] = []
    handle("handlers.echo", seen.append)
    bucket = aws.outputs["UploadsName"]

    answer = aws.client("s3").put_object(
        Bucket=bucket, Key="datasets/reviews/a b.csv", Body=b"text,label\n"
    )

    event = eventually(lambda: seen)[0]
    assert event["source"] == "aws.s3"
    assert event["detail-type"] == "Object Created"
    assert event["resources"] == [f"arn:aws:s3:::{bucket}"]
    detail = event["detail"]
    assert detail["bucket"] == {"name": bucket}
    assert detail["reason"] == "PutObject"
    assert detail["object"].pop("sequencer")
    assert detail["object"] == {
        "key": "datasets/reviews/a b.csv",
        "size": 11,
        "etag": answer["ETag"].strip('"'),
        "version-id": answer["VersionId"],
    }
    machine = aws.outputs["MachineArn"]
    executions = aws.client("stepfunctions").list_executions(stateMachineArn=machine)
    assert executions["executions"][0]["name"].startswith(f"{event['id']}_")


def test_each_way_to_write_an_object_is_one_event_with_its_own_reason(
    aws: Aws, rule: Callable[..., str]
) -> None:
    s3, bucket = aws.client("s3"), aws.outputs["UploadsName"]
    rule({"source": ["aws.s3"]}, {"Arn": aws.outputs["InboxArn"]})

    s3.put_object(Bucket=bucket, Key="x/put", Body=b"1", Tagging="a=b")
    s3.copy_object(Bucket=bucket, Key="x/copy", CopySource={"Bucket": bucket, "Key": "x/put"})
    upload = s3.create_multipart_upload(Bucket=bucket, Key="x/parts")["UploadId"]
    named = {"Bucket": bucket, "Key": "x/parts", "UploadId": upload}
    part = s3.upload_part(**named, PartNumber=1, Body=b"123")
    s3.complete_multipart_upload(
        **named, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    )
    s3.delete_object(Bucket=bucket, Key="x/put")
    s3.put_object_tagging(
        Bucket=bucket, Key="x/copy", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]}
    )

    seen: list[Any] = []
    while len(seen) < 5:
        seen += bodies(aws)
    told = sorted(
        (each["detail-type"], each["detail"].get("reason"), each["detail"]["object"]["key"])
        for each in seen
    )
    assert told == [
        ("Object Created", "CompleteMultipartUpload", "x/parts"),
        ("Object Created", "CopyObject", "x/copy"),
        ("Object Created", "PutObject", "x/put"),
        ("Object Deleted", "DeleteObject", "x/put"),
        ("Object Tags Added", None, "x/copy"),
    ]
    deleted = next(each for each in seen if each["detail-type"] == "Object Deleted")
    assert deleted["detail"]["deletion-type"] == "Delete Marker Created"


def test_an_upload_that_the_pattern_misses_starts_nothing(aws: Aws, handle: Handle) -> None:
    seen: list[Any] = []
    handle("handlers.echo", seen.append)
    s3, bucket = aws.client("s3"), aws.outputs["UploadsName"]

    s3.put_object(Bucket=bucket, Key="datasets/reviews/readme.txt", Body=b"")
    s3.put_object(Bucket=bucket, Key="datasets/reviews/last.csv", Body=b"")

    eventually(lambda: seen)
    keys = [event["detail"]["object"]["key"] for event in seen]
    assert keys == ["datasets/reviews/last.csv"]


def test_an_event_reaches_a_function_that_may_fail_and_is_tried_again(
    aws: Aws, handle: Handle, rule: Callable[..., str]
) -> None:
    seen: list[Any] = []

    def handler(event: Any) -> None:
        seen.append(event)
        if len(seen) == 1:
            raise RuntimeError("first")

    handle("handlers.echo", handler)
    name = aws.outputs["EchoName"]
    arn = f"arn:aws:lambda:us-east-1:123456789012:function:{name}"
    rule({"source": ["my.app"]}, {"Arn": arn, "Input": '{"constant": true}'})

    put(aws, "my.app", {})

    assert eventually(lambda: len(seen) == 2 and seen) == [{"constant": True}] * 2


def test_a_transformer_shapes_what_the_target_gets(aws: Aws, rule: Callable[..., str]) -> None:
    rule(
        {"source": ["my.app"], "detail": {"n": [{"numeric": [">", 1]}]}},
        {
            "Arn": aws.outputs["InboxArn"],
            "InputTransformer": {
                "InputPathsMap": {
                    "n": "$.detail.n",
                    "name": "$.detail.name",
                    "type": "$.detail-type",
                },
                "InputTemplate": '{"n": <n>, "name": <name>, "text": "<type>: <name>", "no": 1}',
            },
        },
    )

    put(aws, "my.app", {"n": 1, "name": "too small"})
    put(aws, "my.app", {"n": 2, "name": 'a "b"'})

    assert bodies(aws) == [{"n": 2, "name": 'a "b"', "text": 'Thing Done: a "b"', "no": 1}]


def test_a_target_that_is_gone_sends_the_event_to_the_dead_letter_queue(
    aws: Aws, rule: Callable[..., str]
) -> None:
    rule(
        {"source": ["my.app"]},
        {
            "Arn": "arn:aws:states:us-east-1:123456789012:stateMachine:gone",
            "DeadLetterConfig": {"Arn": aws.outputs["DeadLettersArn"]},
        },
    )

    put(aws, "my.app", {"lost": True})

    message = eventually(lambda: aws.messages(aws.outputs["DeadLettersUrl"]))[0]
    assert json.loads(message["Body"])["detail"] == {"lost": True}
    attributes = message["MessageAttributes"]
    assert attributes["ERROR_CODE"]["StringValue"] == "StateMachineDoesNotExist"
    assert attributes["TARGET_ARN"]["StringValue"].endswith(":gone")


def test_a_disabled_rule_delivers_nothing(aws: Aws, rule: Callable[..., str]) -> None:
    off = rule({"source": ["my.app"]}, {"Arn": aws.outputs["InboxArn"], "Input": '"off"'})
    aws.client("events").disable_rule(Name=off)
    rule({"source": ["my.app"]}, {"Arn": aws.outputs["InboxArn"], "Input": '"on"'})

    put(aws, "my.app", {})

    assert bodies(aws) == ["on"]


def test_a_message_to_the_topic_can_be_read_through_a_queue(aws: Aws) -> None:
    sns = aws.client("sns")
    arn = sns.subscribe(
        TopicArn=aws.outputs["AlertsArn"], Protocol="sqs", Endpoint=aws.outputs["InboxArn"]
    )["SubscriptionArn"]

    sns.publish(TopicArn=aws.outputs["AlertsArn"], Subject="Run failed", Message="why")

    assert bodies(aws)[0]["Subject"] == "Run failed"
    sns.unsubscribe(SubscriptionArn=arn)
