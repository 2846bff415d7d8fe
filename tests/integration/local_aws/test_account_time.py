"""The time of a loaded account, the count of calls, and calls that are made to fail."""

import json
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ConnectionClosedError

from local_aws.http.faults import CUT, AwsFault
from local_aws.server import EmbeddedAws
from tests.integration.local_aws.aws import Aws, eventually
from tests.integration.local_aws.runtime import FakeRuntime
from tests.integration.local_aws.sample_account import NOW, REGION, close_to


def test_everything_happens_at_the_time_of_the_file(account: EmbeddedAws) -> None:
    aws = Aws(account, FakeRuntime(print))
    s3, bucket = account.client("s3"), account.outputs["UploadsName"]

    told = aws.run(
        """
        Tell:
          Type: Pass
          Output:
            started: "{% $states.context.Execution.StartTime %}"
            entered: "{% $states.context.State.EnteredTime %}"
            now: "{% $now() %}"
            millis: "{% $millis() %}"
          End: true
        """
    )
    put = s3.put_object(Bucket=bucket, Key="a", Body=b"b")
    execution = aws.start("{A: {Type: Pass, End: true}}")
    described = aws.ended(execution)
    event = aws.history(execution)[0]

    times = [datetime.fromisoformat(told[name]) for name in ("started", "entered", "now")]
    times.append(datetime.fromtimestamp(told["millis"] / 1000, UTC))
    times += [described["startDate"], described["stopDate"], event["timestamp"]]
    times.append(s3.head_object(Bucket=bucket, Key="a")["LastModified"])
    date = put["ResponseMetadata"]["HTTPHeaders"]["date"]
    times.append(datetime.strptime(date, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC))
    assert [each for each in times if not close_to(each, NOW)] == []


def test_events_and_log_lines_carry_the_time_of_the_file(account: EmbeddedAws) -> None:
    aws = Aws(account, FakeRuntime(print))
    events, inbox = account.client("events"), account.outputs["InboxUrl"]
    queue = account.client("sqs").get_queue_attributes(QueueUrl=inbox, AttributeNames=["QueueArn"])[
        "Attributes"
    ]["QueueArn"]
    events.put_rule(Name="states", EventPattern=json.dumps({"source": ["aws.states"]}))
    events.put_targets(Rule="states", Targets=[{"Id": "inbox", "Arn": queue}])

    aws.run("{A: {Type: Pass, End: true}}")

    message = eventually(lambda: aws.messages(inbox))[0]
    assert close_to(datetime.fromisoformat(json.loads(message["Body"])["time"]), NOW)


def test_calls_are_counted_by_service_and_operation(account: EmbeddedAws) -> None:
    before = account.calls["sagemaker", "ListEndpoints"]
    account.client("sagemaker").list_endpoints()
    account.client("sagemaker").list_endpoints()

    assert account.calls["sagemaker", "ListEndpoints"] == before + 2


def patient(account: EmbeddedAws, seconds: float) -> Any:
    return boto3.client(
        "sagemaker",
        region_name=REGION,
        endpoint_url=account.endpoint,
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(read_timeout=seconds, retries={"total_max_attempts": 1}),
    )


def test_a_connection_can_be_cut_and_an_answer_held_back(account: EmbeddedAws) -> None:
    cut = AwsFault("sagemaker", "ListModels", "", status=CUT)
    late = AwsFault("sagemaker", "ListModels", "InternalFailure", status=500, delay_seconds=2)

    account.faults.add(cut)
    with pytest.raises(ConnectionClosedError):
        patient(account, 30).list_models()
    account.faults.add(late)
    with pytest.raises(BotoCoreError, match="Read timeout"):
        patient(account, 0.3).list_models()
    assert patient(account, 30).list_models()["Models"] != []
