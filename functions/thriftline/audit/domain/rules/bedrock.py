"""Rules on what Bedrock keeps for nobody: model units, custom models, imported models."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from thriftline.audit.domain.bedrock_use import is_called
from thriftline.audit.domain.facts import ResourceKind
from thriftline.audit.domain.findings import ApiCall, Change, Confidence, Effort, Severity, Signal
from thriftline.audit.domain.idle import idle_window
from thriftline.audit.domain.resources.bedrock import ProvisionedThroughput
from thriftline.audit.domain.rules.rule import Observation, Rule, Subject
from thriftline.core.wording import counted


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
        yield Observation(
            resource=bought.name,
            summary=f"Nobody called its {counted(bought.units, 'model unit')} in "
            f"{counted(subject.parameters.throughput_idle_days, 'day')}. "
            f"{_commitment(bought, subject)}",
            used=(
                Signal("Invocations by its ARN", "0"),
                Signal("Created", f"{bought.created:%Y-%m-%d}"),
                Signal("Commitment", bought.commitment or "none"),
            ),
            missing=("The price of a model unit: it is not in the price list.",),
            confidence=Confidence.MEDIUM,
            monthly_usd=None,
            change=Change(
                f"Delete it. {_commitment(bought, subject)} Serve a custom model on demand "
                "(CreateCustomModelDeployment) where its base allows.",
                (_throughput_deletion(bought, subject),),
                "CreateProvisionedModelThroughput for the same model; it gets another ARN.",
            ),
            window=window,
        )


def _throughput_deletion(bought: ProvisionedThroughput, subject: Subject) -> ApiCall:
    """Returns the call that deletes it, not to be run as it is while a commitment holds."""
    is_free = bought.commitment is None or (
        bought.commitment_end is not None and bought.commitment_end <= subject.inventory.now
    )
    name = {"provisionedModelId": bought.arn}
    return ApiCall("bedrock", "DeleteProvisionedModelThroughput", name, is_partial=not is_free)


def _commitment(bought: ProvisionedThroughput, subject: Subject) -> str:
    if bought.commitment is None:
        return "It has no commitment: it can go now."
    if bought.commitment_end is None:
        return f"Its commitment ({bought.commitment}) has an end that could not be read."
    if bought.commitment_end <= subject.inventory.now:
        return "Its commitment is over: it can go now."
    return f"Its commitment holds until {bought.commitment_end:%Y-%m-%d}: not before."


def _is_old(created: datetime, subject: Subject) -> bool:
    age = subject.inventory.now - created
    return age >= timedelta(days=subject.parameters.orphaned_model_days)


def _orphaned_custom(subject: Subject) -> Iterator[Observation]:
    bedrock = subject.inventory.bedrock
    served = {one.model_arn for one in bedrock.provisioned_throughputs}
    served |= {one.model_arn for one in bedrock.deployments}
    price = subject.prices.monthly.rate("bedrock custom model", subject.inventory.region)
    for model in bedrock.custom_models:
        if model.arn in served or not _is_old(model.created, subject):
            continue
        yield Observation(
            resource=model.name,
            summary=f"Nothing has served it since {model.created:%Y-%m-%d}; it costs its storage.",
            used=(
                Signal("Provisioned throughputs of it", "none"),
                Signal("Deployments of it", "none"),
                Signal("Created", f"{model.created:%Y-%m-%d}"),
            ),
            missing=("Whether another customization starts from it.",),
            confidence=Confidence.MEDIUM,
            monthly_usd=price.usd if price else None,
            change=Change(
                "Delete it, if no release needs it.",
                (ApiCall("bedrock", "DeleteCustomModel", {"modelIdentifier": model.arn}),),
                "None: it must be customized again from the same data.",
            ),
        )


def _orphaned_imported(subject: Subject) -> Iterator[Observation]:
    days = subject.parameters.orphaned_model_days
    window = idle_window(subject.inventory.now, days)
    for model in subject.inventory.bedrock.imported_models:
        called = is_called(model.arn, subject.inventory.metrics, window)
        if called or not _is_old(model.created, subject):
            continue
        yield Observation(
            resource=model.name,
            summary=f"Nobody called this imported model in {counted(days, 'day')}.",
            used=(
                Signal("Invocations by its ARN", "0"),
                Signal("Created", f"{model.created:%Y-%m-%d}"),
            ),
            missing=("The price of keeping it: it is not in the price list.",),
            confidence=Confidence.MEDIUM,
            monthly_usd=None,
            change=Change(
                "Delete it; its artifacts stay in your bucket.",
                (ApiCall("bedrock", "DeleteImportedModel", {"modelIdentifier": model.arn}),),
                "CreateModelImportJob from the same artifacts.",
            ),
            window=window,
        )


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
        "the finding names its end.",
        evidence="`Invocations` and token counts in `AWS/Bedrock` by the ARN, "
        "ListProvisionedModelThroughputs.",
        change="DeleteProvisionedModelThroughput, at the end of its commitment.",
        undo="Buy it again: it gets another ARN.",
        thresholds=("throughput_idle_days",),
        needs=frozenset({ResourceKind.PROVISIONED_THROUGHPUT, ResourceKind.METRIC}),
        look=_idle_throughput,
    ),
    Rule(
        id="ml.bedrock.custom-model.orphaned",
        title="Custom model that nothing serves",
        resource_type=ResourceKind.CUSTOM_MODEL,
        severity=Severity.LOW,
        effort=Effort.CALL,
        rationale="A custom model is billed for its storage every month.",
        how="Older than `orphaned_model_days`, and neither a provisioned throughput nor a "
        "deployment refers to it; both lists were read to the end.",
        evidence="ListCustomModels, ListProvisionedModelThroughputs, ListCustomModelDeployments.",
        change="DeleteCustomModel.",
        undo="None: customize it again.",
        thresholds=("orphaned_model_days",),
        needs=frozenset(
            {
                ResourceKind.CUSTOM_MODEL,
                ResourceKind.PROVISIONED_THROUGHPUT,
                ResourceKind.CUSTOM_MODEL_DEPLOYMENT,
            }
        ),
        needs_whole=frozenset(
            {ResourceKind.PROVISIONED_THROUGHPUT, ResourceKind.CUSTOM_MODEL_DEPLOYMENT}
        ),
        look=_orphaned_custom,
    ),
    Rule(
        id="ml.bedrock.imported-model.orphaned",
        title="Imported model that nobody calls",
        resource_type=ResourceKind.IMPORTED_MODEL,
        severity=Severity.LOW,
        effort=Effort.CALL,
        rationale="What nobody calls hides what is in use, and is one more thing to secure.",
        how="Older than `orphaned_model_days`, and not called since by its ARN.",
        evidence="ListImportedModels, `Invocations` in `AWS/Bedrock`.",
        change="DeleteImportedModel.",
        undo="Import it again from the same artifacts.",
        thresholds=("orphaned_model_days",),
        needs=frozenset({ResourceKind.IMPORTED_MODEL, ResourceKind.METRIC}),
        look=_orphaned_imported,
    ),
)
