"""Application Auto Scaling: targets, policies and scheduled actions.

`scaling_actions` lets them act. Target tracking makes its alarms here, as AWS does.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends

from local_aws.events.schedule_times import (
    NotDoneHereError,
    ScheduleExpressionError,
    times_of,
)
from local_aws.http.own_calls import AwsError, Operation, Request
from local_aws.services.pages import page_of
from local_aws.services.places import Places
from local_aws.services.sagemaker_store import SageMakerStore
from local_aws.services.scaling_rules import DIMENSIONS, alarms_of, check_policy

Properties = dict[str, Any]
# Service namespace, resource, dimension: what identifies a target.
Identity = tuple[str, str, str]
_PAGE = 50
_SUSPENDABLE = (
    "DynamicScalingInSuspended",
    "DynamicScalingOutSuspended",
    "ScheduledScalingSuspended",
)


@dataclass
class ScalingStore:
    """The targets, policies and scheduled actions of one account and region."""

    account: str
    region: str
    targets: dict[Identity, Properties] = field(default_factory=dict)
    policies: dict[tuple[Identity, str], Properties] = field(default_factory=dict)
    scheduled: dict[tuple[Identity, str], Properties] = field(default_factory=dict)
    activities: list[Properties] = field(default_factory=list)
    # Since when a scheduled action is as it is; what fell due before is not made up for.
    changed: dict[tuple[Identity, str], datetime] = field(default_factory=dict)

    def arn(self, kind: str, name: str) -> str:
        """Return an ARN of the service."""
        return f"arn:aws:application-autoscaling:{self.region}:{self.account}:{kind}/{name}"

    def register(self, identity: Identity, now: datetime, changes: Properties) -> Properties:
        """Make or change a target, and return it."""
        service, resource, dimension = identity
        role = f"{service}.application-autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
        target = self.targets.get(identity) or {
            "ServiceNamespace": service,
            "ResourceId": resource,
            "ScalableDimension": dimension,
            "RoleARN": f"arn:aws:iam::{self.account}:role/aws-service-role/{role}",
            "CreationTime": now,
            "SuspendedState": dict.fromkeys(_SUSPENDABLE, False),
            "ScalableTargetARN": self.arn("scalable-target", f"{len(self.targets):016x}"),
        }
        self.targets[identity] = target | changes
        return self.targets[identity]

    def put_policy(
        self, identity: Identity, name: str, now: datetime, configuration: Properties
    ) -> Properties:
        """Make or replace a policy of a target, and return it."""
        service, resource, dimension = identity
        known = self.policies.get((identity, name), {"CreationTime": now})
        self.policies[identity, name] = {
            "PolicyType": "StepScaling",
            **configuration,
            "PolicyName": name,
            "ServiceNamespace": service,
            "ResourceId": resource,
            "ScalableDimension": dimension,
            "PolicyARN": self.arn("scalingPolicy", f"{'/'.join(identity)}:policyName/{name}"),
            "Alarms": [],
            "CreationTime": known["CreationTime"],
        }
        return self.policies[identity, name]


class ApplicationAutoscaling:
    """The calls about scalable targets, their policies and their scheduled actions."""

    def __init__(self, stores: Places[ScalingStore], sagemaker: Places[SageMakerStore]) -> None:
        self._stores = stores
        self._sagemaker = sagemaker

    def operations(self) -> dict[str, Operation]:
        """Return the calls by name."""
        return {
            "DeleteScalingPolicy": self._delete_policy,
            "DeregisterScalableTarget": self._deregister,
            "DescribeScalableTargets": self._describe_targets,
            "DescribeScalingActivities": self._describe_activities,
            "DescribeScalingPolicies": self._describe_policies,
            "DeleteScheduledAction": self._delete_scheduled,
            "DescribeScheduledActions": self._describe_scheduled,
            "PutScalingPolicy": self._put_policy,
            "PutScheduledAction": self._put_scheduled,
            "RegisterScalableTarget": self._register,
        }

    def _register(self, request: Request) -> Properties:
        store, identity = self._stores.of(request), _identity(request)
        if identity[0] == "sagemaker":
            if identity[2] not in DIMENSIONS:
                raise _invalid(
                    f"Unsupported service namespace, resource type or scalable dimension"
                    f": {identity[2]}"
                )
            _check_resource(self._sagemaker.of(request), identity[1])
        asked = {
            name: request.get(name) for name in ("MinCapacity", "MaxCapacity", "SuspendedState")
        }
        changes = {name: value for name, value in asked.items() if value is not None}
        after = store.targets.get(identity, {}) | changes
        if not {"MinCapacity", "MaxCapacity"} <= after.keys():
            raise _invalid("MinCapacity and MaxCapacity are required for a new scalable target.")
        if after["MinCapacity"] > after["MaxCapacity"]:
            raise _invalid("Maximum capacity cannot be less than minimum capacity")
        return {
            "ScalableTargetARN": store.register(identity, request.now, changes)["ScalableTargetARN"]
        }

    def _deregister(self, request: Request) -> None:
        store, identity = self._stores.of(request), self._target(request)
        del store.targets[identity]
        hanging: tuple[dict[tuple[Identity, str], Properties], ...]
        hanging = (store.policies, store.scheduled)
        for key, policy in list(store.policies.items()):
            if key[0] == identity:
                _delete_alarms(request, policy)
        for some in hanging:
            for key in [key for key in some if key[0] == identity]:
                del some[key]

    def _target(self, request: Request) -> Identity:
        identity = _identity(request)
        if identity not in self._stores.of(request).targets:
            raise AwsError(
                "ObjectNotFoundException",
                f"No scalable target found for service namespace: {identity[0]}, resource ID: "
                f"{identity[1]}, scalable dimension: {identity[2]}",
            )
        return identity

    def _describe_targets(self, request: Request) -> Properties:
        wanted = request.get("ResourceIds") or None
        rows = [
            target
            for target in self._stores.of(request).targets.values()
            if _fits(target, request) and (wanted is None or target["ResourceId"] in wanted)
        ]
        return _page(rows, request, "ScalableTargets")

    def _put_policy(self, request: Request) -> Properties:
        identity = self._target(request)
        store, name = self._stores.of(request), request["PolicyName"]
        check_policy(request.parameters)
        known = store.policies.get((identity, name))
        policy = store.put_policy(identity, name, request.now, dict(request.parameters))
        if known is not None:
            _delete_alarms(request, known)
        if policy["PolicyType"] == "TargetTrackingScaling":
            policy["Alarms"] = [_make_alarm(request, one) for one in alarms_of(policy)]
        return {"PolicyARN": policy["PolicyARN"], "Alarms": policy["Alarms"]}

    def _describe_policies(self, request: Request) -> Properties:
        policies = self._stores.of(request).policies.values()
        rows = _of_resource(policies, request, "PolicyName")
        return _page(rows, request, "ScalingPolicies")

    def _delete_policy(self, request: Request) -> None:
        store = self._stores.of(request)
        key = (_identity(request), request["PolicyName"])
        if key not in store.policies:
            raise AwsError(
                "ObjectNotFoundException", f"No scaling policy found of the name {key[1]}"
            )
        _delete_alarms(request, store.policies.pop(key))

    def _describe_activities(self, request: Request) -> Properties:
        resource = request.get("ResourceId")
        rows = [
            one
            for one in self._stores.of(request).activities
            if _fits(one, request) and resource in (None, one["ResourceId"])
        ]
        return _page(rows, request, "ScalingActivities")

    def _put_scheduled(self, request: Request) -> None:
        identity, store = self._target(request), self._stores.of(request)
        key = (identity, request["ScheduledActionName"])
        known = store.scheduled.get(key, {"CreationTime": request.now})
        _check_scheduled({**known, **request.parameters}, request.now)
        name = f"{'/'.join(identity)}:scheduledActionName/{key[1]}"
        store.scheduled[key] = {
            **known,
            **request.parameters,
            "ScheduledActionARN": store.arn("scheduledAction", name),
        }
        store.changed[key] = request.now

    def _describe_scheduled(self, request: Request) -> Properties:
        scheduled = self._stores.of(request).scheduled.values()
        rows = _of_resource(scheduled, request, "ScheduledActionName")
        return _page(rows, request, "ScheduledActions")

    def _delete_scheduled(self, request: Request) -> None:
        store = self._stores.of(request)
        key = (_identity(request), request["ScheduledActionName"])
        if store.scheduled.pop(key, None) is None:
            raise AwsError(
                "ObjectNotFoundException", f"No scheduled action found of the name {key[1]}"
            )


def _check_scheduled(action: Properties, now: datetime) -> None:
    wanted = action.get("ScalableTargetAction") or {}
    if not {"MinCapacity", "MaxCapacity"} & wanted.keys():
        raise _invalid("A scheduled action needs a minimum or a maximum capacity.")
    if wanted.get("MinCapacity", 0) > wanted.get("MaxCapacity", wanted.get("MinCapacity", 0)):
        raise _invalid("Maximum capacity cannot be less than minimum capacity")
    if not action.get("Schedule"):
        raise _invalid("A new scheduled action needs a schedule.")
    try:
        times = times_of(action["Schedule"], action.get("Timezone"), now)
    except ScheduleExpressionError as error:
        raise _invalid(str(error)) from error
    except NotDoneHereError as error:
        raise AwsError("NotImplementedByLocalAws", str(error), 501) from error
    if not times.recurs and times.after(now) is None:
        raise _invalid("The scheduled time is in the past.")


def _make_alarm(request: Request, alarm: Properties) -> Properties:
    """Let CloudWatch have an alarm of target tracking; moto keeps it."""
    made = cloudwatch_backends[request.account][request.region].put_metric_alarm(
        name=alarm["AlarmName"],
        namespace=alarm["Namespace"],
        metric_name=alarm["MetricName"],
        comparison_operator=alarm["ComparisonOperator"],
        evaluation_periods=alarm["EvaluationPeriods"],
        period=alarm["Period"],
        threshold=alarm["Threshold"],
        statistic=alarm["Statistic"],
        description=alarm["AlarmDescription"],
        dimensions=alarm["Dimensions"],
        alarm_actions=alarm["AlarmActions"],
    )
    return {"AlarmName": made.name, "AlarmARN": made.alarm_arn}


def _delete_alarms(request: Request, policy: Properties) -> None:
    """Take the alarms of a policy away; those of a step policy are whoever's made them."""
    names = [one["AlarmName"] for one in policy["Alarms"]]
    cloudwatch_backends[request.account][request.region].delete_alarms(names)


