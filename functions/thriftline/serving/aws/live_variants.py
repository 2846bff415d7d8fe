"""The variants of an endpoint while an experiment runs: weights, and requests by the minute."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from thriftline.core.aws.clients import translated
from thriftline.core.dataclass import dataclass

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_sagemaker import SageMakerClient

_NAMESPACE = "AWS/SageMaker"


@dataclass(frozen=True)
class Variants:
    """The weights of all variants, shadows too; those that a change asks for count already."""

    arn: str
    weights: Mapping[str, float]


class LiveVariants:
    """SageMaker's and CloudWatch's view of one region's variants."""

    def __init__(self, sagemaker: "SageMakerClient", cloudwatch: "CloudWatchClient") -> None:
        self._sagemaker = sagemaker
        self._cloudwatch = cloudwatch

    def look(self, endpoint: str) -> Variants:
        """Returns the variants of an endpoint that exists."""
        with translated(f"looking at the variants of {endpoint}"):
            found: Any = self._sagemaker.describe_endpoint(EndpointName=endpoint)
        variants = (
            *found.get("ProductionVariants", ()),
            *found.get("ShadowProductionVariants", ()),
        )
        weights = {one["VariantName"]: _weight(one) for one in variants}
        return Variants(found["EndpointArn"], weights)

    def set_weight(self, endpoint: str, variant: str, weight: float) -> None:
        """Changes a variant's weight: within seconds, without new instances."""
        with translated(f"setting the weight of {variant} of {endpoint} to {weight:g}"):
            self._sagemaker.update_endpoint_weights_and_capacities(
                EndpointName=endpoint,
                DesiredWeightsAndCapacities=[{"VariantName": variant, "DesiredWeight": weight}],
            )

    def untag(self, arn: str, key: str) -> None:
        """Takes a tag away; one that is not there is no error."""
        with translated(f"taking the tag {key} from {arn}"):
            self._sagemaker.delete_tags(ResourceArn=arn, TagKeys=[key])

    def minutes(
        self, endpoint: str, variant: str, since: datetime, until: datetime
    ) -> dict[datetime, tuple[float, float]]:
        """Returns requests and server errors of each minute, from ``since`` to before ``until``.

        A minute without a request is left out.
        """
        queries: Any = [
            _query(identity, metric, endpoint, variant)
            for identity, metric in (("requests", "Invocations"), ("errors", "Invocation5XXErrors"))
        ]
        found: dict[str, dict[datetime, float]] = {"requests": {}, "errors": {}}
        with translated(f"reading the requests of {variant} of {endpoint}"):
            pages = self._cloudwatch.get_paginator("get_metric_data").paginate(
                MetricDataQueries=queries, StartTime=since, EndTime=until
            )
            for page in pages:
                for row in page["MetricDataResults"]:
                    times = (one.astimezone(UTC) for one in row["Timestamps"])
                    found[row["Id"]] |= dict(zip(times, row["Values"], strict=True))
        requests, errors = found["requests"], found["errors"]
        return {
            minute: (count, errors.get(minute, 0.0))
            for minute, count in requests.items()
            if since <= minute < until
        }


def _weight(variant: Mapping[str, Any]) -> float:
    return float(variant.get("DesiredWeight", variant.get("CurrentWeight", 0.0)))


def _query(identity: str, metric: str, endpoint: str, variant: str) -> dict[str, Any]:
    return {
        "Id": identity,
        "MetricStat": {
            "Metric": {
                "Namespace": _NAMESPACE,
                "MetricName": metric,
                "Dimensions": [
                    {"Name": "EndpointName", "Value": endpoint},
                    {"Name": "VariantName", "Value": variant},
                ],
            },
            "Period": 60,
            "Stat": "Sum",
        },
    }
