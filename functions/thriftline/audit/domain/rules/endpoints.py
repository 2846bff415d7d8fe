"""Rules on whole endpoints: idle, failed, answering with errors only."""

from collections.abc import Iterator
from decimal import Decimal

from thriftline.audit.domain.costs import endpoint_rate, monthly
from thriftline.audit.domain.facts import ResourceKind, Unread
from thriftline.audit.domain.findings import (
    ActionKind,
    ApiCall,
    Change,
    Confidence,
    Effort,
    Severity,
    Signal,
)
from thriftline.audit.domain.idle import Verdict
from thriftline.audit.domain.part_use import PartUse
from thriftline.audit.domain.resources.endpoints import Endpoint
from thriftline.audit.domain.rules.rule import Observation, Rule, Subject, dollars
from thriftline.audit.domain.termination import why_too_young
from thriftline.money.instances import gpus_of

_NEEDS = frozenset({ResourceKind.ENDPOINT, ResourceKind.METRIC})


def requests_signal(part: PartUse) -> Signal:
    """Returns how often a part was asked, and how well that was measured."""
    return Signal(
        f"Invocations of {part.kind} {part.name}",
        f"{part.invocations:,.0f}, measured on {part.days_measured} of {len(part.daily)} days",
    )


def _idle(subject: Subject) -> Iterator[Observation]:
    for endpoint in subject.inventory.endpoints:
        said = subject.idleness[endpoint.name]
        if said.verdict is not Verdict.IDLE or said.confidence is None:
            continue
        rate = endpoint_rate(endpoint, endpoint.variants, subject.inventory.region, subject.prices)
        usd = None if rate is None else monthly(rate)
        yield Observation(
            resource=endpoint.name,
            summary=f"{' '.join(said.reasons)} It costs {dollars(usd)} a month.",
            used=(
                *(requests_signal(part) for part in said.parts),
                Signal("4xx and 5xx", "0"),
                Signal("In service since", f"{endpoint.last_modified:%Y-%m-%d %H:%M} UTC"),
            ),
            missing=(
                ("Datapoints of some days: they were taken for zero.",)
                if said.missing_datapoints
                else ()
            ),
            confidence=said.confidence,
            monthly_usd=usd,
            change=_deletion(endpoint),
            severity=_severity(endpoint, usd),
            window=said.window,
        )


def _severity(endpoint: Endpoint, usd: Decimal | None) -> Severity:
    on_gpus = any(
        isinstance(one.instance_type, str) and gpus_of(one.instance_type)
        for one in endpoint.variants
    )
    return Severity.HIGH if on_gpus or usd is None or usd >= 100 else Severity.MEDIUM


def _deletion(endpoint: Endpoint) -> Change:
    targets = () if isinstance(endpoint.scaling, Unread) else endpoint.scaling
    scaling = tuple(
        ApiCall(
            "application-autoscaling",
            "DeregisterScalableTarget",
            {
                "ServiceNamespace": "sagemaker",
                "ResourceId": target.resource_id,
                "ScalableDimension": target.dimension,
            },
        )
        for target in targets
    )
    delete = ApiCall("sagemaker", "DeleteEndpoint", {"EndpointName": endpoint.name})
    return Change(
        "Mark it, tell its owner, and after the grace delete it; config and models stay.",
        (*scaling, delete),
        "`restore` brings back what Thriftline ended, for it saves a copy first. After a deletion "
        "by hand: CreateEndpoint with the same config, then its tags and scaling.",
    )


def _failed(subject: Subject) -> Iterator[Observation]:
    for endpoint in subject.inventory.endpoints:
        if endpoint.status != "Failed":
            continue
        is_young = why_too_young(endpoint, subject.inventory.now, subject.parameters) is not None
        yield Observation(
            resource=endpoint.name,
            summary=f"It failed: {endpoint.failure_reason or 'SageMaker gives no reason'}",
            used=(
                Signal("Status", endpoint.status),
                Signal("Created", f"{endpoint.created:%Y-%m-%d}"),
                Signal("Last changed", f"{endpoint.last_modified:%Y-%m-%d %H:%M} UTC"),
            ),
            missing=("Whether somebody still looks into why it failed.",) if is_young else (),
            # A young one is told, and left alone.
            confidence=Confidence.LOW if is_young else Confidence.HIGH,
            monthly_usd=Decimal(0),
            change=Change(
                "Delete it: it runs no instance and costs nothing, but it hides what matters.",
                (ApiCall("sagemaker", "DeleteEndpoint", {"EndpointName": endpoint.name}),),
                "CreateEndpoint with the same config; it would fail in the same way.",
            ),
        )


