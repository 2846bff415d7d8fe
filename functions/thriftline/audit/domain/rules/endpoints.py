"""Rules on whole endpoints: idle, failed, answering with errors only."""

from collections.abc import Iterator
from decimal import Decimal

from thriftline.audit.domain.costs import endpoint_rate
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
from thriftline.audit.domain.idle import Idleness, Verdict
from thriftline.audit.domain.ours import Ours
from thriftline.audit.domain.part_use import PartUse
from thriftline.audit.domain.resources.endpoints import Endpoint
from thriftline.audit.domain.rules.rule import Observation, Rule, Subject, dollars
from thriftline.audit.domain.schedules import month_of
from thriftline.audit.domain.termination import why_too_young
from thriftline.core.wording import counted, sentence
from thriftline.money.instances import gpus_of

_NEEDS = frozenset({ResourceKind.ENDPOINT, ResourceKind.METRIC})


def requests_signal(part: PartUse) -> Signal:
    """Returns how often a part was asked, and how well that was measured."""
    return Signal(
        f"{part.requests} of {part.kind} {part.name}",
        f"{part.invocations:,.0f}, measured on {part.days_measured} of "
        f"{counted(len(part.daily), 'day')}",
    )


def _idle(subject: Subject) -> Iterator[Observation]:
    for endpoint in subject.inventory.endpoints:
        said = subject.idleness[endpoint.name]
        if said.verdict is not Verdict.IDLE or said.confidence is None:
            continue
        usd = _month(endpoint, subject)
        yield Observation(
            resource=endpoint.name,
            summary=f"{' '.join(said.reasons)} It costs {dollars(usd)} a month.",
            used=(
                *(requests_signal(part) for part in said.parts),
                *_queue_signal(endpoint),
                Signal("Requests that failed", "0"),
                Signal("Last use", f"{said.last_use:%Y-%m-%d}" if said.last_use else "none seen"),
                Signal("In service since", f"{endpoint.last_modified:%Y-%m-%d %H:%M} UTC"),
            ),
            missing=(
                ("Some days have no datapoint: the audit took them for zero.",)
                if said.missing_datapoints
                else ()
            ),
            confidence=said.confidence,
            monthly_usd=usd,
            change=_deletion(endpoint),
            severity=_severity(endpoint, usd),
            window=said.window,
        )


def _sleep(known: Ours) -> str:
    return f"Or let it sleep until it is needed: `{known.command('schedule', 'sleep')}`."


def _month(endpoint: Endpoint, subject: Subject) -> Decimal | None:
    """Returns what all that it runs costs a month, shadow variants too."""
    running = (*endpoint.variants, *endpoint.shadow_variants)
    rate = endpoint_rate(endpoint, running, subject.inventory.region, subject.prices)
    return None if rate is None else month_of(endpoint, rate, subject.inventory.now)


def _queue_signal(endpoint: Endpoint) -> tuple[Signal, ...]:
    return (Signal("Asynchronous queue", "empty"),) if endpoint.is_asynchronous else ()


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
    return Change(
        "Mark it, inform its owner, and delete it after the grace; config and models stay.",
        (*scaling, *_deletion_calls(endpoint)),
        "`restore` brings back what Thriftline ended, for it saves a copy first. After a deletion "
        "by hand: CreateEndpoint with the same config, then its tags and scaling.",
    )


def _deletion_calls(endpoint: Endpoint) -> tuple[ApiCall, ...]:
    """Returns the calls that delete it, its components first: SageMaker refuses it with any.

    Where the components could not be read, the call is not whole without them.
    """
    components = endpoint.inference_components
    is_known = not isinstance(components, Unread)
    names = () if isinstance(components, Unread) else (one.name for one in components)
    return (
        *(
            ApiCall("sagemaker", "DeleteInferenceComponent", {"InferenceComponentName": name})
            for name in names
        ),
        ApiCall(
            "sagemaker",
            "DeleteEndpoint",
            {"EndpointName": endpoint.name},
            is_partial=not is_known,
        ),
    )


def _failed(subject: Subject) -> Iterator[Observation]:
    for endpoint in subject.inventory.endpoints:
        if endpoint.status != "Failed":
            continue
        alive = _signs_of_life(endpoint, subject)
        is_young = why_too_young(endpoint, subject.inventory.now, subject.parameters) is not None
        doubts = (
            *(("Whether somebody still looks into why it failed.",) if is_young else ()),
            *(("Who relies on what still runs: only a person ends it.",) if alive else ()),
        )
        usd = _month(endpoint, subject)
        why = endpoint.failure_reason or "SageMaker gives no reason"
        yield Observation(
            resource=endpoint.name,
            summary=" ".join((f"It failed: {why.rstrip('.')}.", *alive)),
            used=(
                Signal("Status", endpoint.status),
                Signal("Created", f"{endpoint.created:%Y-%m-%d}"),
                Signal("Last changed", f"{endpoint.last_modified:%Y-%m-%d %H:%M} UTC"),
                *(Signal("Still running", one) for one in alive),
            ),
            missing=doubts,
            # The report names these, and no audit touches them.
            confidence=Confidence.LOW if doubts else Confidence.HIGH,
            monthly_usd=usd,
            change=Change(
                "Find out who calls it, then delete it or deploy it again."
                if alive
                else "Delete it: it runs no instance and costs nothing, but it hides what matters.",
                _deletion_calls(endpoint),
                "CreateEndpoint with the same config; it would fail in the same way.",
            ),
            severity=_severity(endpoint, usd) if alive else None,
        )