def _check_resource(store: SageMakerStore, resource: str) -> None:
    """Refuse a resource that is not there, or that SageMaker does not scale."""
    kind, _, rest = resource.partition("/")
    if kind == "inference-component" and rest in store.components:
        return
    name, _, variant = rest.partition("/variant/")
    endpoint = store.endpoints.get(name) if kind == "endpoint" else None
    if endpoint is None:
        raise _invalid(f"Could not find {resource}.")
    found = [one for one in endpoint.variants if one["VariantName"] == variant]
    if not found:
        raise _invalid(f"Could not find the variant {variant} of the endpoint {name}.")
    configured = store.configs.get(endpoint.config, {}).get("ProductionVariants", ())
    types = [one.get("InstanceType", "") for one in configured if one["VariantName"] == variant]
    if any(one.startswith("ml.t") for one in types):
        raise _invalid(f"{variant} runs on a burstable type ({types[0]}), which does not scale.")


def _of_resource(found: Iterable[Properties], request: Request, name: str) -> list[Properties]:
    """Return what hangs on the resource that is asked about, of the names that are asked for."""
    names, resource = request.get(f"{name}s") or None, request.get("ResourceId")
    return [
        one
        for one in found
        if _fits(one, request)
        and resource in (None, one["ResourceId"])
        and (names is None or one[name] in names)
    ]


def _identity(request: Request) -> Identity:
    return request["ServiceNamespace"], request["ResourceId"], request["ScalableDimension"]


def _fits(row: Properties, request: Request) -> bool:
    dimension = request.get("ScalableDimension", row["ScalableDimension"])
    return bool(
        row["ServiceNamespace"] == request["ServiceNamespace"]
        and row["ScalableDimension"] == dimension
    )


def _page(rows: list[Properties], request: Request, key: str) -> Properties:
    size = min(request.get("MaxResults", _PAGE), _PAGE)
    page, token = page_of(rows, request.get("NextToken"), size, "InvalidNextTokenException")
    return {key: page} | ({"NextToken": token} if token else {})


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationException", message)
