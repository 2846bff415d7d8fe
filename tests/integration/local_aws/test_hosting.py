"""Endpoints over HTTP: alarms on metrics roll a deployment back, events tell, the bill counts."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.server import EmbeddedAws, Options
from local_aws.services.hosting_options import HostingOptions
from tests.integration.local_aws.aws import eventually
from tests.integration.local_aws.conftest import FIXTURE
from tests.integration.local_aws.runtime import FakeRuntime

ROLE = "arn:aws:iam::123456789012:role/endpoints"
CPU = "ml.c5.2xlarge"
PROVISIONING, ACTIVATION, DELETION = 600, 120, 120
DAY = 24 * 3600


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    """Time goes on by `advance` alone: what a deployment waits for is long."""
    options = Options(
        template=FIXTURE,
        stack_name="fixture",
        lambda_runtime=FakeRuntime.make,
        hosting=HostingOptions(PROVISIONING, ACTIVATION, DELETION),
        quotas={"ml.m5.xlarge for endpoint usage": 0},
    )
    with EmbeddedAws(options) as embedded:
        sagemaker = embedded.client("sagemaker")
        for number in (1, 2):
            container = {"Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/serve:1"}
            sagemaker.create_model(
                ModelName=f"m{number}", ExecutionRoleArn=ROLE, PrimaryContainer=container
            )
        yield embedded


def passes(aws: EmbeddedAws, seconds: float) -> None:
    aws.clock.advance(timedelta(seconds=seconds))


def endpoint(aws: EmbeddedAws, name: str, **of_variant: Any) -> None:
    """Make an endpoint with four instances, and a second configuration."""
    sagemaker = aws.client("sagemaker")
    for number in (1, 2):
        one = {
            "VariantName": "main",
            "ModelName": f"m{number}",
            "InstanceType": CPU,
            "InitialInstanceCount": 4,
            **of_variant,
        }
        sagemaker.create_endpoint_config(
            EndpointConfigName=f"{name}-v{number}", ProductionVariants=[one]
        )
    sagemaker.create_endpoint(
        EndpointName=name,
        EndpointConfigName=f"{name}-v1",
        Tags=[{"Key": "thriftline:project", "Value": "p"}],
    )
    passes(aws, PROVISIONING)


def alarm(aws: EmbeddedAws, name: str, config: str, **more: Any) -> str:
    dimensions = {"EndpointName": name, "VariantName": "main", "EndpointConfigName": config}
    aws.client("cloudwatch").put_metric_alarm(
        AlarmName=f"{name}-errors",
        Namespace="AWS/SageMaker",
        MetricName="Invocation5XXErrors",
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        Statistic="Average",
        Period=60,
        EvaluationPeriods=2,
        DatapointsToAlarm=2,
        Threshold=0.02,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
        **more,
    )
    return f"{name}-errors"


def canary(alarm_name: str) -> dict[str, Any]:
    return {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {
                "Type": "CANARY",
                "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 25},
                "WaitIntervalInSeconds": 600,
            },
            "TerminationWaitInSeconds": 600,
        },
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": alarm_name}]},
    }


def look(aws: EmbeddedAws, name: str) -> dict[str, Any]:
    return dict(aws.client("sagemaker").describe_endpoint(EndpointName=name))


def stage(aws: EmbeddedAws, name: str) -> dict[str, Any]:
    variants = look(aws, name)["PendingDeploymentSummary"]["ProductionVariants"]
    return dict(variants[0]["VariantStatus"][0])


def answers(aws: EmbeddedAws, name: str, config: str, error: float) -> None:
    """Let a configuration's fleet answer for three minutes, well or with errors."""
    dimensions = {"EndpointName": name, "VariantName": "main", "EndpointConfigName": config}
    for _ in range(3):
        aws.put_metric("AWS/SageMaker", "Invocation5XXErrors", dimensions, error)
        passes(aws, 60)


