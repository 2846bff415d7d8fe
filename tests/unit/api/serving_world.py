"""Endpoints of two projects, machines in memory and functions that answer what they are told."""

import io
import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from tests.unit.api.api_world import NOW, ApiWorld
from tests.unit.core.fake_executions import FakeStepFunctions
from thriftline.core.aws.functions import Functions
from thriftline.core.aws.machines import Machines
from thriftline.serving.aws.endpoints import Endpoints
from thriftline.serving.aws.endpoints_table import EndpointsTable
from thriftline.serving.domain.versions import EndpointVersion
from thriftline.wiring import api_audit, api_serving

ENDPOINT = "thriftline-reviews"
ARN = "arn:aws:sagemaker:us-east-1:123456789012:model-package/thriftline-reviews"


@dataclass
class FakeFunctions:
    """Lambda: what each function answers, or refuses by an error's name."""

    answers: dict[str, Any] = field(default_factory=dict)
    refusals: dict[str, tuple[str, str]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:
        self.asked.append((FunctionName, json.loads(Payload)))
        if FunctionName in self.refusals:
            kind, message = self.refusals[FunctionName]
            return _answered(
                {"errorType": kind, "errorMessage": message}, FunctionError="Unhandled"
            )
        return _answered(self.answers[FunctionName])


def _answered(payload: Any, **more: str) -> dict[str, Any]:
    return {"Payload": io.BytesIO(json.dumps(payload).encode()), **more}


class FakeSageMaker:
    """Each endpoint is in service, with one config."""

    def __init__(self, names: list[str]) -> None:
        self.names = names

    def get_paginator(self, _: str) -> "FakeSageMaker":
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        rows = [{"EndpointName": name, "EndpointStatus": "InService"} for name in self.names]
        return [{"Endpoints": rows}]

    def describe_endpoint(self, EndpointName: str) -> dict[str, Any]:
        if EndpointName not in self.names:
            error: Any = {"Code": "ValidationException", "Message": "Could not find endpoint."}
            raise ClientError({"Error": error}, "DescribeEndpoint")
        return {
            "EndpointStatus": "InService",
            "EndpointConfigName": f"{EndpointName}-v1",
            "ProductionVariants": [{"VariantName": "main", "DesiredInstanceCount": 2}],
        }

    def describe_endpoint_config(self, **_: Any) -> dict[str, Any]:
        return {"ProductionVariants": [{"InstanceType": "ml.m5.large"}]}


@dataclass
class ServingWorld:
    """What the views of serving and audits are called on."""

    api: ApiWorld
    table: EndpointsTable
    functions: FakeFunctions
    executions: FakeStepFunctions

    def endpoint(self, name: str, project: str = "reviews", **values: Any) -> None:
        state = {"project": project, "kind": "real-time", "in_use": 1, **values}
        self.table.update(name, "endpoint", **state)
        self.table.add_version(name, _version())

    def deployment(self, number: int, endpoint: str = ENDPOINT, **values: Any) -> str:
        own = f"d-20261130T1200{number:02}-0000000{number % 10}"
        facts = {
            "action": "deploy",
            "project": "reviews",
            "requested_by": "ada",
            "registry_version": number,
            "opened_at": (NOW + timedelta(minutes=number)).isoformat(),
            "execution_arn": f"arn:aws:states:us-east-1:123456789012:execution:deploy:{own}",
            **values,
        }
        self.table.put_first(endpoint, f"deployment#{own}", facts)
        return own


def _version() -> EndpointVersion:
    return EndpointVersion(
        number=1,
        config="config",
        model_name="model",
        model_package_arn=f"{ARN}/7",
        registry_version=7,
        image="image@sha256:1",
        artifact_uri="s3://artifacts/model.tar.gz",
        who="ada",
        when=NOW,
        why="first",
        deployment_id="d-1",
    )


def preview(**more: Any) -> dict[str, Any]:
    return {
        "would_deploy": True,
        "reason": "it would be rolled out",
        "action": "deploy",
        "endpoint": ENDPOINT,
        "project": "reviews",
        "kind": "real-time",
        "version": 8,
        "former": "config",
        "wanted": "config-8",
        "instance_type": "ml.m5.large",
        "rate_usd_per_hour": "0.1150",
        "seconds": 900,
        "rollout_usd": "0.0575",
        "month_usd": None,
        "price_source": "list",
        "checks": [],
        "months": [],
        **more,
    }


def serving_world(api: ApiWorld, monkeypatch: pytest.MonkeyPatch) -> ServingWorld:
    functions, executions = FakeFunctions(), FakeStepFunctions()
    table = EndpointsTable(api.dynamodb, "endpoints")
    sagemaker = FakeSageMaker([ENDPOINT, "thriftline-closed", "somebodys"])
    for module in (api_serving, api_audit):
        monkeypatch.setattr(module, "functions", lambda: Functions(cast("Any", functions)))
        monkeypatch.setattr(module, "machines", lambda: Machines(cast("Any", executions)))
    monkeypatch.setattr(api_serving, "endpoints", lambda: Endpoints(cast("Any", sagemaker)))
    functions.answers["preview"] = preview()
    return ServingWorld(api, table, functions, executions)
