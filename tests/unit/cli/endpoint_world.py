"""A stack as ``thriftline endpoints`` sees it, held in memory: each service is a small fake."""

import io
import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from boto3.dynamodb.types import TypeSerializer
from botocore.exceptions import ClientError

from tests.unit.cli.streams import Lines
from thriftline_cli.commands.endpoints import run
from thriftline_cli.context import Context
from thriftline_cli.options import parsed

NOW = datetime(2026, 11, 30, 3, 0, tzinfo=UTC)
GROUP = "arn:aws:sagemaker:us-east-1:123456789012:model-package/thriftline-shop"
CALLER = "arn:aws:iam::123456789012:user/ann"
EXECUTIONS = "arn:aws:states:us-east-1:123456789012:execution:deploy"


FINE = {"would_deploy": True, "endpoint": "thriftline-shop", "version": 2, "rollout_usd": "1.06"}


def missing(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "x")


@dataclass
class World:
    """All services in one; ``client`` gives each command the same object."""

    items: list[dict[str, Any]] = field(default_factory=list)
    objects: dict[str, bytes] = field(default_factory=dict)
    versions: list[dict[str, Any]] = field(default_factory=list)
    statuses: dict[str, str] = field(default_factory=dict)
    executions: list[dict[str, Any]] = field(default_factory=list)
    looks: list[dict[str, Any]] = field(default_factory=list)
    metrics: list[dict[str, Any]] = field(default_factory=list)
    preview: dict[str, Any] = field(default_factory=lambda: dict(FINE))
    previewed: list[dict[str, Any]] = field(default_factory=list)
    says_yes: bool = True
    said: list[str] = field(default_factory=list)
    wrote: list[str] = field(default_factory=list)

    def command(self, line: str) -> int:
        out = io.StringIO()
        context = Context(
            parsed([*(["--yes"] if self.says_yes else []), "endpoints", *shlex.split(line)]),
            stdout=out,
            stderr=Lines(self.said),
            environ={},
            sleep=lambda _: None,
            now=lambda: NOW,
            token=lambda: "t",
            make_client=lambda _: self,
        )
        try:
            return run(context.args, context)
        finally:
            if out.getvalue():
                self.wrote.append(out.getvalue())

    @property
    def answer(self) -> Any:
        return json.loads(self.wrote[-1])

    # CloudFormation, STS
    def describe_stacks(self, **_: Any) -> dict[str, Any]:
        outputs = {
            "DeployModelStateMachineArn": "arn:deploy",
            "CompareModelsStateMachineArn": "arn:compare",
            "PreviewDeploymentFunctionName": "preview",
            "ChangeScheduleFunctionName": "change-schedule",
            "ActOnScheduleStateMachineArn": "arn:act",
            "EndpointsTableName": "endpoints",
            "ArtifactsBucketName": "artifacts",
        }
        listed = [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()]
        return {"Stacks": [{"Outputs": listed}]}

    def get_caller_identity(self) -> dict[str, Any]:
        return {"Arn": CALLER}

    # DynamoDB and the registry
    def get_paginator(self, operation: str) -> "Pages":
        return Pages(self, operation)

    def describe_model_package(self, **asked: Any) -> dict[str, Any]:
        return next(
            one for one in self.versions if one["ModelPackageArn"] == asked["ModelPackageName"]
        )

    # SageMaker, S3, CloudWatch
    def describe_endpoint(self, **asked: Any) -> dict[str, Any]:
        if asked["EndpointName"] not in self.statuses:
            raise missing("ValidationException", "Could not find endpoint")
        return {"EndpointStatus": self.statuses[asked["EndpointName"]]}

    def get_object(self, **asked: Any) -> dict[str, Any]:
        if asked["Key"] not in self.objects:
            raise missing("NoSuchKey", "no")
        return {"Body": io.BytesIO(self.objects[asked["Key"]])}

    def put_metric_data(self, **asked: Any) -> None:
        self.metrics.append(asked)

    # Step Functions and Lambda
    def start_execution(self, **asked: Any) -> dict[str, Any]:
        self.executions.append({**asked, "input": json.loads(asked["input"])})
        return {"executionArn": f"{EXECUTIONS}:{asked['name']}"}

    def describe_execution(self, **_: Any) -> dict[str, Any]:
        return self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]

    def invoke(self, **asked: Any) -> dict[str, Any]:
        told = self.previewed if asked["FunctionName"] == "preview" else self.executions
        told.append({**asked, "input": json.loads(asked["Payload"])})
        failed = {"FunctionError": "Unhandled"} if "errorType" in self.preview else {}
        return {"Payload": io.BytesIO(json.dumps(self.preview).encode()), **failed}

    def add_endpoint(self, name: str = "thriftline-shop", **state: Any) -> None:
        self.items.append({"endpoint": name, "item": "endpoint", "project": "shop", **state})

    def add_version(self, number: int, trainer: str = "sagemaker") -> None:
        self.versions.insert(
            0,
            {
                "ModelPackageArn": f"{GROUP}/{number}",
                "ModelApprovalStatus": "Approved",
                "ModelPackageStatus": "Completed",
                "CustomerMetadataProperties": {"trainer": trainer},
            },
        )

    def add_deployment(self, name: str, ending: str | None, execution: str | None = None) -> None:
        """A deployment as the functions write it down: its document, its item, its claim."""
        endpoint = "thriftline-shop"
        document: dict[str, Any] = {
            "deployment_id": name,
            "endpoint": endpoint,
            "ending": ending,
            "reason": f"because {ending}",
            "version": {"number": 2},
            "watch": {"invocations": 120},
            "checks": [],
            "price": None,
            "execution_arn": execution,
        }
        self.objects[f"serving/{endpoint}/deployments/{name}.json"] = json.dumps(document).encode()
        self.items.append(
            {
                "endpoint": endpoint,
                "item": f"deployment#{name}",
                "action": "deploy",
                "ending": ending,
                "registry_version": 2,
                "requested_by": CALLER,
                "why": "w" * 60,
            }
        )


@dataclass
class Pages:
    world: World
    operation: str

    def paginate(self, **asked: Any) -> Iterator[dict[str, Any]]:
        if self.operation == "list_model_packages":
            yield {"ModelPackageSummaryList": self.world.versions}
            return
        values = asked["ExpressionAttributeValues"]
        found = [
            one
            for one in self.world.items
            if (self.operation == "scan" and one["item"] == "endpoint")
            or (
                one["endpoint"] == values.get(":e", {}).get("S")
                and one["item"].startswith(values.get(":p", {}).get("S", ""))
            )
        ]
        serialize = TypeSerializer().serialize
        yield {"Items": [{k: serialize(v) for k, v in one.items()} for one in found]}
