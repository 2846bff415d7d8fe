"""Candidates for sharing an endpoint, with the arithmetic: multi-model, inference components."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from math import ceil

from thriftline.audit.domain.costs import monthly
from thriftline.audit.domain.facts import ResourceKind
from thriftline.audit.domain.findings import ApiCall, Change, Confidence, Signal
from thriftline.audit.domain.questions import (
    GPU_MEMORY,
    MEMORY,
)
from thriftline.audit.domain.rules.hosting import Host, hosting_rule, hosts, peak
from thriftline.audit.domain.rules.rule import (
    Observation,
    Subject,
    dollars,
    pool,
)
from thriftline.audit.domain.schedules import month_of
from thriftline.money.instances import Gpu, gpus_of


def _multi_model(subject: Subject) -> Iterator[Observation]:
    images = {model.name: model for model in subject.inventory.models}
    groups: dict[tuple[str, str], list[tuple[Host, float]]] = defaultdict(list)
    for host in hosts(subject):
        model = images.get(host.variant.model if isinstance(host.variant.model, str) else "")
        used = peak(host, MEMORY, subject)
        if model and model.image and not model.is_multi_model and used is not None:
            groups[(host.instance_type, model.image)].append((host, used))
    for (instance_type, image), some in sorted(groups.items()):
        together = _fitting(some, subject.parameters.consolidation_max_percent * 2)
        if len(together) > 1 and gpus_of(instance_type) is None:
            yield from _together(
                [host for host, _ in together],
                instance_type,
                _rate_of(instance_type, subject),
                Signal("Memory in use together", f"{sum(used for _, used in together):.0f} %"),
                _multi_model_change(together[0][0], image),
                subject,
            )


def _fitting(some: list[tuple[Host, float]], limit: float) -> list[tuple[Host, float]]:
    together: list[tuple[Host, float]] = []
    for host, used in sorted(some, key=lambda one: (one[1], one[0].endpoint.name)):
        if sum(other for _, other in together) + used <= limit:
            together.append((host, used))
    return together


def _multi_model_change(host: Host, image: str) -> Change:
    return Change(
        "One model with Mode MultiModel over a prefix that holds all artifacts; callers add "
        "TargetModel. The image must support it.",
        (
            ApiCall(
                "sagemaker",
                "CreateModel",
                {
                    "ModelName": f"{host.endpoint.name[:57]}-multi",
                    "PrimaryContainer": {"Image": image, "Mode": "MultiModel"},
                },
                is_partial=True,
            ),
        ),
        "The single endpoints stay until the callers have moved.",
    )


def _components(subject: Subject) -> Iterator[Observation]:
    groups: dict[Gpu, list[tuple[Host, int]]] = defaultdict(list)
    for host in hosts(subject):
        gpu, full = gpus_of(host.instance_type), peak(host, GPU_MEMORY, subject)
        if gpu is not None and full is not None and host.count == 1:
            # A component takes whole accelerators; the metric adds their per cents up.
            groups[gpu[0]].append((host, max(1, ceil(full / 90))))
    for gpu_kind, some in sorted(groups.items(), key=lambda group: group[0].name):
        best = _best_share(gpu_kind, some, subject)
        if best is not None:
            hosts_together, devices, (rate, name) = best
            yield from _together(
                hosts_together,
                name,
                rate,
                Signal("Accelerators needed", str(devices)),
                _component_change(hosts_together[0]),
                subject,
            )


_Share = tuple[list[Host], int, tuple[Decimal, str]]


def _best_share(gpu: Gpu, some: list[tuple[Host, int]], subject: Subject) -> _Share | None:
    """Returns the endpoints that save most on one instance, the costliest for each GPU first."""
    priced = [(host, needed, host.rate) for host, needed in some if host.rate is not None]
    priced.sort(key=lambda one: (-one[2] / one[1], one[0].endpoint.name))
    best: tuple[Decimal, _Share] | None = None
    for count in range(2, len(priced) + 1):
        together = priced[:count]
        devices = sum(needed for _, needed, _ in together)
        target = _cheapest_with(gpu, devices, subject)
        if target is None:
            break
        saved = sum((rate for _, _, rate in together), Decimal(0)) - target[0]
        if saved > (best[0] if best else 0):
            best = saved, ([host for host, _, _ in together], devices, target)
    return best[1] if best else None


def _cheapest_with(gpu: Gpu, devices: int, subject: Subject) -> tuple[Decimal, str] | None:
    region = subject.inventory.region
    found = [
        (price.usd, name)
        for name in subject.prices.priced_types(region)
        if (has := gpus_of(name)) and has[0] == gpu and has[1] >= devices
        if (price := subject.prices.hosting_rate(name, region))
    ]
    return min(found, default=None)


def _component_change(host: Host) -> Change:
    model = host.variant.model if isinstance(host.variant.model, str) else "model"
    return Change(
        "One endpoint, and each model an inference component with its own accelerators, copies "
        "and metrics.",
        (
            ApiCall(
                "sagemaker",
                "CreateInferenceComponent",
                {
                    "InferenceComponentName": f"{host.endpoint.name[:57]}-model",
                    "EndpointName": "shared",
                    "VariantName": "AllTraffic",
                    "Specification": {
                        "ModelName": model,
                        "ComputeResourceRequirements": {
                            "NumberOfAcceleratorDevicesRequired": 1,
                            "MinMemoryRequiredInMb": 8192,
                        },
                    },
                    "RuntimeConfig": {"CopyCount": 1},
                },
            ),
        ),
        "The single endpoints stay until the callers have moved.",
    )


def _rate_of(instance_type: str, subject: Subject) -> Decimal | None:
    price = subject.prices.hosting_rate(instance_type, subject.inventory.region)
    return price.usd if price else None


def _together(
    some: Sequence[Host],
    instance_type: str,
    rate: Decimal | None,
    signal: Signal,
    change: Change,
    subject: Subject,
) -> Iterator[Observation]:
    names = ", ".join(host.endpoint.name for host in some)
    rates = [host.rate for host in some if host.rate is not None]
    now = sum(rates, Decimal(0)) if len(rates) == len(some) else None
    saved = _saved(some, rate, subject) if len(rates) == len(some) else None
    if saved is not None and saved <= 0:
        # They sleep by their schedules, and together they would not.
        return
    yield Observation(
        resource="+".join(host.endpoint.name for host in some),
        summary=f"{len(some)} endpoints ({names}) fit one {instance_type}: {dollars(now)} an hour "
        f"become {dollars(rate)}.",
        used=(signal, Signal("Endpoints", names)),
        missing=("Latency beside the others: measure it before the callers move.",),
        confidence=Confidence.LOW,
        monthly_usd=saved,
        change=change,
        window=subject.idleness[some[0].endpoint.name].window,
        pools=frozenset(pool(ResourceKind.ENDPOINT, host.endpoint.name) for host in some),
    )


def _saved(some: Sequence[Host], rate: Decimal | None, subject: Subject) -> Decimal | None:
    """Returns what one endpoint that is always on saves, of those that may have a schedule."""
    if rate is None:
        return None
    months = (
        month_of(host.endpoint, host.rate or Decimal(0), subject.inventory.now) for host in some
    )
    return sum(months, Decimal(0)) - monthly(rate)


RULES = (
    hosting_rule(
        "multi-model",
        "Candidates for one multi-model endpoint",
        _multi_model,
        (
            "Models of one image that leave most of their instance empty can share it.",
            "Two or more endpoints in use, on the same CPU type with the same image, whose peak "
            "memory adds up to no more than twice `consolidation_max_percent`. Saved: the sum of "
            "their rates less one.",
            "`MemoryUtilization`, DescribeModel.",
            "A model with Mode MultiModel.",
        ),
        "consolidation_max_percent",
    ),
    hosting_rule(
        "component-consolidation",
        "Candidates for inference components on one endpoint",
        _components,
        (
            "GPU models that fill a part of their GPUs can share one larger instance.",
            "Two or more endpoints in use on one instance each, of the same GPU. Each needs its "
            "peak GPU memory / 90 % in whole accelerators; the cheapest type with all of them is "
            "compared with what they cost now. Saved: the difference, if there is one.",
            "`GPUMemoryUtilization` by the variant's own name.",
            "One endpoint, an inference component for each model.",
        ),
    ),
)
