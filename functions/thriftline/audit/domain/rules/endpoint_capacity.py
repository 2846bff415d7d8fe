"""Rules on the instances behind endpoints in use: idle variants, GPUs hardly used, no scaling."""

from collections.abc import Iterator
from decimal import Decimal

from thriftline.audit.domain.costs import variant_rate
from thriftline.audit.domain.facts import ResourceKind, Unread
from thriftline.audit.domain.findings import (
    ApiCall,
    Change,
    Confidence,
    Effort,
    Severity,
    Signal,
)
from thriftline.audit.domain.idle import Verdict, idle_window
from thriftline.audit.domain.inventory import Window
from thriftline.audit.domain.metrics import series_of
from thriftline.audit.domain.part_use import PartKind, PartUse
from thriftline.audit.domain.questions import GPU, GPU_MEMORY, utilisation_metric
from thriftline.audit.domain.resources.endpoints import Endpoint, Variant
from thriftline.audit.domain.rules.endpoints import requests_signal
from thriftline.audit.domain.rules.rule import Observation, Rule, Subject, dollars, pool
from thriftline.audit.domain.schedules import month_of
from thriftline.money.instances import gpus_of

_NEEDS = frozenset({ResourceKind.ENDPOINT, ResourceKind.METRIC})


def _variant_idle(subject: Subject) -> Iterator[Observation]:
    for endpoint in subject.inventory.endpoints:
        said = subject.idleness[endpoint.name]
        if said.verdict not in (Verdict.QUIET, Verdict.IN_USE) or endpoint.shadow_variants:
            continue
        if endpoint.inference_components != () or len(endpoint.variants) < 2:
            continue
        uses = {part.name: part for part in said.parts if part.kind is PartKind.VARIANT}
        for variant in endpoint.variants:
            use = uses[variant.name]
            if _is_silent(use) and endpoint.last_modified <= said.window.start:
                yield _idle_variant(endpoint, variant, use, subject)


def _is_silent(use: PartUse) -> bool:
    whole = bool(use.daily) and use.days_measured == len(use.daily)
    return not use.unread and whole and use.invocations == 0 and use.errors == 0


def _idle_variant(
    endpoint: Endpoint, variant: Variant, use: PartUse, subject: Subject
) -> Observation:
    rate = variant_rate(variant, subject.inventory.region, subject.prices)
    usd = None if rate is None else month_of(endpoint, rate, subject.inventory.now)
    weights = [
        {"VariantName": one.name, "DesiredWeight": 0.0 if one is variant else one.weight or 1.0}
        for one in endpoint.variants
    ]
    return Observation(
        resource=f"{endpoint.name}/{variant.name}",
        summary=f"Other variants answer, this one had no request; {dollars(usd)} a month.",
        used=(requests_signal(use), Signal("Weight", str(variant.weight))),
        confidence=Confidence.HIGH,
        monthly_usd=usd,
        change=Change(
            "Take its weight away, then leave it out of the next endpoint config.",
            (
                ApiCall(
                    "sagemaker",
                    "UpdateEndpointWeightsAndCapacities",
                    {
                        "EndpointName": endpoint.name,
                        "DesiredWeightsAndCapacities": weights,
                    },
                ),
            ),
            "The same call with the old weights.",
        ),
        window=subject.idleness[endpoint.name].window,
        pools=frozenset({pool(ResourceKind.ENDPOINT, endpoint.name)}),
    )


def _under_used(subject: Subject) -> Iterator[Observation]:
    parameters = subject.parameters
    window = idle_window(subject.inventory.now, parameters.utilisation_window_days)
    for endpoint in subject.inventory.endpoints:
        if not endpoint.serves or endpoint.last_modified > window.start:
            continue
        if subject.idleness[endpoint.name].verdict not in (Verdict.QUIET, Verdict.IN_USE):
            continue
        for variant in endpoint.variants:
            seen = _gpu_use(endpoint, variant, window, subject)
            if seen is not None:
                yield seen


