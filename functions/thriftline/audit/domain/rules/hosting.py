"""Candidates for another kind of hosting, with the arithmetic: to zero, or serverless."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from math import ceil

from thriftline.audit.domain.costs import variant_rate
from thriftline.audit.domain.facts import ResourceKind, Unread
from thriftline.audit.domain.findings import ApiCall, Change, Confidence, Effort, Severity, Signal
from thriftline.audit.domain.idle import Verdict
from thriftline.audit.domain.inventory import Window
from thriftline.audit.domain.metrics import DAY, HOUR, series_of
from thriftline.audit.domain.questions import CPU, LATENCY, MEMORY, utilisation_metric
from thriftline.audit.domain.resources.endpoints import Endpoint, Variant
from thriftline.audit.domain.rules.rule import (
    Observation,
    Rule,
    Subject,
    dollars,
    worth_telling,
)
from thriftline.audit.domain.schedules import month_of
from thriftline.audit.domain.use_signals import INVOCATIONS, variant_metric
from thriftline.core.dataclass import dataclass
from thriftline.core.wording import counted
from thriftline.money.instances import gpus_of

_NEEDS = frozenset({ResourceKind.ENDPOINT, ResourceKind.METRIC})
# Below this share of hours measured, days are counted in their stead.
_MOSTLY = 0.75
# GiB for each vCPU of the general families that serve on CPUs, and the vCPUs of their sizes.
_GIB_PER_CPU = {"t2": 2, "t3": 2, "m": 4, "c": 2, "r": 8}
_CPUS = {"medium": 2, "large": 2, "xlarge": 4, "2xlarge": 8, "4xlarge": 16}


@dataclass(frozen=True, slots=True)
class Host:
    """An endpoint in use with one variant on instances: what can be hosted otherwise."""

    endpoint: Endpoint
    variant: Variant
    instance_type: str
    count: int
    rate: Decimal | None


def hosts(subject: Subject) -> Iterator[Host]:
    """Yields the endpoints in use that have one variant on instances."""
    for endpoint in subject.inventory.endpoints:
        if subject.idleness[endpoint.name].verdict not in (Verdict.QUIET, Verdict.IN_USE):
            continue
        if len(endpoint.variants) != 1 or endpoint.inference_components != ():
            continue
        # In use only by its errors: that needs a fix, not other hosting.
        if not subject.idleness[endpoint.name].invocations:
            continue
        variant = endpoint.variants[0]
        if isinstance(variant.instance_type, str) and variant.instance_count:
            rate = variant_rate(variant, subject.inventory.region, subject.prices)
            yield Host(endpoint, variant, variant.instance_type, variant.instance_count, rate)


def _scale_to_zero(subject: Subject) -> Iterator[Observation]:
    for host in hosts(subject):
        window = subject.idleness[host.endpoint.name].window
        silent = _silent_share(host, window, subject)
        if silent is None or silent[0] < subject.parameters.scale_to_zero_idle_share:
            continue
        if host.variant.managed_scaling and host.variant.managed_scaling.minimum == 0:
            continue
        month = (
            None if host.rate is None else month_of(host.endpoint, host.rate, subject.inventory.now)
        )
        saved = None if month is None else month * Decimal(str(silent[0]))
        if worth_telling(saved, subject.parameters):
            yield _to_zero(host, silent, saved, window)


def _silent_share(host: Host, window: Window, subject: Subject) -> tuple[float, str] | None:
    """Returns the share of time without a request, by the hour if most hours were measured."""
    for period, unit in ((HOUR, "hours"), (DAY, "days")):
        key = variant_metric(
            host.endpoint.name, host.variant.name, INVOCATIONS, period_seconds=period
        )
        series = series_of(subject.inventory.metrics, key)
        if isinstance(series, Unread):
            continue
        values = series.between(window.start, window.end)
        measured = [value for value in values if value is not None]
        if values and len(measured) >= _MOSTLY * len(values):
            silent = sum(value == 0 for value in measured)
            return silent / len(measured), f"{silent} of {len(measured)} {unit}"
    return None


def _to_zero(
    host: Host, silent: tuple[float, str], saved: Decimal | None, window: Window
) -> Observation:
    scaling = {"Status": "ENABLED", "MinInstanceCount": 0, "MaxInstanceCount": host.count}
    production = {
        "VariantName": host.variant.name,
        "InstanceType": host.instance_type,
        "InitialInstanceCount": host.count,
        "ManagedInstanceScaling": scaling,
    }
    target = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"inference-component/{host.endpoint.name[:57]}-model",
        "ScalableDimension": "sagemaker:inference-component:DesiredCopyCount",
        "MinCapacity": 0,
        "MaxCapacity": host.count,
    }
    return Observation(
        resource=host.endpoint.name,
        summary=f"Nobody called in {silent[1]}: at {silent[0]:.0%} of {dollars(host.rate)} an hour "
        f"that is {dollars(saved)} a month.",
        used=(Signal("Without a request", silent[1]), Signal("Instances", str(host.count))),
        missing=(
            "Whether its callers can wait: the first call after zero fails for some minutes.",
        ),
        confidence=Confidence.MEDIUM,
        monthly_usd=saved,
        change=Change(
            "Host the model as an inference component on managed instances that may go to zero; "
            "a step policy on NoCapacityInvocationFailures brings the first copy back.",
            (
                ApiCall(
                    "sagemaker",
                    "CreateEndpointConfig",
                    {
                        "EndpointConfigName": f"{host.endpoint.name[:55]}-to-zero",
                        "ProductionVariants": [production],
                    },
                    is_partial=True,
                ),
                # The component is made with the new config: AWS takes no target before it is there.
                ApiCall(
                    "application-autoscaling", "RegisterScalableTarget", target, is_partial=True
                ),
            ),
            f"UpdateEndpoint with {host.endpoint.config_name}.",
        ),
        window=window,
    )


def _serverless(subject: Subject) -> Iterator[Observation]:
    for host in hosts(subject):
        gib = memory_gib(host.instance_type)
        used = peak(host, MEMORY, subject)
        if gpus_of(host.instance_type) or gib is None or used is None:
            continue
        needed_mb = gib * 1024 * used / 100 / host.count
        if needed_mb > subject.parameters.serverless_max_memory_mb:
            continue
        yield _to_serverless(host, needed_mb, subject)


def memory_gib(instance_type: str) -> int | None:
    """Returns the memory of a CPU instance of a general family, None for others."""
    parts = instance_type.split(".")
    if len(parts) != 3:
        return None
    _, family, size = parts
    of_each = _GIB_PER_CPU.get(family) or _GIB_PER_CPU.get(family[:1])
    cpus = _CPUS.get(size)
    return of_each * cpus if of_each and cpus and family[1:2].isdigit() else None


def _to_serverless(host: Host, needed_mb: float, subject: Subject) -> Observation:
    memory = min(6144, max(1024, ceil(needed_mb * 1.25 / 1024) * 1024))
    said = subject.idleness[host.endpoint.name]
    seconds = _latency_seconds(host, subject)
    gb_seconds = None if seconds is None else said.invocations * seconds * memory / 1024
    days = subject.parameters.idle_window_days
    production = {
        "VariantName": host.variant.name,
        "ModelName": host.variant.model if isinstance(host.variant.model, str) else "model",
        "ServerlessConfig": {"MemorySizeInMB": memory, "MaxConcurrency": 5},
    }
    month = None
    if host.rate is not None:
        month = month_of(host.endpoint, host.rate, subject.inventory.now)
    return Observation(
        resource=host.endpoint.name,
        summary=(
            f"It needs {memory} MB for {counted(said.invocations, 'request')} in "
            f"{counted(days, 'day')}"
        )
        + ("" if gb_seconds is None else f", which is {gb_seconds:,.0f} GB-seconds")
        + f"; its instance costs {dollars(month)} a month, used or not.",
        used=(
            Signal("Memory in use at most", f"{needed_mb:,.0f} MB"),
            Signal("Invocations", f"{said.invocations:,.0f}"),
            *(() if seconds is None else (Signal("ModelLatency", f"{seconds:.3f} s"),)),
        ),
        missing=(
            "The price of a serverless GB-second: it is not in the price list.",
            "Whether it needs a VPC, data capture or a GPU: serverless has none of them.",
        ),
        confidence=Confidence.LOW,
        monthly_usd=None,
        change=Change(
            "Serve it without instances.",
            (
                ApiCall(
                    "sagemaker",
                    "CreateEndpointConfig",
                    {
                        "EndpointConfigName": f"{host.endpoint.name[:52]}-serverless",
                        "ProductionVariants": [production],
                    },
                    is_partial=True,
                ),
            ),
            f"UpdateEndpoint with {host.endpoint.config_name}.",
        ),
        window=said.window,
    )


def _latency_seconds(host: Host, subject: Subject) -> float | None:
    key = variant_metric(host.endpoint.name, host.variant.name, LATENCY, "Average")
    series = series_of(subject.inventory.metrics, key)
    values = () if isinstance(series, Unread) else [v for v in series.values if v]
    # CloudWatch gives microseconds.
    return sum(values) / len(values) / 1e6 if values else None


def peak(host: Host, name: str, subject: Subject) -> float | None:
    """Returns the highest of a day in the window, None for unread or unmeasured."""
    stat = "Average" if name == CPU else "Maximum"
    key = utilisation_metric(host.endpoint.name, host.variant.name, name, stat)
    series = series_of(subject.inventory.metrics, key)
    if isinstance(series, Unread):
        return None
    window = subject.idleness[host.endpoint.name].window
    values = [v for v in series.between(window.start, window.end) if v is not None]
    return max(values) if len(values) >= _MOSTLY * subject.parameters.idle_window_days else None


def hosting_rule(
    name: str,
    title: str,
    look: Callable[[Subject], Iterator[Observation]],
    texts: tuple[str, str, str, str],
    *thresholds: str,
) -> Rule:
    """Returns a rule on another kind of hosting; they differ in arithmetic and texts only."""
    rationale, how, evidence, change = texts
    return Rule(
        id=f"ml.sagemaker.endpoint.{name}",
        title=title,
        resource_type=ResourceKind.ENDPOINT,
        severity=Severity.MEDIUM,
        effort=Effort.PROJECT,
        rationale=rationale,
        how=how,
        evidence=evidence,
        change=change,
        undo="The old endpoint or config stays until the new one serves.",
        thresholds=thresholds,
        needs=_NEEDS,
        look=look,
    )


RULES = (
    hosting_rule(
        "scale-to-zero",
        "Candidate for scaling to zero",
        _scale_to_zero,
        (
            "An endpoint that is called now and then pays for the silence between.",
            "In use, one variant on instances, and without a request in a share of the hours of "
            "the window above `scale_to_zero_idle_share`; in days where fewer than three quarters "
            "of the hours were measured. Saved: monthly rate x that share.",
            "Hourly and daily `Invocations` by the variant's own name.",
            "Inference component, managed instances with minimum 0, a policy that wakes it.",
        ),
        "scale_to_zero_idle_share",
        "min_saving_usd",
    ),
    hosting_rule(
        "serverless",
        "Candidate for serverless",
        _serverless,
        (
            "A small model on a CPU that is seldom called needs no instance.",
            "In use, one variant on a CPU type whose memory is known, and no more than "
            "`serverless_max_memory_mb` in use. GB-seconds = requests x latency x memory; their "
            "price is not in the list, so no dollars are claimed.",
            "`MemoryUtilization`, `Invocations`, `ModelLatency`.",
            "An endpoint config with ServerlessConfig, then UpdateEndpoint.",
        ),
        "serverless_max_memory_mb",
    ),
)
