"""The alarms of a deployment: what PutMetricAlarm is asked for, so that each of them can fire.

They look at the new fleet alone: its metrics carry the name of the new config. Two periods of a
minute fit into every wait that is allowed, and a minute without data breaches nothing.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from thriftline.core.dataclass import dataclass
from thriftline.serving.domain.kinds import AlarmSettings, Kind

SAGEMAKER = "AWS/SageMaker"
OWN_NAMESPACE = "Thriftline/Serving"
ABORT_METRIC = "AbortDeployment"
QUALITY_METRIC = "QualityBreach"
PERIOD_SECONDS = 60
PERIODS = 2
# Errors that begin within a minute breach in the two after it; a wait must hold all of them.
LEAST_WATCHED_SECONDS = PERIOD_SECONDS * (PERIODS + 1)
# AutoRollbackConfiguration takes no more.
MOST_ALARMS = 10
_LONGEST_NAME = 255


@dataclass(frozen=True)
class Fleet:
    """The fleet that is watched: ``config_name`` is the new config's."""

    endpoint: str
    variant: str
    config_name: str


@dataclass(frozen=True)
class Champion:
    """What the version in use did lately. None: unknown, such as without any request."""

    model_errors: Decimal | None = None
    latency_microseconds: Decimal | None = None


@dataclass(frozen=True)
class AlarmWish:
    """One alarm: what it stands for, and PutMetricAlarm's parameters."""

    what: str
    name: str
    metric: str
    statistic: str
    comparison: str
    threshold: float
    dimensions: tuple[tuple[str, str], ...]
    description: str
    namespace: str = SAGEMAKER
    periods: int = PERIODS
    unit: str | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        """What PutMetricAlarm takes; it acts on nothing itself, the deployment looks at it."""
        asked: dict[str, Any] = {
            "AlarmName": self.name,
            "AlarmDescription": self.description,
            "ActionsEnabled": False,
            "Namespace": self.namespace,
            "MetricName": self.metric,
            "Statistic": self.statistic,
            "Dimensions": [{"Name": name, "Value": value} for name, value in self.dimensions],
            "Period": PERIOD_SECONDS,
            "EvaluationPeriods": self.periods,
            "DatapointsToAlarm": self.periods,
            "Threshold": self.threshold,
            "ComparisonOperator": self.comparison,
            "TreatMissingData": "notBreaching",
        }
        return asked if self.unit is None else {**asked, "Unit": self.unit}


def alarms_of(
    kind: Kind,
    fleet: Fleet,
    deployment_id: str,
    settings: AlarmSettings,
    champion: Champion | None,
) -> tuple[AlarmWish, ...]:
    """Returns the alarms of one deployment, the abort alarm first.

    Args:
        kind: of the endpoint.
        fleet: the one that is rolled out.
        deployment_id: it names the alarms, so that those of an ended one can be found.
        settings: the project's limits.
        champion: what the version in use did; None where there is none.
    """
    known = champion or Champion()
    wishes = [_abort(fleet, deployment_id)]
    if settings.error_share is not None:
        wishes.append(_server_errors(fleet, deployment_id, settings.error_share))
    if settings.model_errors is not None:
        wishes.append(_model_errors(fleet, deployment_id, settings.model_errors, known))
    if settings.latency_ratio is not None and known.latency_microseconds:
        wishes.append(
            _latency(fleet, deployment_id, settings.latency_ratio, known.latency_microseconds)
        )
    if kind is Kind.ASYNCHRONOUS:
        wishes.append(_failures(fleet, deployment_id))
    if settings.quality:
        wishes.append(_quality(fleet, deployment_id))
    return tuple(wishes)


def left_out(settings: AlarmSettings, champion: Champion | None) -> tuple[str, ...]:
    """Returns a sentence for each alarm that was asked for and cannot be set."""
    known = champion or Champion()
    if settings.latency_ratio is not None and not known.latency_microseconds:
        return (
            "No alarm on latency: the version in use has answered nothing lately that the new one "
            "could be compared with.",
        )
    return ()


def alarm_names(wishes: Sequence[AlarmWish], named: Sequence[str] = ()) -> tuple[str, ...]:
    """Returns the names of a deployment's alarms and of those that the person keeps."""
    return (*(wish.name for wish in wishes), *named)