def _errors_only(subject: Subject) -> Iterator[Observation]:
    for endpoint in subject.inventory.endpoints:
        said = subject.idleness[endpoint.name]
        errors = sum(part.errors for part in said.parts)
        # Invocations may count failed requests too: served is what is left.
        unread = any(part.unread for part in said.parts)
        if not errors or unread or said.invocations > errors:
            continue
        rate = endpoint_rate(endpoint, endpoint.variants, subject.inventory.region, subject.prices)
        yield Observation(
            resource=endpoint.name,
            summary=f"It answered {errors:,.0f} requests, every one with 4xx or 5xx.",
            used=tuple(
                Signal(f"4xx and 5xx of {part.kind} {part.name}", f"{part.errors:,.0f}")
                for part in said.parts
            ),
            missing=("Who calls it: its log group and CloudTrail tell.",),
            confidence=Confidence.MEDIUM,
            monthly_usd=None if rate is None else monthly(rate),
            change=Change(
                "Mend it or end it: find the clients in its log, then redeploy or delete.",
                (
                    ApiCall(
                        "logs",
                        "FilterLogEvents",
                        {
                            "logGroupName": f"/aws/sagemaker/Endpoints/{endpoint.name}",
                            "filterPattern": "?ERROR ?Error ?error",
                            "limit": 50,
                        },
                    ),
                ),
                "Nothing was changed.",
            ),
            window=said.window,
        )


RULES = (
    Rule(
        id="ml.sagemaker.endpoint.idle",
        title="Idle endpoint",
        resource_type=ResourceKind.ENDPOINT,
        severity=Severity.HIGH,
        effort=Effort.CALL,
        rationale="An endpoint bills its instances by the second whether anybody calls it or not.",
        how="Invocations sum to no more than `max_invocations` over `idle_window_days` whole UTC "
        "days and today, on every variant, shadow variant and inference component by its own "
        "name; no 4xx or 5xx; no asynchronous backlog; in service, created and last modified "
        "before the window; instances running; no update, no shadow test. Saved: the hourly rate "
        "of its instances x 730.",
        evidence="`Invocations`, `Invocation4XXErrors`, `Invocation5XXErrors` in `AWS/SageMaker`, "
        "`ApproximateBacklogSize` of asynchronous ones, DescribeEndpoint. Days without a datapoint "
        "count as zero only if the query succeeded, and lower the confidence.",
        change="Deregister its scaling and delete it, after mark, message and grace.",
        undo="Config and models stay; the saved copy brings endpoint, tags and scaling back.",
        thresholds=(
            "idle_window_days",
            "max_invocations",
            "quiet_invocations_per_day",
            "act_on_missing_datapoints",
            "grace_hours",
        ),
        needs=_NEEDS,
        look=_idle,
        action=ActionKind.TERMINATE_ENDPOINT,
    ),
    Rule(
        id="ml.sagemaker.endpoint.failed",
        title="Failed endpoint",
        resource_type=ResourceKind.ENDPOINT,
        severity=Severity.LOW,
        effort=Effort.CALL,
        rationale="A failed endpoint costs nothing, but hides what matters, and uses its name up.",
        how="Its status is Failed. It runs no instance: the saving is 0. One that was last changed "
        "less than `failed_endpoint_min_age_days` ago has low confidence, and is left alone: "
        "somebody may be looking into it.",
        evidence="DescribeEndpoint: status, failure reason, times.",
        change="DeleteEndpoint.",
        undo="CreateEndpoint with the same config.",
        thresholds=("failed_endpoint_min_age_days",),
        needs=frozenset({ResourceKind.ENDPOINT}),
        look=_failed,
        action=ActionKind.DELETE_FAILED_ENDPOINT,
    ),
    Rule(
        id="ml.sagemaker.endpoint.errors-only",
        title="Endpoint that answers with errors only",
        resource_type=ResourceKind.ENDPOINT,
        severity=Severity.HIGH,
        effort=Effort.PROJECT,
        rationale="Somebody calls it and nobody is served: it is not idle, and not useful either.",
        how="4xx and 5xx of the window are as many as its invocations, or more.",
        evidence="`Invocation4XXErrors`, `Invocation5XXErrors` and `Invocations` of every part.",
        change="Read its log, then redeploy or delete it.",
        undo="Nothing is changed by the call.",
        thresholds=("idle_window_days",),
        needs=_NEEDS,
        look=_errors_only,
    ),
)
