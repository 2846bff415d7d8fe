"""SageMaker's hosting without HTTP: the operations, a clock that tests move on, and containers."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local_aws.clock import Clock
from local_aws.http.callers import Caller
from local_aws.http.own_calls import AwsError, Request
from local_aws.services.application_autoscaling import ScalingStore
from local_aws.services.hosting import Hosting
from local_aws.services.hosting_bill import HostingBill
from local_aws.services.hosting_options import HostingOptions
from local_aws.services.places import Places
from local_aws.services.sagemaker_components import SageMakerComponents
from local_aws.services.sagemaker_endpoint_configs import SageMakerEndpointConfigs
from local_aws.services.sagemaker_endpoints import SageMakerEndpoints
from local_aws.services.sagemaker_model_registry import ModelRegistries
from local_aws.services.sagemaker_models import SageMakerModels
from local_aws.services.sagemaker_store import Endpoint, SageMakerStore
from local_aws.services.service_quotas import QuotaStore
from local_aws.services.serving_port import FleetModel, Readiness, State

START = datetime(2026, 11, 30, 12, tzinfo=UTC)
ACCOUNT, REGION = "123456789012", "us-east-1"
ROLE = "arn:aws:iam::123456789012:role/endpoints"
CPU, OTHER_CPU = "ml.c5.2xlarge", "ml.m5.xlarge"
PROVISIONING, ACTIVATION, DELETION = 60, 2, 4
OPTIONS = HostingOptions(PROVISIONING, ACTIVATION, DELETION, 3600)


class Containers:
    """Containers that answer, unless a test says otherwise of a model."""

    def __init__(self) -> None:
        self.of_model: dict[str, Readiness] = {}

    def provide(self, wanted: FleetModel) -> Readiness:
        return self.of_model.get(wanted.model["ModelName"], Readiness(State.READY))


class Alarms:
    """Alarms that a test sets off at an instant of the service time."""

    def __init__(self) -> None:
        self.known: set[str] = set()
        self.fired: dict[str, datetime] = {}

    def look(self) -> None:
        """Nothing changes by itself."""

    def exists(self, account: str, region: str, name: str) -> bool:
        return name in self.known

    def first_alarm(
        self, account: str, region: str, names: tuple[str, ...], since: datetime, until: datetime
    ) -> datetime | None:
        moments = [self.fired[name] for name in names if name in self.fired]
        return min((max(each, since) for each in moments if each <= until), default=None)


class Hosted:
    """One account's endpoints."""

    def __init__(self, rate: float = 1.0) -> None:
        self.real = START
        self.clock = Clock(lambda: self.real, rate=rate)
        self.quotas = Places(QuotaStore)
        self.scaling = Places(ScalingStore)
        self.registries = ModelRegistries(self.clock.now)
        self.bill = HostingBill()
        self.hosting = Hosting(self.clock, self.quotas, self.bill)
        self.hosting.options = OPTIONS
        self.containers, self.alarms = Containers(), Alarms()
        self.hosting.serving, self.hosting.alarms = self.containers, self.alarms
        self.events: list[tuple[str, Any]] = []
        self.hosting.announce = lambda _a, _r, kind, detail, _n: self.events.append((kind, detail))
        stores = Places(
            lambda account, region: SageMakerStore(account, region, self.hosting.settle)
        )
        self.store = stores.at(ACCOUNT, REGION)
        self._operations = {
            **SageMakerModels(stores, self.registries).operations(),
            **SageMakerEndpointConfigs(stores).operations(),
            **SageMakerEndpoints(stores, self.hosting, self.scaling).operations(),
            **SageMakerComponents(stores, self.hosting).operations(),
        }
        for name in ("one", "two"):
            self.model(name)

    def __call__(self, operation: str, **parameters: Any) -> Any:
        request = Request(Caller(ACCOUNT, REGION), self.clock.now(), parameters)
        return self._operations[operation](request)

    def refusal(self, operation: str, **parameters: Any) -> str:
        """Return code and message of a call that is refused."""
        with pytest.raises(AwsError) as caught:
            self(operation, **parameters)
        return f"{caught.value.code}: {caught.value}"

    def model(self, name: str, **more: Any) -> None:
        container = {"Image": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/serve:1"}
        self(
            "CreateModel",
            ModelName=name,
            ExecutionRoleArn=ROLE,
            **{"PrimaryContainer": container, **more},
        )

    def config(self, name: str, *variants: dict[str, Any], **more: Any) -> None:
        self(
            "CreateEndpointConfig",
            EndpointConfigName=name,
            ProductionVariants=list(variants),
            **more,
        )

    def endpoint(self, count: int = 4, new_count: int | None = None, **more: Any) -> None:
        """Make an endpoint `e` with `count` instances of model one, and a configuration of two."""
        self.config("v1", variant("one", InitialInstanceCount=count), **more)
        self.config("v2", variant("two", InitialInstanceCount=new_count or count), **more)
        self("CreateEndpoint", EndpointName="e", EndpointConfigName="v1")
        self.passes(PROVISIONING)
        assert self.status == "InService"

    def update(self, deployment: dict[str, Any] | None = None, **more: Any) -> None:
        given = {"DeploymentConfig": deployment} if deployment else {}
        self("UpdateEndpoint", **{"EndpointName": "e", "EndpointConfigName": "v2", **given, **more})

    def passes(self, seconds: float) -> None:
        """Let time pass, and everything that is due in it happen."""
        self.clock.advance(timedelta(seconds=seconds))
        self.store.settle()

    @property
    def it(self) -> Endpoint:
        return self.store.endpoints["e"]

    def look(self) -> dict[str, Any]:
        return dict(self("DescribeEndpoint", EndpointName="e"))

    @property
    def status(self) -> str:
        return str(self.look()["EndpointStatus"])

    @property
    def stage(self) -> str:
        """Return the status of the deployment that is under way, empty when none is."""
        return str(self._pending().get("Status", ""))

    @property
    def message(self) -> str:
        return str(self._pending().get("StatusMessage", ""))

    def _pending(self) -> dict[str, Any]:
        pending = self.look().get("PendingDeploymentSummary")
        return dict(pending["ProductionVariants"][0]["VariantStatus"][0]) if pending else {}

    @property
    def share(self) -> float:
        """Return the part of the requests that goes to the configuration v2."""
        return sum(each.shares["main"] for each in self.it.fleets if each.config == "v2")


def variant(model: str, **more: Any) -> dict[str, Any]:
    given = {"VariantName": "main", "ModelName": model, "InstanceType": CPU, **more}
    return {key: value for key, value in given.items() if value is not None}


def serverless(model: str, **more: Any) -> dict[str, Any]:
    config = {"MemorySizeInMB": 2048, "MaxConcurrency": 5, **more.pop("ServerlessConfig", {})}
    return variant(model, InstanceType=None, ServerlessConfig=config, **more)


def canary(percent: int = 25, wait: int = 300, bake: int = 120, **more: Any) -> dict[str, Any]:
    size = {"Type": "CAPACITY_PERCENT", "Value": percent}
    return _blue_green("CANARY", wait, bake, CanarySize=size, **more)


def linear(percent: int = 25, wait: int = 300, bake: int = 120, **more: Any) -> dict[str, Any]:
    size = {"Type": "CAPACITY_PERCENT", "Value": percent}
    return _blue_green("LINEAR", wait, bake, LinearStepSize=size, **more)


def at_once(bake: int = 120, **more: Any) -> dict[str, Any]:
    return _blue_green("ALL_AT_ONCE", 0, bake, **more)


def _blue_green(kind: str, wait: int, bake: int, **more: Any) -> dict[str, Any]:
    limit = more.pop("limit", None)
    alarms = more.pop("alarms", ())
    policy: dict[str, Any] = {
        "TrafficRoutingConfiguration": {"Type": kind, "WaitIntervalInSeconds": wait, **more},
        "TerminationWaitInSeconds": bake,
    }
    if limit:
        policy["MaximumExecutionTimeoutInSeconds"] = limit
    return {"BlueGreenUpdatePolicy": policy, **guarded(alarms)}


def rolling(percent: int = 50, wait: int = 300, **more: Any) -> dict[str, Any]:
    alarms = more.pop("alarms", ())
    policy = {
        "MaximumBatchSize": {"Type": "CAPACITY_PERCENT", "Value": percent},
        "WaitIntervalInSeconds": wait,
        **more,
    }
    return {"RollingUpdatePolicy": policy, **guarded(alarms)}


def guarded(alarms: Any) -> dict[str, Any]:
    names = [{"AlarmName": name} for name in alarms]
    return {"AutoRollbackConfiguration": {"Alarms": names}} if names else {}
