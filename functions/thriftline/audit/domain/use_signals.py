"""Which metrics say "used" for each kind of what serves, as AWS publishes them.

A metric that AWS never publishes for a kind answers nothing, and nothing looks like silence: an
asynchronous endpoint has no ``Invocations`` at all. ``docs/cost_audits.md`` has this table with
its sources, and a test holds both equal.
"""

from collections.abc import Iterator

from thriftline.audit.domain.metrics import DAY, MetricKey, metric_key
from thriftline.audit.domain.resources.endpoints import Endpoint
from thriftline.core.dataclass import dataclass

ENDPOINTS = "AWS/SageMaker"

INVOCATIONS = "Invocations"
CLIENT_ERRORS = "Invocation4XXErrors"
SERVER_ERRORS = "Invocation5XXErrors"
# A component without a copy refuses its callers, who call it nonetheless.
NO_CAPACITY = "NoCapacityInvocationFailures"

ASYNC_PROCESSED = "InvocationsProcessed"
ASYNC_FAILURES = "InvocationFailures"
ASYNC_EXPIRED = "ExpiredRequests"
# Milliseconds; it has a datapoint only where a request waited.
ASYNC_WAITED = "TimeInBacklog"
BACKLOG = "ApproximateBacklogSize"
BACKLOG_WITHOUT_CAPACITY = "HasBacklogWithoutCapacity"
BACKLOGS = (BACKLOG, BACKLOG_WITHOUT_CAPACITY)


@dataclass(frozen=True, slots=True)
class UseSignals:
    """The metrics of one variant or component, by name.

    ``requests`` is what its requests are counted by. ``failures`` are groups that count the same
    requests in different ways, so that the largest group counts. ``waited`` is the time that
    requests spent in a queue.
    """

    requests: str
    failures: tuple[tuple[str, ...], ...]
    waited: str | None = None

    def counts(self) -> Iterator[str]:
        """Yields the metrics that are summed."""
        yield self.requests
        for group in self.failures:
            yield from group


REAL_TIME = UseSignals(INVOCATIONS, ((CLIENT_ERRORS, SERVER_ERRORS),))
COMPONENT = UseSignals(INVOCATIONS, ((CLIENT_ERRORS, SERVER_ERRORS), (NO_CAPACITY,)))
ASYNCHRONOUS = UseSignals(
    ASYNC_PROCESSED,
    ((CLIENT_ERRORS, SERVER_ERRORS), (ASYNC_FAILURES,), (ASYNC_EXPIRED,)),
    ASYNC_WAITED,
)


def signals_of_variants(endpoint: Endpoint) -> UseSignals:
    """Returns what counts the requests of an endpoint's variants, shadow variants too."""
    return ASYNCHRONOUS if endpoint.is_asynchronous else REAL_TIME


def variant_metric(
    endpoint: str, variant: str, name: str, stat: str = "Sum", period_seconds: int = DAY
) -> MetricKey:
    """Returns the key of one variant's metric."""
    dimensions = {"EndpointName": endpoint, "VariantName": variant}
    return metric_key(ENDPOINTS, name, dimensions, stat, period_seconds)


def component_metric(component: str, name: str, period_seconds: int = DAY) -> MetricKey:
    """Returns the key of one inference component's metric."""
    dimensions = {"InferenceComponentName": component}
    return metric_key(ENDPOINTS, name, dimensions, "Sum", period_seconds)


def backlog_metric(endpoint: str, name: str) -> MetricKey:
    """Returns the key of an asynchronous endpoint's queue."""
    return metric_key(ENDPOINTS, name, {"EndpointName": endpoint}, "Maximum")


def waited_metric(endpoint: str, variant: str) -> MetricKey:
    """Returns the key of how long requests waited for a variant."""
    return variant_metric(endpoint, variant, ASYNC_WAITED, "Average")
