"""An embedded AWS in which actions are planned by the real rules and done by the real step."""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from botocore.exceptions import ClientError

from local_aws.accounts.reading import parse_account
from local_aws.options import Options
from local_aws.server import EmbeddedAws
from tests.integration.audit.clients import OnceClients
from tests.integration.local_aws.conftest import options_of
from tests.integration.local_aws.sample_account import ACCOUNT, REGION
from tests.integration.roles.signed import ARTIFACTS
from tests.unit.audit.accounts import inventory
from thriftline.audit.aws.collectors.endpoints import read_endpoint
from thriftline.audit.aws.metric_reader import read_metrics
from thriftline.audit.domain import action_plan
from thriftline.audit.domain.actions import ActionPlan, Step
from thriftline.audit.domain.audit import audit
from thriftline.audit.domain.idle import idle_window
from thriftline.audit.domain.inventory import Inventory
from thriftline.audit.domain.layout import record_key, result_key, settings_key
from thriftline.audit.domain.parameters import AuditParameters, Mode
from thriftline.audit.domain.parts import Scope
from thriftline.audit.domain.questions import metrics_needed
from thriftline.audit.schemas.action_record import ActionRecord
from thriftline.audit.schemas.result import TargetResult, encode_result
from thriftline.audit.schemas.settings import AuditSettings, Target
from thriftline.audit.schemas.steps import (
    ActRequest,
    ActResponse,
    AuditRequest,
    PlanActionsResponse,
    RestoreEndpointRequest,
    RestoreEndpointResponse,
)
from thriftline.audit.steps.act_on_plan import ActionContext, act_on_plan
from thriftline.audit.steps.documents import read_plan
from thriftline.audit.steps.plan_actions import plan_actions
from thriftline.audit.steps.restore_endpoint import restore_endpoint
from thriftline.core.aws.buckets import Bucket
from thriftline.core.events import Event
from thriftline.core.message import Message
from thriftline.money.price_catalogue import price_catalogue


@dataclass
class FakeTopic:
    """Keeps what would have been sent."""

    sent: list[tuple[str, str]] = field(default_factory=list)

    def send(self, message: Message) -> None:
        self.sent.append((message.title, message.text))


@dataclass
class FakeBus:
    """Keeps the events."""

    events: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)

    def put(self, event: Event) -> None:
        source, detail_type = event.SOURCE, event.detail_type
        detail = event.model_dump_json()
        self.events.append((source, detail_type, json.loads(detail)))


def _body(answer: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in answer.items() if key != "ResponseMetadata"}


def acting_options(document: dict[str, Any]) -> Options:
    return options_of(parse_account(document, "acting account"))


