"""The alarms of deployments, and the metrics that they and the verdict rest on."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from thriftline.core.aws.clients import translated
from thriftline.serving.domain.alarms import (
    ABORT_METRIC,
    OWN_NAMESPACE,
    SAGEMAKER,
    Champion,
    abort_dimensions,
)

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import MetricAlarmTypeDef

# DescribeAlarms and DeleteAlarms take no more.
_MOST = 100
_CHAMPIONS_HOURS = 3
# Samples arrive late, and clocks differ a little.
_LATE = timedelta(minutes=2)


class DeploymentAlarms:
    """CloudWatch in one region, through one client."""

    def __init__(self, client: "CloudWatchClient") -> None:
        self._client = client

    def put(self, parameters: Mapping[str, Any], tags: Mapping[str, str]) -> None:
        """Makes an alarm, or sets it again; it keeps its state then."""
        with translated(f"setting the alarm {parameters['AlarmName']}"):
            self._client.put_metric_alarm(
                **parameters, Tags=[{"Key": key, "Value": value} for key, value in tags.items()]
            )

    def states(self, names: Sequence[str]) -> dict[str, str | None]:
        """Returns the state of each alarm; None of one that does not exist."""
        found: dict[str, str | None] = dict.fromkeys(names)
        return found | {one["AlarmName"]: one["StateValue"] for one in self._described(names)}

    def firing(self, names: Sequence[str]) -> dict[str, str]:
        """Returns why each alarm that is in ALARM now is, by its name."""
        return {
            one["AlarmName"]: one.get("StateReason", "")
            for one in self._described(names)
            if one["StateValue"] == "ALARM"
        }

    def _described(self, names: Sequence[str]) -> list["MetricAlarmTypeDef"]:
        found: list[MetricAlarmTypeDef] = []
        with translated("looking at alarms"):
            for start in range(0, len(names), _MOST):
                answer = self._client.describe_alarms(
                    AlarmNames=list(names[start : start + _MOST]), AlarmTypes=["MetricAlarm"]
                )
                found += answer["MetricAlarms"]
        return found

    def delete(self, names: Sequence[str]) -> None:
        """Takes alarms away; one that is not there is no error."""
        there = [name for name, state in self.states(names).items() if state is not None]
        with translated("taking alarms away"):
            for start in range(0, len(there), _MOST):
                self._client.delete_alarms(AlarmNames=there[start : start + _MOST])

    def abort(self, endpoint: str, deployment_id: str, now: datetime) -> None:
        """Lets the abort alarm of a deployment fire."""
        dimensions = abort_dimensions(endpoint, deployment_id)
        with translated(f"stopping the deployment of {endpoint}"):
            self._client.put_metric_data(
                Namespace=OWN_NAMESPACE,
                MetricData=[
                    {
                        "MetricName": ABORT_METRIC,
                        "Dimensions": [
                            {"Name": name, "Value": value} for name, value in dimensions
                        ],
                        "Timestamp": now,
                        "Value": 1,
                    }
                ],
            )

    def was_aborted(
        self, endpoint: str, deployment_id: str, since: datetime, now: datetime
    ) -> bool:
        """Whether somebody asked to stop a deployment, which began at ``since``."""
        dimensions = dict(abort_dimensions(endpoint, deployment_id))
        found = self._value((OWN_NAMESPACE, ABORT_METRIC), dimensions, "Maximum", (since, now))
        return found is not None and found >= 1

    def requests(
        self,
        metric: tuple[str, str],
        dimensions: Mapping[str, str],
        since: datetime,
        now: datetime,
    ) -> int:
        """Returns how many requests a fleet has seen; a fleet without a sample has seen none."""
        name, statistic = metric
        found = self._value((SAGEMAKER, name), dimensions, statistic, (since, now))
        return int(found or 0)

    def champion(self, dimensions: Mapping[str, str], now: datetime) -> Champion:
        """Returns what a fleet did in the last hours."""
        within = (now - timedelta(hours=_CHAMPIONS_HOURS), now)
        errors = self._mean((SAGEMAKER, "InvocationModelErrors"), dimensions, within)
        return Champion(errors, self._mean((SAGEMAKER, "ModelLatency"), dimensions, within))

    def _mean(
        self,
        metric: tuple[str, str],
        dimensions: Mapping[str, str],
        within: tuple[datetime, datetime],
    ) -> Decimal | None:
        total = self._value(metric, dimensions, "Sum", within)
        count = self._value(metric, dimensions, "SampleCount", within)
        return None if not count or total is None else Decimal(str(total)) / Decimal(str(count))

    def _value(
        self,
        metric: tuple[str, str],
        dimensions: Mapping[str, str],
        statistic: str,
        within: tuple[datetime, datetime],
    ) -> float | None:
        """Returns the sum, or the maximum, over a time; None without a sample."""
        namespace, name = metric
        since, until = within
        query = {
            "Id": "asked",
            "MetricStat": {
                "Metric": {
                    "Namespace": namespace,
                    "MetricName": name,
                    "Dimensions": [
                        {"Name": key, "Value": value} for key, value in dimensions.items()
                    ],
                },
                "Period": 60,
                "Stat": statistic,
            },
        }
        asked: Any = {
            "MetricDataQueries": [query],
            "StartTime": since.replace(second=0, microsecond=0),
            "EndTime": until + _LATE,
        }
        with translated(f"reading {name}"):
            pages = self._client.get_paginator("get_metric_data").paginate(**asked)
            values = [
                one for page in pages for row in page["MetricDataResults"] for one in row["Values"]
            ]
        if not values:
            return None
        return max(values) if statistic == "Maximum" else sum(values)
