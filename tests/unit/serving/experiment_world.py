"""An endpoint, its registry, its traffic and its captures, for the steps of an experiment."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import boto3
from botocore.exceptions import ClientError
from moto import mock_aws

from thriftline.core.aws.buckets import Bucket
from thriftline.core.events import Event
from thriftline.core.message import Message
from thriftline.money.prices import Price
from thriftline.serving.aws.captured import Captured
from thriftline.serving.aws.endpoints import Endpoints
from thriftline.serving.aws.endpoints_table import STATE, EndpointsTable
from thriftline.serving.aws.live_variants import LiveVariants
from thriftline.serving.aws.model_packages import ModelPackages
from thriftline.serving.domain.checks import Artifact, Image
from thriftline.serving.domain.versions import EndpointVersion
from thriftline.serving.schemas.experiment_steps import (
    EndExperimentRequest,
    EndExperimentResponse,
    OpenExperimentRequest,
    OpenExperimentResponse,
    PollExperimentResponse,
    StartExperimentResponse,
)
from thriftline.serving.steps.end_experiment import EndingSite, end_experiment
from thriftline.serving.steps.experiment_documents import ExperimentDocuments
from thriftline.serving.steps.open_experiment import OpeningSite, open_experiment
from thriftline.serving.steps.poll_experiment import PollingSite, poll_experiment
from thriftline.serving.steps.start_experiment import StartingSite, start_experiment

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
ENDPOINT = "stack-reviews"
ARN = "arn:aws:sagemaker:us-east-1:123456789012"
EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:stack-compare:e1"
AB = "compare: {kind: ab, weight_percent: 10, measure: errors, least_difference: 0.05}\n"
SHADOW = "capture: {percent: 100}\ncompare: {kind: shadow, weight_percent: 100, then: promote}\n"
ACCURACY = "capture: {percent: 100}\ncompare: {kind: ab, weight_percent: 50, measure: accuracy}\n"


def refusal(operation: str, code: str = "InternalFailure", status: int = 500) -> ClientError:
    return ClientError(
        {
            "Error": {"Code": code, "Message": f"{operation} is refused"},
            "ResponseMetadata": {
                "HTTPStatusCode": status,
                "RequestId": "r",
                "HostId": "h",
                "HTTPHeaders": {},
                "RetryAttempts": 0,
            },
        },
        operation,
    )


@dataclass
class FakeHosting:
    """SageMaker, with updates that end at once; ``fails`` are the next calls that it refuses."""

    configs: dict[str, dict[str, Any]] = field(default_factory=dict)
    packages: dict[str, dict[str, Any]] = field(default_factory=dict)
    models: list[str] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    fails: dict[str, ClientError] = field(default_factory=dict)
    status: str = "InService"
    failure_reason: str = ""
    config: str = ""
    weights: dict[str, float] = field(default_factory=dict)

    def _called(self, operation: str) -> None:
        self.calls.append(operation)
        if operation in self.fails:
            raise self.fails.pop(operation)

    def serve(self, config: str) -> None:
        """Lets the endpoint serve a config, at its weights."""
        self.config = config
        self.weights = {
            one["VariantName"]: one["InitialVariantWeight"] for one in self._variants(config)
        }

    def _variants(self, config: str) -> list[dict[str, Any]]:
        found = self.configs[config]
        return [*found["ProductionVariants"], *found.get("ShadowProductionVariants", ())]

    def describe_endpoint(self, EndpointName: str) -> dict[str, Any]:
        self._called("DescribeEndpoint")
        found = self.configs[self.config]

        def described(key: str) -> list[dict[str, Any]]:
            return [
                {
                    "VariantName": one["VariantName"],
                    "CurrentWeight": self.weights[one["VariantName"]],
                    "DesiredInstanceCount": one["InitialInstanceCount"],
                }
                for one in found.get(key, ())
            ]

        return {
            "EndpointName": EndpointName,
            "EndpointArn": f"{ARN}:endpoint/{EndpointName}",
            "EndpointStatus": self.status,
            "EndpointConfigName": self.config,
            "FailureReason": self.failure_reason,
            "ProductionVariants": described("ProductionVariants"),
            "ShadowProductionVariants": described("ShadowProductionVariants"),
        }

    def describe_endpoint_config(self, EndpointConfigName: str) -> dict[str, Any]:
        self._called("DescribeEndpointConfig")
        return self.configs[EndpointConfigName]

    def create_model(self, **request: Any) -> None:
        self._called("CreateModel")
        self.models.append(request["ModelName"])

    def create_endpoint_config(self, **request: Any) -> None:
        self._called("CreateEndpointConfig")
        self.configs[request["EndpointConfigName"]] = request

    def update_endpoint(self, **request: Any) -> None:
        self._called("UpdateEndpoint")
        assert request["RetainAllVariantProperties"]
        self.serve(request["EndpointConfigName"])

    def update_endpoint_weights_and_capacities(self, **request: Any) -> None:
        self._called("UpdateEndpointWeightsAndCapacities")
        for one in request["DesiredWeightsAndCapacities"]:
            self.weights[one["VariantName"]] = one["DesiredWeight"]

    def add_tags(self, ResourceArn: str, Tags: list[dict[str, str]]) -> None:
        self._called("AddTags")
        self.tags |= {one["Key"]: one["Value"] for one in Tags}

    def delete_tags(self, ResourceArn: str, TagKeys: list[str]) -> None:
        self._called("DeleteTags")
        for key in TagKeys:
            self.tags.pop(key, None)

    def describe_model_package(self, ModelPackageName: str) -> dict[str, Any]:
        self._called("DescribeModelPackage")
        return self.packages[ModelPackageName]

    def get_paginator(self, operation: str) -> "Pages":
        assert operation == "list_model_packages"
        approved = [
            {"ModelPackageArn": arn, "ModelPackageStatus": one["ModelPackageStatus"]}
            for arn, one in sorted(self.packages.items(), reverse=True)
            if one["ModelApprovalStatus"] == "Approved"
        ]
        return Pages([{"ModelPackageSummaryList": approved}])


@dataclass
class Pages:
    """What a paginator gives."""

    pages: list[dict[str, Any]]

    def paginate(self, **_request: Any) -> Iterator[dict[str, Any]]:
        yield from self.pages


@dataclass
class FakeMetrics:
    """CloudWatch: requests and errors of a variant's minutes."""

    minutes: dict[tuple[str, datetime], tuple[int, int]] = field(default_factory=dict)
    fails: dict[str, ClientError] = field(default_factory=dict)

    def get_paginator(self, operation: str) -> "FakeMetrics":
        assert operation == "get_metric_data"
        return self

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        if "GetMetricData" in self.fails:
            raise self.fails.pop("GetMetricData")
        for query in request["MetricDataQueries"]:
            metric = query["MetricStat"]["Metric"]
            variant = {one["Name"]: one["Value"] for one in metric["Dimensions"]}["VariantName"]
            place = 0 if metric["MetricName"] == "Invocations" else 1
            found = {
                minute: counts[place]
                for (name, minute), counts in self.minutes.items()
                if name == variant and request["StartTime"] <= minute < request["EndTime"]
            }
            yield {
                "MetricDataResults": [
                    {
                        "Id": query["Id"],
                        "Timestamps": list(found),
                        "Values": [float(one) for one in found.values()],
                    }
                ]
            }


