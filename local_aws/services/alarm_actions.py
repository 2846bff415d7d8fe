"""What an alarm does when its state changes: an event, messages, functions, scaling."""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

LOG = logging.getLogger(__name__)

Properties = dict[str, Any]
# The policy's ARN, account, region, the alarm in the form of the event, and its state.
ScalingAction = Callable[[str, str, str, Properties, str], None]


@dataclass(frozen=True)
class Changed:
    """One change of state of one of moto's alarms."""

    alarm: Any
    account: str
    region: str
    before: str
    before_reason: str
    before_since: datetime
    state: str
    reason: str
    since: datetime


class AlarmActions:
    """Does what alarms are for. Whoever can do a thing sets its attribute."""

    def __init__(self) -> None:
        self.announce: Callable[[str, str, Mapping[str, Any], list[str]], None] = lambda *_: None
        self.client: Callable[[str, str], Any] | None = None
        self.scaling: ScalingAction | None = None

    def check(self, alarm: Any) -> None:
        """Refuse an alarm with an action that nobody here does.

        Raises:
            NotImplementedError: it has one.
        """
        for arn in (*alarm.alarm_actions, *alarm.ok_actions, *alarm.insufficient_data_actions):
            if _service(arn) not in ("sns", "lambda", "autoscaling", "application-autoscaling"):
                raise NotImplementedError(f"the action {arn}")

    def do(self, changed: Changed) -> None:
        """Tell of a change, and do the actions of the new state; one that fails is logged."""
        alarm = changed.alarm
        self.announce(changed.account, changed.region, _event(changed), [alarm.alarm_arn])
        if not alarm.actions_enabled:
            return
        for arn in _actions(alarm, changed.state):
            try:
                self._do(arn, changed)
            except Exception:
                LOG.exception("the action %s of the alarm %s failed", arn, alarm.name)

    def _do(self, arn: str, changed: Changed) -> None:
        service = _service(arn)
        if service == "sns" and self.client is not None:
            self.client("sns", changed.region).publish(
                TopicArn=arn,
                Subject=f'{changed.state}: "{changed.alarm.name}" in {changed.region}'[:100],
                Message=json.dumps(_message(changed)),
            )
        elif service == "lambda" and self.client is not None:
            self.client("lambda", changed.region).invoke(
                FunctionName=arn,
                InvocationType="Event",
                Payload=json.dumps(
                    {
                        "source": "aws.cloudwatch",
                        "alarmArn": changed.alarm.alarm_arn,
                        "accountId": changed.account,
                        "region": changed.region,
                        "time": _iso(changed.since),
                        "alarmData": _event(changed),
                    }
                ).encode(),
            )
        elif self.scaling is not None:
            self.scaling(arn, changed.account, changed.region, _event(changed), changed.state)
        else:
            LOG.warning("nobody does the action %s of the alarm %s", arn, changed.alarm.name)


def _service(arn: str) -> str:
    return (arn.split(":") + [""] * 3)[2]


def _actions(alarm: Any, state: str) -> list[str]:
    by_state = {
        "ALARM": alarm.alarm_actions,
        "OK": alarm.ok_actions,
        "INSUFFICIENT_DATA": alarm.insufficient_data_actions,
    }
    return list(by_state[state])


def _iso(moment: datetime) -> str:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"


def _event(changed: Changed) -> Properties:
    alarm = changed.alarm
    return {
        "alarmName": alarm.name,
        "state": {
            "value": changed.state,
            "reason": changed.reason,
            "reasonData": alarm.state_reason_data,
            "timestamp": _iso(changed.since),
        },
        "previousState": {
            "value": changed.before,
            "reason": changed.before_reason,
            "timestamp": _iso(changed.before_since),
        },
        "configuration": {"description": alarm.description or "", "metrics": _metrics(alarm)},
    }


def _metrics(alarm: Any) -> list[Properties]:
    if not alarm.metric_data_queries:
        return [
            _metric(
                "m1",
                alarm.namespace,
                alarm.metric_name,
                alarm.dimensions,
                int(alarm.period),
                alarm.statistic or alarm.extended_statistic,
            )
        ]
    return [
        _metric(
            query.id,
            query.metric_stat.metric.namespace,
            query.metric_stat.metric.metric_name,
            query.metric_stat.metric.dimensions,
            int(query.metric_stat.period),
            query.metric_stat.stat,
        )
        if query.metric_stat is not None
        else {"id": query.id, "expression": query.expression, "returnData": True}
        for query in alarm.metric_data_queries
    ]


def _metric(
    name: str, namespace: str, metric: str, dimensions: Any, period: int, stat: str
) -> Properties:
    return {
        "id": name,
        "metricStat": {
            "metric": {
                "namespace": namespace,
                "name": metric,
                "dimensions": {each.name: each.value for each in dimensions},
            },
            "period": period,
            "stat": stat,
        },
        "returnData": True,
    }


def _message(changed: Changed) -> Properties:
    alarm = changed.alarm
    trigger: Properties = {
        "Period": alarm.period,
        "EvaluationPeriods": alarm.evaluation_periods,
        "DatapointsToAlarm": alarm.datapoints_to_alarm,
        "ComparisonOperator": alarm.comparison_operator,
        "Threshold": alarm.threshold,
        "TreatMissingData": alarm.treat_missing_data or "missing",
    }
    if alarm.metric_data_queries:
        trigger["Metrics"] = _metrics(alarm)
    else:
        trigger |= {
            "MetricName": alarm.metric_name,
            "Namespace": alarm.namespace,
            "Statistic": alarm.statistic or alarm.extended_statistic,
            "Dimensions": [{"name": each.name, "value": each.value} for each in alarm.dimensions],
        }
    return {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": changed.account,
        "AlarmArn": alarm.alarm_arn,
        "Region": changed.region,
        "NewStateValue": changed.state,
        "NewStateReason": changed.reason,
        "StateChangeTime": _iso(changed.since),
        "OldStateValue": changed.before,
        "Trigger": trigger,
    }