def _signs_of_life(endpoint: Endpoint, subject: Subject) -> tuple[str, ...]:
    """Returns what a failed endpoint still runs or answers, in sentences."""
    said = subject.idleness[endpoint.name]
    calls = sum(part.invocations + part.errors for part in said.parts)
    signs = []
    if endpoint.runs_instances:
        count = sum(one.instance_count or 0 for one in endpoint.variants)
        verb = "runs" if count == 1 else "run"
        usd = dollars(_month(endpoint, subject))
        signs.append(f"{sentence(counted(count, 'instance'))} still {verb}, for {usd} a month.")
    elif endpoint.runs_instances is None:
        signs.append("AWS does not say whether its instances still run.")
    if calls:
        days = subject.parameters.idle_window_days
        signs.append(f"It had {counted(calls, 'request')} in {counted(days, 'day')} and today.")
    return tuple(signs)


def _errors_only(subject: Subject) -> Iterator[Observation]:
    for endpoint in subject.inventory.endpoints:
        said = subject.idleness[endpoint.name]
        errors = sum(part.errors for part in said.parts)
        unread = any(part.unread for part in said.parts)
        if not errors or unread or _answered(endpoint, said, errors):
            continue
        yield Observation(
            resource=endpoint.name,
            summary=f"Somebody sent it {counted(errors, 'request')}, and every one failed.",
            used=tuple(
                Signal(f"Failed requests of {part.kind} {part.name}", f"{part.errors:,.0f}")
                for part in said.parts
            ),
            missing=("Who calls it: its log group and CloudTrail say.",),
            confidence=Confidence.MEDIUM,
            monthly_usd=_month(endpoint, subject),
            change=Change(
                "Fix it or end it: find the clients in its log, then redeploy or delete.",
                (_search_log(endpoint, subject),),
                "Nothing was changed.",
            ),
            window=said.window,
        )


def _search_log(endpoint: Endpoint, subject: Subject) -> ApiCall:
    """Returns the call that looks for errors; partial where no such log group is known."""
    name = f"/aws/sagemaker/Endpoints/{endpoint.name}"
    is_known = any(group.name == name for group in subject.inventory.log_groups)
    asked = {"logGroupName": name, "filterPattern": "?ERROR ?Error ?error", "limit": 50}
    return ApiCall("logs", "FilterLogEvents", asked, is_partial=not is_known)


def _answered(endpoint: Endpoint, said: Idleness, errors: float) -> bool:
    """Whether any request was served."""
    if endpoint.is_asynchronous:
        # AWS does not say whether what was processed counts what failed.
        return said.invocations not in (0, errors)
    # Invocations may count failed requests too: served is what is left.
    return said.invocations > errors


RULES = (
    Rule(
        id="ml.sagemaker.endpoint.idle",
        title="Idle endpoint",
        resource_type=ResourceKind.ENDPOINT,
        severity=Severity.HIGH,
        effort=Effort.CALL,
        rationale="An endpoint bills its instances by the second whether anybody calls it or not.",
        how="Requests sum to no more than `max_invocations` over `idle_window_days` whole UTC "
        "days and today, on every variant, shadow variant and inference component by its own "
        "name; none failed; no asynchronous request waits or waited; in service, created and last "
        "modified before the window; instances running now, whatever the scaling allows; no update "
        "in progress. The finding says when it was last used; use on any day that was read lowers "
        "the confidence, and so does a queue that was not measured. An endpoint with a shadow "
        "test, or whose update and rollback failed, is reported and never ended; so is one with a "
        "schedule (tag `thriftline:schedule`), which is judged by the hours in which it is on. "
        "Saved: the hourly rate of its instances x 730, or x the hours of its schedule.",
        evidence="`Invocations`, `Invocation4XXErrors`, `Invocation5XXErrors` in `AWS/SageMaker`; "
        "of components `NoCapacityInvocationFailures` too; of asynchronous endpoints, which have "
        "no `Invocations`, `InvocationsProcessed`, `InvocationFailures`, `ExpiredRequests`, "
        "`TimeInBacklog`, `ApproximateBacklogSize` and `HasBacklogWithoutCapacity`; "
        "DescribeEndpoint. Days without a datapoint count as zero only if the query succeeded, and "
        "lower the confidence.",
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
        of_ours=_sleep,
        action=ActionKind.TERMINATE_ENDPOINT,
    ),
    Rule(
        id="ml.sagemaker.endpoint.failed",
        title="Failed endpoint",
        resource_type=ResourceKind.ENDPOINT,
        severity=Severity.LOW,
        effort=Effort.CALL,
        rationale="A failed endpoint mostly costs nothing, hides what matters and keeps its name. "
        "Some still run instances, and even answer: those cost money.",
        how="Its status is Failed. Without instances the saving is 0. One that was last changed "
        "less than `failed_endpoint_min_age_days` ago has low confidence, and is left alone: "
        "somebody may be looking into it. So has one that still runs instances, or may, or had "
        "requests in `idle_window_days`: it costs what its instances cost, and only a person ends "
        "it.",
        evidence="DescribeEndpoint: status, failure reason, times, current instances; the request "
        "metrics of one that runs instances.",
        change="DeleteEndpoint.",
        undo="CreateEndpoint with the same config.",
        thresholds=("failed_endpoint_min_age_days", "idle_window_days"),
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
        how="The failed requests of the window are as many as its invocations, or more.",
        evidence="What counts requests and failures of every part, as the idle rule asks it.",
        change="Read its log, then redeploy or delete it.",
        undo="Nothing is changed by the call.",
        thresholds=("idle_window_days",),
        needs=_NEEDS,
        look=_errors_only,
    ),
)
