"""Rules on provisioned throughput, which is paid by the hour: unused, or past its deadline."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from thriftline.audit.domain.bedrock_models import asked_model, deadline_of, owner_of
from thriftline.audit.domain.bedrock_use import is_called
from thriftline.audit.domain.costs import monthly, throughput_rate
from thriftline.audit.domain.facts import ResourceKind
from thriftline.audit.domain.findings import ApiCall, Change, Confidence, Effort, Severity, Signal
from thriftline.audit.domain.idle import idle_window
from thriftline.audit.domain.resources.bedrock import ProvisionedThroughput
from thriftline.audit.domain.rules.rule import Observation, Rule, Subject, dollars
from thriftline.core.wording import counted

_NO_PRICE = "The price of a model unit: it is not in the price list."
_UNDO = "CreateProvisionedModelThroughput for the same model; it gets another ARN."


def _idle_throughput(subject: Subject) -> Iterator[Observation]:
    window = idle_window(subject.inventory.now, subject.parameters.throughput_idle_days)
    for bought in subject.inventory.bedrock.provisioned_throughputs:
        if bought.status != "InService":
            continue
        if max(bought.created, bought.last_modified) > window.start:
            continue
        # A model that nobody ever called has no series at all: old enough, that is silence.
        if is_called(bought.arn, subject.inventory.metrics, window):
            continue
        usd = _monthly(bought, subject)
        yield Observation(
            resource=bought.name,
            summary=f"Nobody called its {counted(bought.units, 'model unit')} in "
            f"{counted(subject.parameters.throughput_idle_days, 'day')}.{_cost_words(usd)} "
            f"{_commitment(bought, subject)}",
            used=(
                Signal("Invocations by its ARN", "0"),
                Signal("Created", f"{bought.created:%Y-%m-%d}"),
                Signal("Commitment", bought.commitment or "none"),
                *_signals(bought, subject),
            ),
            missing=() if usd is not None else (_NO_PRICE,),
            confidence=_confidence(bought, usd, subject),
            monthly_usd=usd,
            change=Change(
                f"Delete it. {_commitment(bought, subject)} Serve a custom model on demand "
                "(CreateCustomModelDeployment) where its base allows.",
                (_deletion(bought, subject),),
                _UNDO,
            ),
            window=window,
        )


def _overdue_throughput(subject: Subject) -> Iterator[Observation]:
    for bought in subject.inventory.bedrock.provisioned_throughputs:
        deadline = deadline_of(bought.tags)
        if deadline is None:
            continue
        if isinstance(deadline, datetime) and deadline > subject.inventory.now:
            continue
        yield _overdue(bought, deadline, subject)


def _overdue(
    bought: ProvisionedThroughput, deadline: datetime | str, subject: Subject
) -> Observation:
    usd = _monthly(bought, subject)
    is_date = isinstance(deadline, datetime)
    said = (
        f"It was to be deleted on {deadline:%Y-%m-%d %H:%M} and is still there."
        if isinstance(deadline, datetime)
        else f"Its deadline {deadline!r} is no instant, so nothing deletes it."
    )
    certain = Confidence.HIGH if is_date else Confidence.LOW
    return Observation(
        resource=bought.name,
        summary=f"{said}{_cost_words(usd)} {_commitment(bought, subject)}",
        used=(
            Signal("Deadline by its tag", str(deadline)),
            Signal("Status", bought.status),
            Signal("Commitment", bought.commitment or "none"),
            *_signals(bought, subject),
        ),
        missing=() if usd is not None else (_NO_PRICE,),
        confidence=certain if _is_free(bought, subject) else Confidence.LOW,
        monthly_usd=usd,
        change=Change(
            f"Delete it. {_commitment(bought, subject)}"
            if is_date
            else "Delete it, or write its deadline in ISO form with an offset from UTC.",
            (_deletion(bought, subject),),
            _UNDO,
        ),
    )


def _monthly(bought: ProvisionedThroughput, subject: Subject) -> Decimal | None:
    rate = throughput_rate(bought, subject.inventory, subject.prices)
    return None if rate is None else monthly(rate)


def _cost_words(usd: Decimal | None) -> str:
    return "" if usd is None else f" It costs {dollars(usd)} a month."


def _signals(bought: ProvisionedThroughput, subject: Subject) -> Iterator[Signal]:
    asked = asked_model(bought.arn, subject.inventory.bedrock)
    if asked.base is not None:
        yield Signal("Model behind it", asked.words)
    owner = owner_of(bought.tags)
    if owner is not None:
        yield Signal("Made by", owner)


def _confidence(bought: ProvisionedThroughput, usd: Decimal | None, subject: Subject) -> Confidence:
    # What a commitment binds cannot be saved before its end: it is in no sure sum.
    binds = usd is not None and not _is_free(bought, subject)
    return Confidence.LOW if binds else Confidence.MEDIUM


def _is_free(bought: ProvisionedThroughput, subject: Subject) -> bool:
    return bought.commitment is None or (
        bought.commitment_end is not None and bought.commitment_end <= subject.inventory.now
    )


def _deletion(bought: ProvisionedThroughput, subject: Subject) -> ApiCall:
    """Returns the call that deletes it, not to be run as it is while a commitment holds."""
    name = {"provisionedModelId": bought.arn}
    is_partial = not _is_free(bought, subject)
    return ApiCall("bedrock", "DeleteProvisionedModelThroughput", name, is_partial=is_partial)


def _commitment(bought: ProvisionedThroughput, subject: Subject) -> str:
    if bought.commitment is None:
        return "It has no commitment: it can go now."
    if bought.commitment_end is None:
        return f"Its commitment ({bought.commitment}) has an end that could not be read."
    if bought.commitment_end <= subject.inventory.now:
        return "Its commitment is over: it can go now."
    return f"Its commitment holds until {bought.commitment_end:%Y-%m-%d}: not before."


RULES = (
    Rule(
        id="ml.bedrock.throughput.idle",
        title="Idle provisioned throughput",
        resource_type=ResourceKind.PROVISIONED_THROUGHPUT,
        severity=Severity.HIGH,
        effort=Effort.CALL,
        rationale="Model units are billed by the hour, called or not; one that was never called "
        "has no metric at all, and tools that skip missing metrics miss just that one.",
        how="In service, created and changed more than `throughput_idle_days` ago, and the query "
        "by its ARN succeeded with no invocation and no token. A commitment cannot be ended early: "
        "the finding names its end, and its dollars are in no sure sum before. Dollars: units, "
        "their price by the hour, 730 hours.",
        evidence="`Invocations` and token counts in `AWS/Bedrock` by the ARN, "
        "ListProvisionedModelThroughputs.",
        change="DeleteProvisionedModelThroughput, at the end of its commitment.",
        undo="Buy it again: it gets another ARN.",
        thresholds=("throughput_idle_days",),
        needs=frozenset({ResourceKind.PROVISIONED_THROUGHPUT, ResourceKind.METRIC}),
        look=_idle_throughput,
    ),
    Rule(
        id="ml.bedrock.throughput.overdue",
        title="Provisioned throughput past its deadline",
        resource_type=ResourceKind.PROVISIONED_THROUGHPUT,
        severity=Severity.HIGH,
        effort=Effort.CALL,
        rationale="A throughput that was bought for a time and outlives it is billed by the hour "
        "for nothing that anybody wanted.",
        how="Its tag `thriftline:delete-after` is an instant in the past, or no instant at all "
        "(low confidence). Used or not does not matter. Dollars: units, their price by the hour, "
        "730 hours.",
        evidence="ListProvisionedModelThroughputs, ListTagsForResource.",
        change="DeleteProvisionedModelThroughput, at the end of its commitment.",
        undo="Buy it again: it gets another ARN.",
        thresholds=(),
        needs=frozenset({ResourceKind.PROVISIONED_THROUGHPUT}),
        look=_overdue_throughput,
    ),
)