def _gpu_use(
    endpoint: Endpoint, variant: Variant, window: Window, subject: Subject
) -> Observation | None:
    if not isinstance(variant.instance_type, str) or not variant.instance_count:
        return None
    gpu = gpus_of(variant.instance_type)
    if gpu is None:
        return None
    busy = _average(endpoint, variant, GPU, "Average", window, subject)
    full = _average(endpoint, variant, GPU_MEMORY, "Maximum", window, subject)
    if busy is None or full is None:
        return None
    # The metric adds up the GPUs of an instance: 400 is four of them.
    busy, full = busy / gpu[1], full / gpu[1]
    parameters = subject.parameters
    if (
        busy >= parameters.under_used_gpu_percent
        or full >= parameters.under_used_gpu_memory_percent
    ):
        return None
    smaller = _smaller(variant.instance_type, full, subject)
    if smaller is None:
        return None
    rate = variant_rate(variant, subject.inventory.region, subject.prices)
    return Observation(
        resource=f"{endpoint.name}/{variant.name}",
        summary=f"Its GPUs are {busy:.0f} % busy and {full:.0f} % full: {smaller[0]} holds it.",
        used=(
            Signal(f"{GPU}, average of each GPU", f"{busy:.1f} %"),
            Signal(f"{GPU_MEMORY}, highest of a day, of each GPU", f"{full:.1f} %"),
        ),
        missing=("Latency on the smaller type: measure it before the switch.",),
        confidence=Confidence.MEDIUM,
        monthly_usd=None
        if rate is None
        else month_of(endpoint, rate - smaller[1] * variant.instance_count, subject.inventory.now),
        change=Change(
            f"Serve it from {smaller[0]}: a new config, then "
            "UpdateEndpoint, which keeps the old one serving until the new one is healthy.",
            _retype(endpoint, variant, smaller[0]),
            f"UpdateEndpoint with {endpoint.config_name}.",
        ),
        window=window,
        pools=frozenset({pool(ResourceKind.ENDPOINT, endpoint.name)}),
    )


def _average(
    endpoint: Endpoint, variant: Variant, name: str, stat: str, window: Window, subject: Subject
) -> float | None:
    """Returns the mean of the days that were measured, None for unread or hardly measured."""
    key = utilisation_metric(endpoint.name, variant.name, name, stat)
    series = series_of(subject.inventory.metrics, key)
    if isinstance(series, Unread):
        return None
    days = series.between(window.start, window.end)
    values = [value for value in days if value is not None]
    if len(values) < subject.parameters.utilisation_window_days / 2:
        return None
    return max(values) if stat == "Maximum" else sum(values) / len(values)


def _smaller(instance_type: str, full: float, subject: Subject) -> tuple[str, Decimal] | None:
    """Returns the cheapest type whose GPU memory is twice what is in use, and its rate."""
    gpu = gpus_of(instance_type)
    region = subject.inventory.region
    price = subject.prices.hosting_rate(instance_type, region)
    if gpu is None or price is None:
        return None
    needed = 2 * full / 100 * gpu[0].memory_gib * gpu[1]
    fitting = []
    for name in subject.prices.priced_types(region):
        other, rate = gpus_of(name), subject.prices.hosting_rate(name, region)
        if other is None or rate is None or rate.usd >= price.usd:
            continue
        # A model that serves in bf16 does not run on a GPU without it.
        same = gpu[0].precision == "fp16" or other[0].precision == "bf16"
        if same and other[0].memory_gib * other[1] >= needed:
            fitting.append((rate.usd, name))
    return (min(fitting)[1], min(fitting)[0]) if fitting else None


