"""The metrics that Thriftline publishes about endpoints, for alarms of deployments and people."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from thriftline.core.aws.clients import translated

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient

NAMESPACE = "Thriftline/Serving"


class ServingMetrics:
    """CloudWatch, through one client."""

    def __init__(self, client: "CloudWatchClient") -> None:
        self._client = client

    def put(self, name: str, value: float, now: datetime, dimensions: Mapping[str, str]) -> None:
        """Publishes one value."""
        with translated(f"publishing {name}"):
            self._client.put_metric_data(
                Namespace=NAMESPACE,
                MetricData=[
                    {
                        "MetricName": name,
                        "Value": value,
                        "Timestamp": now,
                        "Unit": "None",
                        "Dimensions": [
                            {"Name": key, "Value": text} for key, text in dimensions.items()
                        ],
                    }
                ],
            )