def abort_dimensions(endpoint: str, deployment_id: str) -> tuple[tuple[str, str], ...]:
    """Returns whom the abort metric speaks of: one deployment.

    A data point counts for minutes, so that one of the endpoint would stop the next deployment too.
    """
    return (("EndpointName", endpoint), ("DeploymentId", deployment_id))


def _name(fleet: Fleet, deployment_id: str, what: str) -> str:
    ending = f"-{deployment_id}-{what}"
    return f"{fleet.endpoint[: _LONGEST_NAME - len(ending)]}{ending}"


def _of_fleet(fleet: Fleet) -> tuple[tuple[str, str], ...]:
    return (
        ("EndpointName", fleet.endpoint),
        ("VariantName", fleet.variant),
        ("EndpointConfigName", fleet.config_name),
    )


def _abort(fleet: Fleet, deployment_id: str) -> AlarmWish:
    return AlarmWish(
        what="abort",
        name=_name(fleet, deployment_id, "abort"),
        metric=ABORT_METRIC,
        statistic="Maximum",
        comparison="GreaterThanOrEqualToThreshold",
        threshold=1,
        dimensions=abort_dimensions(fleet.endpoint, deployment_id),
        description="A person asked to stop the deployment.",
        namespace=OWN_NAMESPACE,
        periods=1,
    )


def _server_errors(fleet: Fleet, deployment_id: str, share: Decimal) -> AlarmWish:
    return AlarmWish(
        what="server-errors",
        name=_name(fleet, deployment_id, "server-errors"),
        metric="Invocation5XXErrors",
        statistic="Average",
        comparison="GreaterThanThreshold",
        threshold=float(share),
        dimensions=_of_fleet(fleet),
        description=f"More than {share:.1%} of the new fleet's requests end in a server error.",
    )


def _model_errors(
    fleet: Fleet, deployment_id: str, margin: Decimal, champion: Champion
) -> AlarmWish:
    # Where nothing is known of the champion, the margin alone is the limit: the stricter one.
    limit = margin + (champion.model_errors or Decimal(0))
    return AlarmWish(
        what="model-errors",
        name=_name(fleet, deployment_id, "model-errors"),
        metric="InvocationModelErrors",
        statistic="Average",
        comparison="GreaterThanThreshold",
        threshold=float(limit),
        dimensions=_of_fleet(fleet),
        description=f"The new fleet's model fails for more than {limit:.1%} of the requests.",
    )


def _latency(
    fleet: Fleet, deployment_id: str, ratio: Decimal, champion_microseconds: Decimal
) -> AlarmWish:
    limit = ratio * champion_microseconds
    return AlarmWish(
        what="latency",
        name=_name(fleet, deployment_id, "latency"),
        metric="ModelLatency",
        statistic="Average",
        comparison="GreaterThanThreshold",
        threshold=float(limit),
        dimensions=_of_fleet(fleet),
        description=f"The new fleet takes more than {limit / 1000:,.1f} ms, {ratio} times what "
        "the version in use takes.",
        unit="Microseconds",
    )


def _failures(fleet: Fleet, deployment_id: str) -> AlarmWish:
    # Published for the variant only: it sees both fleets.
    return AlarmWish(
        what="failures",
        name=_name(fleet, deployment_id, "failures"),
        metric="InvocationFailures",
        statistic="Sum",
        comparison="GreaterThanOrEqualToThreshold",
        threshold=1,
        dimensions=(("EndpointName", fleet.endpoint), ("VariantName", fleet.variant)),
        description="Asynchronous requests fail.",
    )


def _quality(fleet: Fleet, deployment_id: str) -> AlarmWish:
    return AlarmWish(
        what="quality",
        name=_name(fleet, deployment_id, "quality"),
        metric=QUALITY_METRIC,
        statistic="Maximum",
        comparison="GreaterThanOrEqualToThreshold",
        threshold=1,
        dimensions=(("EndpointName", fleet.endpoint), ("VariantName", fleet.variant)),
        description="The watch over live quality reports a breach.",
        namespace=OWN_NAMESPACE,
        periods=1,
    )
