"""Application Auto Scaling of endpoints, with the alarms that set off its steps."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from thriftline.core.aws.clients import code_of, translated
from thriftline.core.waking_hours import WakingHours
from thriftline.serving.domain.scaling import (
    SAGEMAKER,
    SLEEP_ACTION,
    WAKE_ACTION,
    ScalingPlan,
    ScalingPolicy,
    ScheduledAction,
    scheduled_actions,
)

if TYPE_CHECKING:
    from mypy_boto3_application_autoscaling import ApplicationAutoScalingClient
    from mypy_boto3_cloudwatch import CloudWatchClient

_NAMESPACE = "sagemaker"
_DAYS_MEASURED = 14
# CloudWatch keeps minutes for fifteen days.
_MINUTE = 60
_MICROSECONDS = 1_000_000


class EndpointScaling:
    """The scalable targets of one region."""

    def __init__(
        self, autoscaling: "ApplicationAutoScalingClient", cloudwatch: "CloudWatchClient"
    ) -> None:
        self._autoscaling: Any = autoscaling
        self._cloudwatch: Any = cloudwatch

    def registered(self, resources: Sequence[str]) -> tuple[dict[str, str], ...]:
        """Returns the targets of some resources, by what identifies them."""
        with translated("reading scalable targets"):
            pages = self._autoscaling.get_paginator("describe_scalable_targets").paginate(
                ServiceNamespace=_NAMESPACE, ResourceIds=list(resources)
            )
            rows = [row for page in pages for row in page["ScalableTargets"]]
        return tuple(_identity(row["ResourceId"], row["ScalableDimension"]) for row in rows)

    def apply(self, plan: ScalingPlan) -> None:
        """Makes target, policies, alarms and scheduled actions as planned, and no others of ours.

        Asked again it changes nothing.
        """
        one = _identity(plan.resource_id, plan.dimension)
        with translated(f"setting the scaling of {plan.resource_id}"):
            self._autoscaling.register_scalable_target(
                **one, MinCapacity=plan.minimum, MaxCapacity=plan.maximum
            )
            for policy in plan.policies:
                self._put(policy, one)
            for action in plan.scheduled:
                self._put_action(action, one)
            self._take_away_the_rest(plan, one)

    def set_hours(self, resource_id: str, dimension: str, hours: WakingHours | None) -> bool:
        """Sets or takes away the bounds of a schedule; returns False when nothing scales here."""
        one = _identity(resource_id, dimension)
        with translated(f"setting the schedule of {resource_id}"):
            targets = self._rows(
                "describe_scalable_targets",
                "ScalableTargets",
                {"ServiceNamespace": _NAMESPACE, "ResourceIds": [resource_id]},
            )
            if not targets:
                return False
            actions = {
                row["ScheduledActionName"]: row
                for row in self._rows("describe_scheduled_actions", "ScheduledActions", one)
            }
            # By night the bounds are 0: those of the day are in the action that brings them back.
            awake = actions.get(WAKE_ACTION, {}).get("ScalableTargetAction", targets[0])
            least, most = awake["MinCapacity"], awake["MaxCapacity"]
            if hours is not None:
                for action in scheduled_actions(hours, least, most):
                    self._put_action(action, one)
                return True
            for name in {SLEEP_ACTION, WAKE_ACTION} & actions.keys():
                self._autoscaling.delete_scheduled_action(**one, ScheduledActionName=name)
            self._autoscaling.register_scalable_target(**one, MinCapacity=least, MaxCapacity=most)
        return True

    def _put_action(self, action: ScheduledAction, one: Mapping[str, str]) -> None:
        self._autoscaling.put_scheduled_action(
            **one,
            ScheduledActionName=action.name,
            Schedule=action.expression,
            Timezone=action.timezone,
            ScalableTargetAction={"MinCapacity": action.minimum, "MaxCapacity": action.maximum},
        )

    def _put(self, policy: ScalingPolicy, one: Mapping[str, str]) -> None:
        member = f"{policy.kind.removesuffix('Scaling')}ScalingPolicyConfiguration"
        answer = self._autoscaling.put_scaling_policy(
            **one,
            PolicyName=policy.name,
            PolicyType=policy.kind,
            **{member: dict(policy.configuration)},
        )
        if policy.alarm is not None:
            self._cloudwatch.put_metric_alarm(
                **policy.alarm, AlarmActions=[answer["PolicyARN"]], ActionsEnabled=True
            )

    def _take_away_the_rest(self, plan: ScalingPlan, one: Mapping[str, str]) -> None:
        ours = "thriftline-"
        wanted = {policy.name for policy in plan.policies}
        for row in self._rows("describe_scaling_policies", "ScalingPolicies", one):
            name = row["PolicyName"]
            if name.startswith(ours) and name not in wanted:
                self._delete_policy(row, one)
        kept = {action.name for action in plan.scheduled}
        for row in self._rows("describe_scheduled_actions", "ScheduledActions", one):
            name = row["ScheduledActionName"]
            if name.startswith(ours) and name not in kept:
                self._autoscaling.delete_scheduled_action(**one, ScheduledActionName=name)

    def deregister(self, resource_id: str, dimension: str) -> bool:
        """Takes a target away with all that hangs on it; returns False when there is none."""
        one = _identity(resource_id, dimension)
        with translated(f"taking the scaling of {resource_id} away"):
            for row in self._rows("describe_scaling_policies", "ScalingPolicies", one):
                self._delete_policy(row, one)
            try:
                self._autoscaling.deregister_scalable_target(**one)
            except ClientError as error:
                if code_of(error) != "ObjectNotFoundException":
                    raise
                return False
        return True

    def _delete_policy(self, row: Mapping[str, Any], one: Mapping[str, str]) -> None:
        # Those of target tracking go with it; ours of a step would stay and set off nothing.
        alarms = [] if row.get("PolicyType") != "StepScaling" else self._alarms_of(row)
        self._autoscaling.delete_scaling_policy(**one, PolicyName=row["PolicyName"])
        if alarms:
            self._cloudwatch.delete_alarms(AlarmNames=alarms)

    def _alarms_of(self, row: Mapping[str, Any]) -> list[str]:
        pages = self._cloudwatch.get_paginator("describe_alarms").paginate(
            ActionPrefix=row["PolicyARN"], AlarmTypes=["MetricAlarm"]
        )
        return [one["AlarmName"] for page in pages for one in page["MetricAlarms"]]

    def _rows(self, operation: str, key: str, one: Mapping[str, Any]) -> list[dict[str, Any]]:
        pages = self._autoscaling.get_paginator(operation).paginate(**one)
        return [row for page in pages for row in page[key]]

    def measured(
        self, dimensions: Mapping[str, str], per_instance: str, now: datetime
    ) -> tuple[Decimal | None, Decimal | None]:
        """Returns the mean latency in seconds and the busiest minute of one instance.

        Each is None where CloudWatch has no sample of two weeks.
        """
        with translated("reading how much an instance takes"):
            latency = self._statistic(dimensions, ("ModelLatency", "Average"), now)
            busiest = self._statistic(dimensions, (per_instance, "Sum"), now)
        mean = sum(latency) / len(latency) / _MICROSECONDS if latency else None
        return (
            None if mean is None else Decimal(str(round(mean, 6))),
            Decimal(str(max(busiest))) if busiest else None,
        )

    def _statistic(
        self, dimensions: Mapping[str, str], metric: tuple[str, str], now: datetime
    ) -> list[float]:
        name, statistic = metric
        query = {
            "Id": "asked",
            "MetricStat": {
                "Metric": {
                    "Namespace": SAGEMAKER,
                    "MetricName": name,
                    "Dimensions": [{"Name": key, "Value": one} for key, one in dimensions.items()],
                },
                # A sum over an hour would be no minute's.
                "Period": _MINUTE,
                "Stat": statistic,
            },
        }
        pages = self._cloudwatch.get_paginator("get_metric_data").paginate(
            MetricDataQueries=[query], StartTime=now - timedelta(days=_DAYS_MEASURED), EndTime=now
        )
        return [
            float(value)
            for page in pages
            for row in page["MetricDataResults"]
            for value in row["Values"]
        ]


def _identity(resource_id: str, dimension: str) -> dict[str, str]:
    return {
        "ServiceNamespace": _NAMESPACE,
        "ResourceId": resource_id,
        "ScalableDimension": dimension,
    }
