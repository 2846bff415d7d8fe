"""Deployments step by step, as the machine calls them, over moto and a hosting in memory."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

import boto3

from tests.unit.serving.fake_hosting import NOW, FakeHosting, refusal
from thriftline.core.aws.buckets import Bucket
from thriftline.core.aws.event_bus import EventBus
from thriftline.core.aws.executions import Executions
from thriftline.core.aws.target_clients import TargetClients
from thriftline.core.aws.topic import Topic
from thriftline.core.errors import Retry, ThriftlineError
from thriftline.money.price_catalogue import price_catalogue
from thriftline.serving.aws.deployment_alarms import DeploymentAlarms
from thriftline.serving.aws.endpoint_scaling import EndpointScaling
from thriftline.serving.aws.endpoints import Endpoints
from thriftline.serving.aws.endpoints_table import BY_ITEM, EndpointsTable
from thriftline.serving.aws.hosting_quotas import HostingQuotas
from thriftline.serving.aws.image_registry import ImageRegistry
from thriftline.serving.aws.model_artifacts import ModelArtifacts
from thriftline.serving.aws.model_packages import ModelPackages
from thriftline.serving.aws.probes import Probes
from thriftline.serving.schemas.deployment import Deployment
from thriftline.serving.schemas.steps.ending import (
    CaughtFailure,
    RecordDeploymentRequest,
    RecordDeploymentResponse,
)
from thriftline.serving.schemas.steps.opening import OpenDeploymentRequest, OpenDeploymentResponse
from thriftline.serving.schemas.steps.update import PollDeploymentResponse
from thriftline.serving.steps.check_deployment import check_deployment
from thriftline.serving.steps.checking_site import CheckingSite
from thriftline.serving.steps.deployment_documents import DeploymentDocuments
from thriftline.serving.steps.held_scaling import ScalingHold
from thriftline.serving.steps.open_deployment import OpeningSite, open_deployment
from thriftline.serving.steps.poll_deployment import PollingSite, poll_deployment
from thriftline.serving.steps.prepare_deployment import PreparingSite, prepare_deployment
from thriftline.serving.steps.record_deployment import RecordingSite, record_deployment
from thriftline.serving.steps.start_deployment import StartingSite, start_deployment

REGION, ACCOUNT = "us-east-1", "123456789012"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/thriftline-training:0.1.0"
DIGEST = f"sha256:{'a' * 64}"
ENDPOINT = "thriftline-reviews"
DATA, ARTIFACTS = "thriftline-data", "thriftline-artifacts"
_MOST_LOOKS = 60


class FakeImages:
    """ECR: one repository with one image, or none."""

    def __init__(self) -> None:
        self.there = True
        self.size = 3 * 1024**3

    def describe_images(self, **_: Any) -> dict[str, Any]:
        if not self.there:
            raise refusal("ImageNotFoundException", "The image does not exist.")
        return {"imageDetails": [{"imageDigest": DIGEST, "imageSizeInBytes": self.size}]}


class FakeQuotaLists:
    """Service Quotas: what an account may have, by name."""

    def __init__(self) -> None:
        self.limits: dict[str, int] = {}

    def get_paginator(self, _: str) -> "FakeQuotaLists":
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        rows = [{"QuotaName": name, "Value": value} for name, value in self.limits.items()]
        return [{"Quotas": rows}]


class FakeRuntime:
    """The callers' API; each request of it is one of the new fleet's where ``counts`` says so."""

    def __init__(self, counted: Callable[[], None]) -> None:
        self.bodies: list[bytes] = []
        self.refuses = False
        self._counted = counted

    def invoke_endpoint(self, **request: Any) -> dict[str, Any]:
        self.bodies.append(request["Body"])
        if self.refuses:
            raise refusal("ModelError", "Received client error (400) from primary.", status=424)
        self._counted()
        return {}

    invoke_endpoint_async = invoke_endpoint


class FakeExecutions:
    """Step Functions: which executions still run."""

    def __init__(self) -> None:
        self.ended: set[str] = set()

    def describe_execution(self, executionArn: str) -> dict[str, Any]:
        return {"status": "FAILED" if executionArn in self.ended else "RUNNING"}


class FakeBus:
    """EventBridge: what was put."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []

    def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        for one in Entries:
            self.events.append((one["DetailType"], json.loads(one["Detail"])))
        return {"FailedEntryCount": 0, "Entries": [{}]}