def _retype(endpoint: Endpoint, changed: Variant, name: str) -> tuple[ApiCall, ...]:
    """Returns the calls to a config that differs in one type.

    They are partial: the inventory does not hold what else the config says, such as its key, its
    capture, or where an asynchronous endpoint writes, and a config without it is another one.
    """
    config = f"{endpoint.name}-{name.replace('.', '-')}"[:63].rstrip("-")
    variants = [_production(one, name if one is changed else None) for one in endpoint.variants]
    known = [one for one in variants if one is not None]
    return (
        ApiCall(
            "sagemaker",
            "CreateEndpointConfig",
            {"EndpointConfigName": config, "ProductionVariants": known},
            is_partial=True,
        ),
        ApiCall(
            "sagemaker",
            "UpdateEndpoint",
            {"EndpointName": endpoint.name, "EndpointConfigName": config},
            is_partial=True,
        ),
    )


def _production(variant: Variant, name: str | None) -> dict[str, object] | None:
    if not isinstance(variant.model, str) or not isinstance(variant.instance_type, str):
        return None
    return {
        "VariantName": variant.name,
        "ModelName": variant.model,
        "InstanceType": name or variant.instance_type,
        "InitialInstanceCount": variant.instance_count or 1,
        "InitialVariantWeight": 1.0 if variant.weight is None else variant.weight,
    }


def _no_scaling(subject: Subject) -> Iterator[Observation]:
    for endpoint in subject.inventory.endpoints:
        said = subject.idleness[endpoint.name]
        if said.verdict not in (Verdict.QUIET, Verdict.IN_USE) or isinstance(
            endpoint.scaling, Unread
        ):
            continue
        if endpoint.inference_components != ():
            continue
        scaled = {
            target.resource_id
            for target in endpoint.scaling
            if not isinstance(target.policies, Unread) and target.policies
        }
        for variant in endpoint.variants:
            resource = f"endpoint/{endpoint.name}/variant/{variant.name}"
            if resource not in scaled and _is_steady(variant):
                yield _unscaled(endpoint, variant, resource, subject)


def _is_steady(variant: Variant) -> bool:
    return (
        variant.serverless is None
        and variant.managed_scaling is None
        and bool(variant.instance_count)
        and not _is_burstable(variant)
    )


def _is_burstable(variant: Variant) -> bool:
    """Whether its type is one that SageMaker does not scale, such as ml.t2.medium."""
    return isinstance(variant.instance_type, str) and variant.instance_type.startswith("ml.t")


def _unscaled(endpoint: Endpoint, variant: Variant, resource: str, subject: Subject) -> Observation:
    count = variant.instance_count or 1
    rate = variant_rate(variant, subject.inventory.region, subject.prices)
    whole = None if rate is None else month_of(endpoint, rate, subject.inventory.now)
    spare = None if whole is None else whole * (count - 1) / count
    target = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": resource,
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    load, measured = _target_load(endpoint)
    policy = {**load, "ScaleInCooldown": 600, "ScaleOutCooldown": 60}
    return Observation(
        resource=f"{endpoint.name}/{variant.name}",
        summary=f"{count} x {variant.instance_type}, by night as by day: it has no scaling policy.",
        used=(Signal("Scalable targets with a policy", "none"), Signal("Instances", str(count))),
        missing=(
            measured,
            *(("With one instance, none can be taken away.",) if count == 1 else ()),
        ),
        confidence=Confidence.MEDIUM if count > 1 else Confidence.LOW,
        # What the instances beyond the first cost is the most that scaling in can save.
        monthly_usd=None,
        severity=Severity.MEDIUM if count > 1 else Severity.INFO,
        change=Change(
            f"Let it scale between 1 and {max(count, 2)} instances; at most {dollars(spare)} of a "
            "month lies in it.",
            (
                ApiCall(
                    "application-autoscaling",
                    "RegisterScalableTarget",
                    target | {"MinCapacity": 1, "MaxCapacity": max(count, 2)},
                ),
                ApiCall(
                    "application-autoscaling",
                    "PutScalingPolicy",
                    target
                    | {
                        "PolicyName": "thriftline-backlog"
                        if endpoint.is_asynchronous
                        else "thriftline-invocations",
                        "PolicyType": "TargetTrackingScaling",
                        "TargetTrackingScalingPolicyConfiguration": policy,
                    },
                ),
            ),
            "DeregisterScalableTarget; then set the count by UpdateEndpointWeightsAndCapacities.",
        ),
        pools=frozenset({pool(ResourceKind.ENDPOINT, endpoint.name)}),
    )