@dataclass
class FakeMessages:
    """SNS and EventBridge."""

    sent: list[tuple[str, str]] = field(default_factory=list)
    events: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    fails: dict[str, Exception] = field(default_factory=dict)

    def send(self, message: Message) -> None:
        if "Publish" in self.fails:
            raise self.fails.pop("Publish")
        self.sent.append((message.title, message.text))

    def put(self, event: Event) -> None:
        source, detail_type = event.SOURCE, event.detail_type
        detail = event.model_dump_json()
        if "PutEvents" in self.fails:
            raise self.fails.pop("PutEvents")
        self.events.append((source, detail_type, json.loads(detail)))


class FakeExecutions:
    """Step Functions: which executions run."""

    def __init__(self) -> None:
        self.running = {EXECUTION}

    def is_running(self, arn: str) -> bool:
        return arn in self.running


class FakePlaces:
    """S3 and ECR, where artifacts and images lie."""

    def __init__(self) -> None:
        self.artifact = Artifact("s3://b/2/model.tar.gz", True)
        self.image_found: bool | None = True

    def look(self, uri: str) -> Any:
        return self.artifact if uri.startswith("s3://") else Image(uri, self.image_found)


class FakePrices:
    """The hosting rate."""

    rate: Decimal | None = Decimal("0.115")

    def hosting_rate(self, _type: str, region: str) -> Price | None:
        if self.rate is None:
            return None
        return Price(self.rate, "hour", region, "Hosting", "list", date(2026, 11, 1))