class ActingWorld:
    """One account, its audits, and who may act in it."""

    def __init__(self, aws: EmbeddedAws, **parameters: Any) -> None:
        self.aws = aws
        self.parameters = AuditParameters(**parameters)
        self.clients = OnceClients(REGION)
        self._clients: dict[tuple[str, ...], OnceClients] = {}
        self.artifacts = Bucket(self.clients.client("s3"), ARTIFACTS)
        self.topic = FakeTopic()
        self.bus = FakeBus()
        self.waits: list[float] = []
        self.planned = PlanActionsResponse(actions=0, executes=(), alerts=0)
        if not aws.client("s3").list_buckets(Prefix=ARTIFACTS).get("Buckets"):
            aws.client("s3").create_bucket(
                Bucket=ARTIFACTS, CreateBucketConfiguration={"LocationConstraint": REGION}
            )

    @property
    def now(self) -> datetime:
        return self.aws.clock.now()

    def pass_time(self, **span: float) -> None:
        """Lets time pass, in which every part of every endpoint reports that nobody asked."""
        before = self.now
        self.aws.clock.advance(timedelta(**span))
        day = before.replace(hour=12)
        while day < self.now:
            for name in self.endpoints():
                for dimensions in self._parts(name):
                    self.put_requests(dimensions, 0.0, at=day)
            day += timedelta(days=1)

    def _parts(self, name: str) -> list[dict[str, str]]:
        sagemaker = self.aws.client("sagemaker")
        described = sagemaker.describe_endpoint(EndpointName=name)
        components = sagemaker.list_inference_components(EndpointNameEquals=name)
        return [
            *(
                {"EndpointName": name, "VariantName": one["VariantName"]}
                for one in described["ProductionVariants"]
            ),
            *(
                {"InferenceComponentName": one["InferenceComponentName"]}
                for one in components["InferenceComponents"]
            ),
        ]

    def put_requests(
        self, dimensions: dict[str, str], count: float, at: datetime | None = None
    ) -> None:
        self.aws.put_metric("AWS/SageMaker", "Invocations", dimensions, count, at=at)

    def endpoints(self) -> set[str]:
        listed = self.aws.client("sagemaker").list_endpoints(MaxResults=100)["Endpoints"]
        return {each["EndpointName"] for each in listed}

    def look(self, *names: str) -> Inventory:
        """Returns an inventory of some endpoints, read as an audit reads them."""
        found = [read_endpoint(self.clients, name) for name in names]
        seen = self.holding(endpoints=tuple(one for one in found if one is not None))
        start = idle_window(self.now, 30).start
        metrics = read_metrics(
            self.clients, metrics_needed(seen), daily_start=start, hourly_start=start, now=self.now
        )
        return self.holding(endpoints=seen.endpoints, metrics=metrics)

    def holding(self, **facts: Any) -> Inventory:
        """Returns an inventory of this account with what is named."""
        return inventory(
            account=ACCOUNT,
            region=REGION,
            now=self.now,
            window=idle_window(self.now, 30),
            **facts,
        )

    def plan(self, found: Inventory, mode: Mode = Mode.ACT) -> ActionPlan:
        """Returns what the rules and the planner make of an inventory."""
        told = audit(found, price_catalogue(), self.parameters)
        return action_plan.plan_actions(told.findings, found, self.parameters, mode)

    def settings(self, audit_id: str, mode: Mode = Mode.ACT) -> AuditSettings:
        return AuditSettings(
            audit_id=audit_id,
            scope=Scope.ACCOUNT,
            started=self.now,
            window=idle_window(self.now, 30),
            mode=mode,
            asked_mode=mode,
            allowed_mode=mode,
            rules=None,
            parameters=self.parameters,
            targets=(Target(account=ACCOUNT, region=REGION),),
        )

    def begin(self, plan: ActionPlan, mode: Mode = Mode.ACT) -> str:
        """Writes settings and result of a new audit, plans its actions, and returns its id."""
        audit_id = f"audit-{uuid4()}"
        settings = self.settings(audit_id, mode)
        told = audit(self.holding(), price_catalogue(), self.parameters)
        result = TargetResult(audit=told, plan=plan, window=settings.window, costs=())
        self.artifacts.write_json(settings_key(audit_id), settings.model_dump_json())
        key = result_key(audit_id, ACCOUNT, REGION)
        self.artifacts.write(key, encode_result(result), "application/json")
        self.planned = plan_actions(AuditRequest(audit_id=audit_id), artifacts=self.artifacts)
        return audit_id

    def around(self, allowed: Mode = Mode.ACT, clients: OnceClients | None = None) -> ActionContext:
        chosen = clients or self.clients
        return ActionContext(
            artifacts=Bucket(chosen.client("s3"), ARTIFACTS),
            clients_of=lambda *_: chosen,
            alerts=self.topic,  # type: ignore[arg-type]
            bus=self.bus,  # type: ignore[arg-type]
            allowed=allowed,
            clock=lambda: self.now,
            sleep=self._sleep,
        )

    def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.aws.clock.advance(timedelta(seconds=seconds))

    def act(
        self,
        audit_id: str,
        index: int = 0,
        *,
        allowed: Mode = Mode.ACT,
        dry_run: bool = False,
        clients: OnceClients | None = None,
    ) -> ActResponse:
        """Does one action, signed with the names of the functions that may do it."""
        request = ActRequest(audit_id=audit_id, index=index, now=self.now, dry_run=dry_run)
        chosen = clients or self.signing(*self._roles(audit_id, index))
        return act_on_plan(request, self.around(allowed, chosen))

    def signing(self, *functions: str) -> OnceClients:
        """Returns clients that sign with the names of functions."""
        if functions not in self._clients:
            self._clients[functions] = OnceClients(REGION, functions=functions)
        return self._clients[functions]

    def _roles(self, audit_id: str, index: int) -> tuple[str, ...]:
        """Returns the functions that may do an action: one that marks is for both."""
        plan = read_plan(self.artifacts, audit_id)
        acting = () if plan is None else plan.actions[index : index + 1]
        marks = any(one.step is Step.MARK for one in acting)
        return ("ActOnPlanFunction", *(["MarkOnPlanFunction"] if marks else []))

    def ask_restore(self, name: str, **fields: Any) -> RestoreEndpointResponse:
        """Asks for a restore once, signed with the name of the function that restores."""
        around = self.around(clients=self.signing("RestoreEndpointFunction"))
        return restore_endpoint(
            RestoreEndpointRequest(endpoint=name, **fields),
            artifacts=around.artifacts,
            clients_of=around.clients_of,
            alerts=around.alerts,
            bus=around.bus,
            now=self.now,
        )

    def do_all(self, plan: ActionPlan) -> list[ActResponse]:
        """Plans, acts, and returns how each action ended."""
        audit_id = self.begin(plan)
        return [self.act(audit_id, index) for index in self.planned.executes]

    def record(self, audit_id: str, index: int = 0) -> ActionRecord:
        text = self.artifacts.read(record_key(audit_id, index))
        assert text is not None
        return ActionRecord.model_validate_json(text)

    def describe(self, name: str) -> dict[str, Any] | None:
        """Returns all that makes up an endpoint, without times and ARNs of its own life."""
        sagemaker = self.aws.client("sagemaker")
        try:
            found = sagemaker.describe_endpoint(EndpointName=name)
        except ClientError:
            return None
        components = sagemaker.list_inference_components(EndpointNameEquals=name)
        listed = components["InferenceComponents"]
        names = sorted(one["InferenceComponentName"] for one in listed)
        resources = [
            *(
                f"endpoint/{name}/variant/{one['VariantName']}"
                for one in found["ProductionVariants"]
            ),
            *(f"inference-component/{one}" for one in names),
        ]
        return {
            "status": found["EndpointStatus"],
            "config": _body(
                sagemaker.describe_endpoint_config(EndpointConfigName=found["EndpointConfigName"])
            ),
            "variants": found["ProductionVariants"],
            "tags": self.tags(found["EndpointArn"]),
            "components": [self._component(one) for one in names],
            "scaling": [self._scaling(one) for one in resources],
        }

    def tags(self, arn: str) -> dict[str, str]:
        listed = self.aws.client("sagemaker").list_tags(ResourceArn=arn)["Tags"]
        return {tag["Key"]: tag["Value"] for tag in listed}

    def _component(self, name: str) -> dict[str, Any]:
        found = self.aws.client("sagemaker").describe_inference_component(
            InferenceComponentName=name
        )
        members = ("InferenceComponentName", "VariantName", "Specification", "RuntimeConfig")
        return {key: found[key] for key in members if key in found}

    def _scaling(self, resource: str) -> list[dict[str, Any]]:
        scaling = self.aws.client("application-autoscaling")
        one = {"ServiceNamespace": "sagemaker", "ResourceId": resource}
        targets = scaling.describe_scalable_targets(
            ServiceNamespace="sagemaker", ResourceIds=[resource]
        )["ScalableTargets"]
        # Those of target tracking AWS makes itself, anew; an account file tells none.
        own = ("Alarms", "CreationTime", "ScalableTargetARN", "PolicyARN", "ScheduledActionARN")
        found = [
            *targets,
            *scaling.describe_scaling_policies(**one)["ScalingPolicies"],
            *scaling.describe_scheduled_actions(**one)["ScheduledActions"],
        ]
        return [{key: value for key, value in row.items() if key not in own} for row in found]