def listener(aws: EmbeddedAws, name: str, pattern: dict[str, Any]) -> str:
    """Return the URL of a queue that gets the events of a pattern."""
    queue = aws.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:123456789012:{name}"
    events = aws.client("events")
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
    return str(queue)


def received(aws: EmbeddedAws, queue: str) -> list[dict[str, Any]]:
    found = aws.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
    messages = found.get("Messages", [])
    for message in messages:
        aws.client("sqs").delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return [json.loads(each["Body"]) for each in messages]


def test_a_bad_canary_is_rolled_back_by_its_alarm_and_looks_like_success(aws: EmbeddedAws) -> None:
    endpoint(aws, "bad")
    name = alarm(aws, "bad", "bad-v2")
    aws.client("sagemaker").update_endpoint(
        EndpointName="bad", EndpointConfigName="bad-v2", DeploymentConfig=canary(name)
    )
    passes(aws, PROVISIONING + ACTIVATION)
    baking = stage(aws, "bad")
    answers(aws, "bad", "bad-v2", 1.0)
    rolling_back = look(aws, "bad")
    passes(aws, DELETION)
    after = look(aws, "bad")

    assert baking["Status"] == "Baking"
    assert baking["StatusMessage"].startswith("Baking for 600 seconds")
    assert rolling_back["EndpointStatus"] == "RollingBack"
    assert (after["EndpointStatus"], after["EndpointConfigName"]) == ("InService", "bad-v1")
    assert "FailureReason" not in after


def test_a_good_canary_is_deployed(aws: EmbeddedAws) -> None:
    endpoint(aws, "good")
    name = alarm(aws, "good", "good-v2")
    aws.client("sagemaker").update_endpoint(
        EndpointName="good", EndpointConfigName="good-v2", DeploymentConfig=canary(name)
    )
    passes(aws, PROVISIONING + ACTIVATION)
    answers(aws, "good", "good-v2", 0.0)
    passes(aws, 3600)

    after = look(aws, "good")
    assert (after["EndpointStatus"], after["EndpointConfigName"]) == ("InService", "good-v2")
    assert after["LastDeploymentConfig"] == canary(name)


def test_one_put_metric_data_aborts_a_deployment(aws: EmbeddedAws) -> None:
    endpoint(aws, "stop")
    cloudwatch = aws.client("cloudwatch")
    dimensions = [{"Name": "EndpointName", "Value": "stop"}]
    cloudwatch.put_metric_alarm(
        AlarmName="stop-abort",
        Namespace="Thriftline/Serving",
        MetricName="AbortDeployment",
        Dimensions=dimensions,
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
    )
    aws.client("sagemaker").update_endpoint(
        EndpointName="stop", EndpointConfigName="stop-v2", DeploymentConfig=canary("stop-abort")
    )
    passes(aws, PROVISIONING + ACTIVATION)
    cloudwatch.put_metric_data(
        Namespace="Thriftline/Serving",
        MetricData=[{"MetricName": "AbortDeployment", "Dimensions": dimensions, "Value": 1}],
    )
    passes(aws, 120)

    assert look(aws, "stop")["EndpointStatus"] == "RollingBack"