class World:
    """Everything that the steps of an experiment see."""

    def __init__(self, s3: Any, dynamodb: Any) -> None:
        self.hosting, self.metrics, self.messages = FakeHosting(), FakeMetrics(), FakeMessages()
        self.executions, self.places, self.prices = FakeExecutions(), FakePlaces(), FakePrices()
        self.table = EndpointsTable(dynamodb, "endpoints")
        self.data, self.artifacts = Bucket(s3, "data"), Bucket(s3, "artifacts")
        self.captured = Captured(s3, "artifacts")
        self.documents = ExperimentDocuments(self.artifacts, self.table)
        hosting: Any = self.hosting
        metrics: Any = self.metrics
        self.endpoints = Endpoints(hosting)
        self.variants = LiveVariants(hosting, metrics)
        self.packages = ModelPackages(hosting, "stack")
        self._build()

    def _build(self) -> None:
        self.hosting.configs["one"] = {
            "EndpointConfigName": "one",
            "ProductionVariants": [
                {
                    "VariantName": "main",
                    "ModelName": "reviews-v1-0",
                    "InstanceType": "ml.m5.large",
                    "InitialInstanceCount": 2,
                    "InitialVariantWeight": 1.0,
                }
            ],
        }
        self.hosting.serve("one")
        for number, approval in ((1, "Approved"), (2, "Approved"), (3, "PendingManualApproval")):
            self.hosting.packages[self.package(number)] = {
                "ModelPackageArn": self.package(number),
                "ModelPackageGroupName": "stack-reviews",
                "ModelPackageVersion": number,
                "ModelPackageStatus": "Completed",
                "ModelApprovalStatus": approval,
                "MetadataProperties": {"GeneratedBy": "thriftline", "ProjectId": "reviews"},
                "InferenceSpecification": {
                    "Containers": [
                        {"Image": "image@sha256:1", "ModelDataUrl": f"s3://b/{number}/model.tar.gz"}
                    ]
                },
            }
        self.table.add_version(
            ENDPOINT,
            EndpointVersion(
                number=1,
                config="one",
                model_name="reviews-v1-0",
                model_package_arn=self.package(1),
                registry_version=1,
                image="image@sha256:1",
                artifact_uri="s3://b/1/model.tar.gz",
                who="somebody",
                when=NOW,
                why="first",
                deployment_id="d-1",
            ),
        )
        self.table.update(ENDPOINT, STATE, project="reviews", kind="real-time", in_use=1)

    @staticmethod
    def package(number: int) -> str:
        return f"{ARN}:model-package/stack-reviews/{number}"

    def say(self, serve_yaml: str) -> None:
        self.data.write("datasets/reviews/serve.yaml", serve_yaml.encode(), "text/yaml")

    def open(self, execution: str = EXECUTION, **request: Any) -> OpenExperimentResponse:
        asked = {
            "project": "reviews",
            "model_package_arn": self.package(2),
            "requested_by": "ada",
            "why": "is it better?",
            "token": "t1",
            **request,
        }
        executions: Any = self.executions
        site = OpeningSite(
            "stack",
            self.data,
            self.table,
            self.documents,
            self.packages,
            self.variants,
            executions,
        )
        return open_experiment(
            OpenExperimentRequest(request=asked, execution_arn=execution, begun=NOW, now=NOW), site
        )

    def start(self, own: str, now: datetime = NOW) -> StartExperimentResponse:
        places: Any = self.places
        prices: Any = self.prices
        site = StartingSite(
            documents=self.documents,
            endpoints=self.endpoints,
            variants=self.variants,
            objects=places,
            images=places,
            prices=prices,
            region="us-east-1",
            stack="stack",
            artifacts_bucket="artifacts",
            role_arn="arn:aws:iam::123456789012:role/serving",
        )
        return start_experiment(ENDPOINT, own, site, now=now)

    def begin(self, serve_yaml: str, **request: Any) -> str:
        """Opens and starts an experiment; returns its id."""
        self.say(serve_yaml)
        own = self.open(**request).experiment_id
        assert own
        self.start(own)
        return own

    def poll(self, own: str, now: datetime) -> PollExperimentResponse:
        site = PollingSite(self.documents, self.endpoints, self.variants, self.captured)
        return poll_experiment(ENDPOINT, own, site, now=now)

    def end(
        self, own: str | None, now: datetime, failure: Mapping[str, str] | None = None
    ) -> EndExperimentResponse:
        messages: Any = self.messages
        site = EndingSite(
            self.documents, self.table, self.endpoints, self.variants, messages, messages
        )
        request = {
            "endpoint": ENDPOINT if own else None,
            "experiment_id": own,
            "now": now,
            "failure": failure,
        }
        return end_experiment(EndExperimentRequest.model_validate(request), site)

    def end_whole(self, own: str, now: datetime) -> EndExperimentResponse:
        """Ends as the machine does, look by look."""
        for number in range(10):
            found = self.end(own, now + timedelta(seconds=20 * number))
            if found.step == "done":
                return found
        raise AssertionError("it does not end")

    def minute(self, number: int, champion: tuple[int, int], challenger: tuple[int, int]) -> None:
        """Lets requests and errors come in a minute after the start."""
        begun = NOW + timedelta(minutes=number)
        self.metrics.minutes["main", begun] = champion
        self.metrics.minutes["challenger", begun] = challenger

    def capture(self, variant: str, hour: datetime, answers: Mapping[str, str], text: str) -> None:
        """Captures answers by inference id."""
        lines = [_line(request, label, text) for request, label in answers.items()]
        key = f"capture/{ENDPOINT}/{variant}/{hour:%Y/%m/%d/%H}/{len(lines)}.jsonl"
        self.artifacts.write(key, "\n".join(lines).encode(), "application/jsonlines")

    def label(self, hour: datetime, labels: Mapping[str, str], name: str = "a") -> None:
        """Sends labels by inference id."""
        lines = [
            json.dumps(
                {
                    "groundTruthData": {"data": label, "encoding": "CSV"},
                    "eventMetadata": {"eventId": "e", "inferenceId": request},
                    "eventVersion": "0",
                }
            )
            for request, label in labels.items()
        ]
        key = f"serving/{ENDPOINT}/labels/{hour:%Y/%m/%d/%H}/{name}.jsonl"
        self.artifacts.write(key, "\n".join(lines).encode(), "application/jsonlines")