def _target_load(endpoint: Endpoint) -> tuple[dict[str, object], str]:
    """Returns what the policy tracks, and what of it was not measured."""
    if not endpoint.is_asynchronous:
        metric = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
        return (
            {"TargetValue": 70.0, "PredefinedMetricSpecification": metric},
            "How many requests one instance bears: 70 a minute stands in the call; measure it.",
        )
    # SageMaker publishes no invocations of an asynchronous endpoint; it scales on its queue.
    backlog = {
        "MetricName": "ApproximateBacklogSizePerInstance",
        "Namespace": "AWS/SageMaker",
        "Dimensions": [{"Name": "EndpointName", "Value": endpoint.name}],
        "Statistic": "Average",
    }
    return (
        {"TargetValue": 5.0, "CustomizedMetricSpecification": backlog},
        "How many requests may wait for one instance: 5 stand in the call "
        "(ApproximateBacklogSizePerInstance); choose by how long a caller may wait.",
    )


RULES = (
    Rule(
        id="ml.sagemaker.endpoint.variant-idle",
        title="Idle variant of a busy endpoint",
        resource_type=ResourceKind.ENDPOINT,
        severity=Severity.MEDIUM,
        effort=Effort.DEPLOYMENT,
        rationale="A variant that gets no traffic costs as much as one that does.",
        how="The endpoint is used, has two variants or more, and one of them had a datapoint of "
        "zero on every day of the window.",
        evidence="`Invocations` of each variant by its own name; every day measured.",
        change="Set its weight to zero, then leave it out of the next config.",
        undo="Set the old weights.",
        thresholds=("idle_window_days",),
        needs=_NEEDS,
        look=_variant_idle,
    ),
    Rule(
        id="ml.sagemaker.endpoint.gpu-under-used",
        title="Under-used GPU endpoint",
        resource_type=ResourceKind.ENDPOINT,
        severity=Severity.MEDIUM,
        effort=Effort.DEPLOYMENT,
        rationale="A large GPU that is nearly empty does what a small one would do.",
        how="Over `utilisation_window_days`, each GPU is on average less than "
        "`under_used_gpu_percent` busy, and never more than `under_used_gpu_memory_percent` full. "
        "SageMaker adds the GPUs of an instance up, so the metric is divided by their number. "
        "Reported where a cheaper type with a price has twice the memory in use, and bf16 if the "
        "old "
        "has it. Saved: the difference.",
        evidence="`GPUUtilization`, `GPUMemoryUtilization` in `/aws/sagemaker/Endpoints`; fewer "
        "than half of the days measured is not evidence.",
        change="A new endpoint config with the smaller type, and UpdateEndpoint.",
        undo="UpdateEndpoint with the old config.",
        thresholds=(
            "utilisation_window_days",
            "under_used_gpu_percent",
            "under_used_gpu_memory_percent",
        ),
        needs=_NEEDS,
        look=_under_used,
    ),
    Rule(
        id="ml.sagemaker.endpoint.no-scaling",
        title="Endpoint without scaling",
        resource_type=ResourceKind.ENDPOINT,
        severity=Severity.MEDIUM,
        effort=Effort.CALL,
        rationale="A fixed number of instances is paid for at the peak and at night alike.",
        how="A used variant on instances has no scalable target with a policy, and no managed "
        "scaling. SageMaker does not scale burstable types (ml.t2), so they are left out. An "
        "asynchronous endpoint scales on its queue, not on invocations. No dollars are claimed: "
        "how much of the day needs fewer instances is not known.",
        evidence="DescribeScalableTargets, DescribeScalingPolicies, the current instance count.",
        change="Register a scalable target and a target-tracking policy.",
        undo="DeregisterScalableTarget.",
        thresholds=(),
        needs=_NEEDS,
        look=_no_scaling,
    ),
)