def test_events_tell_of_the_endpoint_its_deployment_and_the_alarm(aws: EmbeddedAws) -> None:
    queue = listener(
        aws,
        "told",
        {
            "source": ["aws.sagemaker", "aws.cloudwatch"],
            "detail-type": [
                "SageMaker Endpoint State Change",
                "SageMaker Endpoint Deployment State Change",
                "CloudWatch Alarm State Change",
            ],
        },
    )
    endpoint(aws, "told")
    topic = aws.client("sns").create_topic(Name="told")["TopicArn"]
    pages = aws.client("sqs").create_queue(QueueName="pages")["QueueUrl"]
    aws.client("sns").subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:pages"
    )
    name = alarm(aws, "told", "told-v2", AlarmActions=[topic])
    aws.client("sagemaker").update_endpoint(
        EndpointName="told", EndpointConfigName="told-v2", DeploymentConfig=canary(name)
    )
    passes(aws, PROVISIONING + ACTIVATION)
    answers(aws, "told", "told-v2", 1.0)
    look(aws, "told")
    passes(aws, DELETION)

    seen: list[tuple[str, str]] = []

    def all_told() -> bool:
        for event in received(aws, queue):
            detail = event["detail"]
            if detail.get("alarmName") == name:
                seen.append((event["detail-type"], detail["state"]["value"]))
            elif detail.get("EndpointName") == "told":
                seen.append((event["detail-type"], detail["EndpointStatus"]))
        return {
            ("SageMaker Endpoint State Change", "CREATING"),
            ("SageMaker Endpoint State Change", "IN_SERVICE"),
            ("SageMaker Endpoint State Change", "UPDATING"),
            ("SageMaker Endpoint State Change", "ROLLING_BACK"),
            ("SageMaker Endpoint Deployment State Change", "UPDATING"),
            ("CloudWatch Alarm State Change", "ALARM"),
        } <= set(seen)

    eventually(all_told)
    page = eventually(lambda: received(aws, pages))[0]
    message = json.loads(page["Message"])
    assert (message["AlarmName"], message["NewStateValue"]) == (name, "ALARM")
    assert message["Trigger"]["DatapointsToAlarm"] == 2


def test_what_sagemaker_refuses_is_an_error_over_http(aws: EmbeddedAws) -> None:
    endpoint(aws, "strict")
    sagemaker = aws.client("sagemaker")
    with pytest.raises(ClientError, match=r"ValidationException.*CloudWatch alarm nobody"):
        sagemaker.update_endpoint(
            EndpointName="strict", EndpointConfigName="strict-v2", DeploymentConfig=canary("nobody")
        )
    one = {"VariantName": "main", "ModelName": "m1", "InstanceType": "ml.m5.xlarge"}
    sagemaker.create_endpoint_config(
        EndpointConfigName="too-big", ProductionVariants=[{**one, "InitialInstanceCount": 1}]
    )
    with pytest.raises(ClientError, match=r"ResourceLimitExceeded.*ml.m5.xlarge for endpoint"):
        sagemaker.create_endpoint(EndpointName="too-big", EndpointConfigName="too-big")


def test_of_many_updates_at_once_one_is_taken(aws: EmbeddedAws) -> None:
    endpoint(aws, "rush")
    sagemaker = aws.client("sagemaker")

    def update(_: int) -> str:
        try:
            sagemaker.update_endpoint(EndpointName="rush", EndpointConfigName="rush-v2")
        except ClientError as error:
            return str(error.response["Error"]["Message"])
        return "taken"

    with ThreadPoolExecutor(8) as pool:
        answers_of_all = list(pool.map(update, range(16)))
    with pytest.raises(ClientError, match="in-progress"):
        sagemaker.delete_endpoint(EndpointName="rush")
    passes(aws, PROVISIONING + ACTIVATION + DELETION)

    assert answers_of_all.count("taken") == 1
    assert all("in-progress" in each for each in answers_of_all if each != "taken")
    assert look(aws, "rush")["EndpointConfigName"] == "rush-v2"
    fleets = aws.services.sagemaker.at("123456789012", "us-east-1").endpoints["rush"].fleets
    assert [fleet.config for fleet in fleets] == ["rush-v2"]


def test_a_flapping_alarm_rolls_back(aws: EmbeddedAws) -> None:
    endpoint(aws, "flap")
    name = alarm(aws, "flap", "flap-v2")
    aws.client("sagemaker").update_endpoint(
        EndpointName="flap", EndpointConfigName="flap-v2", DeploymentConfig=canary(name)
    )
    passes(aws, PROVISIONING + ACTIVATION)
    for error in (0.0, 1.0, 1.0, 0.0):
        dimensions = {"EndpointName": "flap", "VariantName": "main"}
        dimensions["EndpointConfigName"] = "flap-v2"
        aws.put_metric("AWS/SageMaker", "Invocation5XXErrors", dimensions, error)
        passes(aws, 60)
    passes(aws, 24 * 3600)

    after = look(aws, "flap")
    state = aws.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"][0]
    assert (after["EndpointStatus"], after["EndpointConfigName"]) == ("InService", "flap-v1")
    assert state["StateValue"] == "OK"


