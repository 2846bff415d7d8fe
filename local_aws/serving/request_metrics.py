"""Which metrics one request leaves, as SageMaker documents them."""

from collections.abc import Sequence

from local_aws.services.metric_store import Dimensions
from local_aws.serving.measures import Measures, dimensions
from local_aws.serving.routing import Target

_MICROSECONDS = 1_000_000


class RequestMetrics:
    """Writes down what requests did; ModelLatency and OverheadLatency are in microseconds."""

    def __init__(self, measures: Measures) -> None:
        self._measures = measures

    def answered(
        self, target: Target, status: int, model_seconds: float, whole_seconds: float
    ) -> None:
        """Count a request that reached a container; a status of 0 stands for no answer."""
        values = {
            "Invocations": 1.0,
            **_errors(status),
            "ModelLatency": _microseconds(model_seconds),
            "OverheadLatency": _microseconds(whole_seconds - model_seconds),
        }
        self._add(target, _places(target), values)
        if target.instances:
            per_instance = {"InvocationsPerInstance": 1.0 / target.instances}
            self._add(target, _places(target), per_instance)
        if target.component:
            own = {**values, "InvocationsPerCopy": 1.0 / max(1, target.copies)}
            self._add(target, [dimensions(InferenceComponentName=target.component)], own)

    def shadowed(self, target: Target, shadow: str, status: int, model_seconds: float) -> None:
        """Count the copy of a request that a shadow variant got."""
        values = {
            "Invocations": 1.0,
            **_errors(status),
            "ModelLatency": _microseconds(model_seconds),
        }
        self._add(target, _of_variant(target, shadow), values)

    def without_capacity(self, target: Target) -> None:
        """Count a request to a component that has no copy."""
        self._add(
            target,
            [dimensions(InferenceComponentName=target.component)],
            {"NoCapacityInvocationFailures": 1.0},
        )

    def processed(
        self, target: Target, status: int, model_seconds: float, others: dict[str, float]
    ) -> None:
        """Count an asynchronous request that a container got; `others` are the kind's own."""
        failed = float(not 200 <= status < 300)
        values = {
            **_errors(status),
            "ModelLatency": _microseconds(model_seconds),
            "InvocationFailures": failed,
            "InvocationsProcessed": 1.0,
            **others,
        }
        self._add(target, _places(target), values)

    def multi_model(self, target: Target, values: dict[str, float]) -> None:
        """Write down what the cache of a multi-model container did."""
        self._add(target, [_both(target)], values)

    def _add(self, target: Target, places: Sequence[Dimensions], values: dict[str, float]) -> None:
        self._measures.add(target.account, target.region, places, values)


def _errors(status: int) -> dict[str, float]:
    """Return the metrics of errors: 1 or 0 is sent for each request."""
    return {
        "Invocation4XXErrors": float(400 <= status < 500),
        "Invocation5XXErrors": float(status >= 500),
        "InvocationModelErrors": float(not 200 <= status < 300),
    }


def _microseconds(seconds: float) -> float:
    return float(max(0, round(seconds * _MICROSECONDS)))


def _both(target: Target) -> Dimensions:
    return dimensions(EndpointName=target.endpoint, VariantName=target.variant_name)


def _places(target: Target) -> list[Dimensions]:
    return _of_variant(target, target.variant_name)


def _of_variant(target: Target, variant: str) -> list[Dimensions]:
    """Return both sets of dimensions: that of all fleets, and that of this one."""
    return [
        dimensions(EndpointName=target.endpoint, VariantName=variant),
        dimensions(
            EndpointName=target.endpoint,
            VariantName=variant,
            EndpointConfigName=target.fleet.config,
        ),
    ]