def _line(request: str, label: str, text: str) -> str:
    def body(data: Any) -> dict[str, Any]:
        return {
            "observedContentType": "application/json",
            "mode": "INPUT",
            "data": json.dumps(data),
            "encoding": "JSON",
        }

    return json.dumps(
        {
            "captureData": {
                "endpointInput": body({"inputs": [text]}),
                "endpointOutput": body([{"label": label, "score": 0.9, "truncated": False}]),
            },
            "eventMetadata": {
                "eventId": f"event-{request}",
                "inferenceId": request,
                "inferenceTime": "2026-11-30T12:00:00Z",
            },
            "eventVersion": "0",
        }
    )


@contextmanager
def made_world() -> Iterator[World]:
    """Gives a world on moto's S3 and DynamoDB."""
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        for name in ("data", "artifacts"):
            s3.create_bucket(Bucket=name)
        dynamodb = boto3.client("dynamodb", region_name="us-east-1")
        dynamodb.create_table(
            TableName="endpoints",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": "endpoint", "AttributeType": "S"},
                {"AttributeName": "item", "AttributeType": "S"},
            ],
            KeySchema=[
                {"AttributeName": "endpoint", "KeyType": "HASH"},
                {"AttributeName": "item", "KeyType": "RANGE"},
            ],
        )
        yield World(s3, dynamodb)