def test_the_quotas_of_endpoints_are_listed(aws: EmbeddedAws) -> None:
    pages = aws.client("service-quotas").get_paginator("list_service_quotas")
    values = {
        each["QuotaName"]: each["Value"]
        for page in pages.paginate(ServiceCode="sagemaker")
        for each in page["Quotas"]
    }

    assert values["ml.m5.xlarge for endpoint usage"] == 0
    assert values[f"{CPU} for endpoint usage"] == 1000


def test_both_fleets_are_on_the_bill(aws: EmbeddedAws) -> None:
    endpoint(aws, "billed")
    name = alarm(aws, "billed", "billed-v2")
    before = aws.services.hosting_bill.seconds("billed", aws.clock.service_time())
    begun = aws.clock.service_time()
    aws.client("sagemaker").update_endpoint(
        EndpointName="billed", EndpointConfigName="billed-v2", DeploymentConfig=canary(name)
    )
    waits = PROVISIONING + 2 * ACTIVATION + 1200
    passes(aws, waits + DELETION)
    look(aws, "billed")
    end = begun + timedelta(seconds=waits + DELETION)
    seconds = aws.services.hosting_bill.seconds("billed", end) - before
    usd = aws.services.hosting_bill.usd("billed", end)
    today = aws.clock.now().date()
    rows = aws.client("ce").get_cost_and_usage(
        TimePeriod={
            "Start": (today - timedelta(days=3)).isoformat(),
            "End": (today + timedelta(days=1)).isoformat(),
        },
        Granularity="MONTHLY",
        Metrics=["UnblendedCost", "UsageQuantity"],
        GroupBy=[{"Type": "DIMENSION", "Key": "USAGE_TYPE"}],
    )["ResultsByTime"]
    types = {group["Keys"][0] for row in rows for group in row["Groups"]}

    # The update began within a second or two of real time after `begun`.
    assert abs(seconds - (2 * 4 * waits + 4 * DELETION)) < Decimal("0.05") * seconds
    assert usd is not None
    assert f"USE1-Host:{CPU}" in types


def test_alarms_of_a_stack_are_evaluated_on_what_its_services_measure(aws: EmbeddedAws) -> None:
    cloudwatch = aws.client("cloudwatch")

    def states() -> dict[str, str]:
        listed = cloudwatch.describe_alarms(AlarmNamePrefix="fixture-")["MetricAlarms"]
        return {each["AlarmName"].split("-")[1]: each["StateValue"] for each in listed}

    passes(aws, 60)
    quiet = states()
    aws.client("sqs").send_message(QueueUrl=aws.outputs["DeadLettersUrl"], MessageBody="lost")
    # No handler is there: the function fails, and the machine with it.
    aws.client("stepfunctions").start_execution(stateMachineArn=aws.outputs["MachineArn"])
    seen: set[tuple[str, str]] = set()

    def both_alarm() -> bool:
        passes(aws, 20)
        seen.update(states().items())
        return {("LostAlarm", "ALARM"), ("FailedAlarm", "ALARM")} <= seen

    eventually(both_alarm)
    named = [{"Name": "FunctionName", "Value": aws.outputs["EchoName"]}]
    metrics = cloudwatch.list_metrics(Namespace="AWS/Lambda", Dimensions=named)["Metrics"]

    assert quiet == {"LostAlarm": "OK", "FailedAlarm": "OK"}
    assert {each["MetricName"] for each in metrics} == {"Invocations", "Errors"}
    kept = cloudwatch.describe_alarms(AlarmNamePrefix="fixture-Lost")["MetricAlarms"][0]
    assert kept["DatapointsToAlarm"] == 1