class FakeTopic:
    """SNS: what people read."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, str]] = []

    def publish(self, **request: Any) -> None:
        self.messages.append((request["Subject"], request["Message"]))


@dataclass
class Run:
    """One execution of the machine that has ended."""

    arn: str
    opened: OpenDeploymentResponse | None = None
    recorded: RecordDeploymentResponse | None = None
    polls: list[PollDeploymentResponse] = field(default_factory=list)
    states: list[str] = field(default_factory=list)


class DeploymentWorld:
    """A stack whose hosting is in memory; make it inside ``mock_aws``."""

    def __init__(self) -> None:
        self.now = NOW
        self.hosting = FakeHosting()
        self.images, self.quotas = FakeImages(), FakeQuotaLists()
        self.executions, self.bus_client, self.topic = FakeExecutions(), FakeBus(), FakeTopic()
        self.runtime = FakeRuntime(lambda: self.see_requests(1))
        self.measured: list[str] = []
        self.s3 = boto3.client("s3", region_name=REGION)
        self.cloudwatch = boto3.client("cloudwatch", region_name=REGION)
        self.autoscaling = boto3.client("application-autoscaling", region_name=REGION)
        for name in (DATA, ARTIFACTS):
            self.s3.create_bucket(Bucket=name)
        self.table = EndpointsTable(endpoints_client(), "endpoints")
        self.artifacts = Bucket(self.s3, ARTIFACTS)
        self.documents = DeploymentDocuments(self.artifacts, self.table)
        self._numbers = iter(range(1, 1000))

    # ---- what there is

    def serve_yaml(self, text: str, project: str = "reviews") -> None:
        self.s3.put_object(Bucket=DATA, Key=f"datasets/{project}/serve.yaml", Body=text.encode())

    def register(self, number: int, approval: str = "Approved", **more: Any) -> str:
        """Registers a version with its artifact and returns its ARN."""
        group = "thriftline-reviews"
        arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/{group}/{number}"
        key = f"training/run-{number}/job/output/model.tar.gz"
        self.s3.put_object(Bucket=ARTIFACTS, Key=key, Body=f"model {number}".encode())
        self.hosting.packages[arn] = {
            "ModelPackageArn": arn,
            "ModelPackageGroupName": group,
            "ModelPackageVersion": number,
            "ModelPackageStatus": "Completed",
            "ModelApprovalStatus": approval,
            "MetadataProperties": {"GeneratedBy": "thriftline", "ProjectId": "reviews"},
            "CustomerMetadataProperties": {"trainer": "sagemaker", "run_id": f"run-{number}"},
            "InferenceSpecification": {
                "Containers": [{"Image": IMAGE, "ModelDataUrl": f"s3://{ARTIFACTS}/{key}"}]
            },
            **more,
        }
        return arn

    def see_requests(self, count: int) -> None:
        """Lets the fleet of the newest config see requests."""
        endpoint = self.hosting.endpoints[ENDPOINT]
        config = endpoint.get("_to", endpoint["EndpointConfigName"])
        self.put_metric("Invocations", count, config)

    def put_metric(self, name: str, value: float, config: str) -> None:
        self.cloudwatch.put_metric_data(
            Namespace="AWS/SageMaker",
            MetricData=[
                {
                    "MetricName": name,
                    "Dimensions": [
                        {"Name": "EndpointName", "Value": ENDPOINT},
                        {"Name": "VariantName", "Value": "main"},
                        {"Name": "EndpointConfigName", "Value": config},
                    ],
                    "Timestamp": self.now,
                    "Value": value,
                }
            ],
        )

    # ---- the machine

    def deploy(self, **more: Any) -> Run:
        """Asks for a deployment of the project's newest version, and runs it to its end."""
        return self.run({"action": "deploy", "project": "reviews", **more})

    def rollback(self, **more: Any) -> Run:
        return self.run({"action": "rollback", "project": "reviews", **more})

    def run(self, request: dict[str, Any], arn: str | None = None) -> Run:
        number = next(self._numbers)
        arn = arn or f"arn:aws:states:{REGION}:{ACCOUNT}:execution:machine:execution-{number}"
        whole = {"requested_by": "ada", "why": "test", "token": f"token-{number}", **request}
        run = Run(arn)
        try:
            self._steps(run, whole)
        except ThriftlineError as error:
            failure = CaughtFailure(
                state=run.states[-1], error=type(error).__name__, message=str(error)
            )
            self.record(run, whole, failure)
        return run

    def _steps(self, run: Run, request: dict[str, Any]) -> None:
        run.states.append("Open deployment")
        run.opened = _tried(lambda: self.open(run.arn, request))
        if run.opened.decision != "open":
            return
        self.go_on(run)
        self.record(run, request, None)

    def go_on(self, run: Run) -> None:
        """Runs the steps from Check deployment until something is to be recorded."""
        if self.check_prepare_and_start(run):
            return
        for _ in range(_MOST_LOOKS):
            poll = self.poll(run)
            if poll.step == "record":
                return
            if poll.step == "start":
                self.start(run)
        raise AssertionError(f"it never ends: {run.polls[-3:]}")

    def check_prepare_and_start(self, run: Run) -> bool:
        """Returns whether the wanted version serves already, so that nothing was started."""
        run.states.append("Check deployment")
        if _tried(lambda: check_deployment(run.arn, self.checking)).serves_already:
            return True
        run.states.append("Prepare model")
        _tried(lambda: prepare_deployment(run.arn, self.preparing, now=self.now))
        self.start(run)
        return False

    def start(self, run: Run) -> None:
        run.states.append("Start update")
        _tried(lambda: start_deployment(run.arn, self.starting, now=self.now))

    def poll(self, run: Run) -> PollDeploymentResponse:
        run.states.append("Poll deployment")
        poll = _tried(lambda: poll_deployment(run.arn, self.polling, now=self.now))
        run.polls.append(poll)
        self.now += timedelta(seconds=poll.wait_seconds)
        return poll

    def open(
        self, arn: str, request: dict[str, Any], waited_for: str | None = None
    ) -> OpenDeploymentResponse:
        asked = OpenDeploymentRequest(request=request, execution_arn=arn, waited_for=waited_for)
        return open_deployment(asked, self.opening, now=self.now)

    def record(
        self,
        run: Run,
        request: dict[str, Any] | None = None,
        failure: CaughtFailure | None = None,
        *,
        last: bool = False,
    ) -> None:
        run.states.append("Record deployment")
        asked = RecordDeploymentRequest(
            execution_arn=run.arn, request=request, failure=failure, last=last
        )
        run.recorded = _tried(lambda: record_deployment(asked, self.recording, now=self.now))

    def document(self, run: Run) -> Deployment:
        return self.documents.required(run.arn)

    def alarms(self) -> list[str]:
        found = self.cloudwatch.describe_alarms()["MetricAlarms"]
        return sorted(one["AlarmName"] for one in found)

    def shift(self, step: timedelta) -> datetime:
        self.now += step
        return self.now

    # ---- sites

    @property
    def _endpoints(self) -> Endpoints:
        return Endpoints(self.hosting)  # type: ignore[arg-type]

    @property
    def _alarms(self) -> DeploymentAlarms:
        return DeploymentAlarms(self.cloudwatch)

    @property
    def opening(self) -> OpeningSite:
        return OpeningSite(
            stack="thriftline",
            data=Bucket(self.s3, DATA),
            table=self.table,
            documents=self.documents,
            packages=ModelPackages(self.hosting, "thriftline"),  # type: ignore[arg-type]
            alarms=self._alarms,
            executions=Executions(self.executions),  # type: ignore[arg-type]
        )

    @property
    def checking(self) -> CheckingSite:
        return CheckingSite(
            documents=self.documents,
            table=self.table,
            endpoints=self._endpoints,
            objects=ModelArtifacts(self.s3),
            images=ImageRegistry(self.images),
            alarms=self._alarms,
            quotas=HostingQuotas(self.quotas),  # type: ignore[arg-type]
            scaling=EndpointScaling(self.autoscaling, self.cloudwatch),
            prices=price_catalogue(),
            region=REGION,
            artifacts_bucket=ARTIFACTS,
            role_arn=f"arn:aws:iam::{ACCOUNT}:role/serving",
            topic_arn=f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts",
        )

    @property
    def preparing(self) -> PreparingSite:
        return PreparingSite(
            documents=self.documents,
            endpoints=self._endpoints,
            objects=ModelArtifacts(self.s3),
            alarms=self._alarms,
            artifacts=self.artifacts,
            stack="thriftline",
        )

    @property
    def starting(self) -> StartingSite:
        bus = EventBus(self.bus_client, "default")  # type: ignore[arg-type]
        return StartingSite(self.preparing, bus, self.hold)

    @property
    def hold(self) -> ScalingHold:
        return ScalingHold(self.documents, TargetClients(REGION), self.artifacts)

    @property
    def polling(self) -> PollingSite:
        return PollingSite(
            documents=self.documents,
            endpoints=self._endpoints,
            objects=ModelArtifacts(self.s3),
            alarms=self._alarms,
            probes=Probes(self.runtime),
            artifacts=self.artifacts,
        )

    @property
    def recording(self) -> RecordingSite:
        return RecordingSite(
            polling=self.polling,
            table=self.table,
            alerts=Topic(self.topic, "arn:topic"),  # type: ignore[arg-type]
            bus=EventBus(self.bus_client, "default"),  # type: ignore[arg-type]
            measure=lambda name, _: self.measured.append(name),
            hold=self.hold,
        )


Answer = TypeVar("Answer")


def _tried(step: Callable[[], Answer]) -> Answer:
    """Calls a step again where the machine would."""
    for _ in range(3):
        try:
            return step()
        except ThriftlineError as error:
            if error.retry is not Retry.BACKOFF:
                raise
    return step()


def endpoints_client() -> Any:
    """Returns a client of DynamoDB whose table ``endpoints`` is as the template has it."""
    client = boto3.client("dynamodb", region_name=REGION)
    keys = [("endpoint", "HASH"), ("item", "RANGE")]
    turned = [("item", "HASH"), ("endpoint", "RANGE")]
    client.create_table(
        TableName="endpoints",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"} for name in ("endpoint", "item")
        ],
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
        GlobalSecondaryIndexes=[
            {
                "IndexName": BY_ITEM,
                "KeySchema": [{"AttributeName": name, "KeyType": kind} for name, kind in turned],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    return client
