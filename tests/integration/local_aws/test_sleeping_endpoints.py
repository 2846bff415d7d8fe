"""An endpoint sleeps and wakes by its schedule: saved, deleted, and made again as it was."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from local_aws.server import EmbeddedAws, Options
from local_aws.services.hosting_options import HostingOptions
from tests.integration.local_aws.conftest import FIXTURE
from tests.integration.local_aws.runtime import FakeRuntime
from thriftline.core.aws.buckets import Bucket
from thriftline.core.aws.event_bus import EventBus
from thriftline.core.aws.target_clients import TargetClients
from thriftline.core.aws.topic import Topic
from thriftline.core.tags import SCHEDULE_TAG, SERVED_SINCE_TAG
from thriftline.core.waking_hours import WakingHours
from thriftline.serving.aws.endpoints_table import STATE, EndpointsTable
from thriftline.serving.domain.schedules import WAKING_TAG, Schedule
from thriftline.serving.domain.versions import EndpointState
from thriftline.serving.schemas.schedules import ActOnScheduleRequest, ActOnScheduleResponse
from thriftline.serving.steps.act_on_schedule import ScheduleSite, act_on_schedule
from thriftline.serving.steps.schedule_items import write_schedule

HOURS = WakingHours.of("UTC", "0 7 * * ? *", "0 19 * * ? *")
NOW = datetime(2026, 11, 30, 19, tzinfo=UTC)
ROLE = "arn:aws:iam::123456789012:role/endpoints"


class _Clients(TargetClients):
    def __init__(self, aws: EmbeddedAws) -> None:
        super().__init__(aws.region)
        self._aws = aws

    def client(self, service: str, config: Any = None) -> Any:
        return self._aws.client(service)


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    options = Options(
        template=FIXTURE,
        stack_name="fixture",
        lambda_runtime=FakeRuntime.make,
        hosting=HostingOptions(60, 2, 4),
    )
    with EmbeddedAws(options) as embedded:
        embedded.client("s3").create_bucket(Bucket="artifacts")
        embedded.client("dynamodb").create_table(
            TableName="endpoints",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": "S"} for name in ("endpoint", "item")
            ],
            KeySchema=[
                {"AttributeName": "endpoint", "KeyType": "HASH"},
                {"AttributeName": "item", "KeyType": "RANGE"},
            ],
        )
        yield embedded


@pytest.fixture
def site(aws: EmbeddedAws) -> ScheduleSite:
    topic = aws.client("sns").create_topic(Name="alerts")["TopicArn"]
    return ScheduleSite(
        account="123456789012",
        region=aws.region,
        table=EndpointsTable(aws.client("dynamodb"), "endpoints"),
        clients=_Clients(aws),
        artifacts=Bucket(aws.client("s3"), "artifacts"),
        alerts=Topic(aws.client("sns"), topic),
        bus=EventBus(aws.client("events"), "default"),
        now=NOW,
        sleep=lambda _: None,
    )


def _act(site: ScheduleSite, name: str, action: str) -> ActOnScheduleResponse:
    return act_on_schedule(ActOnScheduleRequest(endpoint=name, action=cast("Any", action)), site)


def _endpoint(aws: EmbeddedAws, site: ScheduleSite, name: str) -> None:
    sagemaker = aws.client("sagemaker")
    sagemaker.create_model(
        ModelName=f"{name}-m",
        ExecutionRoleArn=ROLE,
        PrimaryContainer={"Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/serve:1"},
    )
    sagemaker.create_endpoint_config(
        EndpointConfigName=f"{name}-v1",
        ProductionVariants=[
            {
                "VariantName": "main",
                "ModelName": f"{name}-m",
                "InstanceType": "ml.c5.2xlarge",
                "InitialInstanceCount": 1,
            }
        ],
    )
    tags = {"thriftline:stack": "s", SCHEDULE_TAG: HOURS.tag}
    sagemaker.create_endpoint(
        EndpointName=name,
        EndpointConfigName=f"{name}-v1",
        Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
    )
    aws.clock.advance(timedelta(seconds=65))
    aws.client("application-autoscaling").register_scalable_target(
        ServiceNamespace="sagemaker",
        ResourceId=f"endpoint/{name}/variant/main",
        ScalableDimension="sagemaker:variant:DesiredInstanceCount",
        MinCapacity=1,
        MaxCapacity=3,
    )
    site.table.update(name, STATE, project="p", kind="real-time")
    write_schedule(site.table, name, Schedule(HOURS, "me", NOW.isoformat()))


def test_it_sleeps_and_comes_back_with_its_tags_and_its_scaling(
    aws: EmbeddedAws, site: ScheduleSite
) -> None:
    _endpoint(aws, site, "nightly")
    assert _act(site, "nightly", "sleep").outcome == "asleep"
    aws.clock.advance(timedelta(seconds=10))
    assert aws.client("sagemaker").list_endpoints()["Endpoints"] == []
    assert _act(site, "nightly", "sleep").outcome == "nothing"
    state = site.table.state("nightly")
    assert state is not None
    assert state.asleep

    assert _act(site, "nightly", "wake").outcome == "waiting"
    aws.clock.advance(timedelta(seconds=65))
    assert _act(site, "nightly", "wake").outcome == "awake"
    found = aws.client("sagemaker").describe_endpoint(EndpointName="nightly")
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", "nightly-v1")
    listed = aws.client("sagemaker").list_tags(ResourceArn=found["EndpointArn"])["Tags"]
    tags = {tag["Key"]: tag["Value"] for tag in listed}
    assert tags[SCHEDULE_TAG] == HOURS.tag
    assert SERVED_SINCE_TAG in tags
    assert WAKING_TAG not in tags
    (target,) = aws.client("application-autoscaling").describe_scalable_targets(
        ServiceNamespace="sagemaker"
    )["ScalableTargets"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 3)
    assert _act(site, "nightly", "wake").outcome == "nothing"


def test_a_deployment_goes_first_and_a_tag_taken_away_is_respected(
    aws: EmbeddedAws, site: ScheduleSite
) -> None:
    _endpoint(aws, site, "busy")
    held = EndpointState("busy", "p", "real-time", None, "d-1", NOW + timedelta(hours=1))
    assert site.table.lock(held, NOW)
    assert _act(site, "busy", "sleep").outcome == "waiting"
    site.table.unlock("busy", "d-1")
    found = aws.client("sagemaker").describe_endpoint(EndpointName="busy")
    aws.client("sagemaker").delete_tags(ResourceArn=found["EndpointArn"], TagKeys=[SCHEDULE_TAG])
    assert _act(site, "busy", "sleep").outcome == "refused"
    found = aws.client("sagemaker").describe_endpoint(EndpointName="busy")
    assert found["EndpointStatus"] == "InService"
