"""Rules on what Bedrock keeps for nobody: custom models, deployments, imported models."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from thriftline.audit.domain.bedrock_models import asked_model, owner_of
from thriftline.audit.domain.bedrock_use import is_called
from thriftline.audit.domain.facts import Fact, ResourceKind, Tags
from thriftline.audit.domain.findings import ApiCall, Change, Confidence, Effort, Severity, Signal
from thriftline.audit.domain.idle import idle_window
from thriftline.audit.domain.inventory import Window
from thriftline.audit.domain.resources.bedrock import CustomModel, CustomModelDeployment
from thriftline.audit.domain.rules.rule import Observation, Rule, Subject, dollars, pool
from thriftline.core.wording import counted


def _is_old(created: datetime, subject: Subject) -> bool:
    age = subject.inventory.now - created
    return age >= timedelta(days=subject.parameters.orphaned_model_days)


def _orphaned_custom(subject: Subject) -> Iterator[Observation]:
    bedrock = subject.inventory.bedrock
    served = {one.model_arn for one in bedrock.provisioned_throughputs}
    served |= {one.model_arn for one in bedrock.deployments}
    for model in bedrock.custom_models:
        if model.arn in served or not _is_old(model.created, subject):
            continue
        kept = _kept_by(model, subject)
        yield Observation(
            resource=model.name,
            summary=f"Nothing has served it since {model.created:%Y-%m-%d}; it costs its storage."
            + (f" The registry keeps it: {kept}." if kept else ""),
            used=(
                Signal("Provisioned throughputs of it", "none"),
                Signal("Deployments of it", "none"),
                Signal("Created", f"{model.created:%Y-%m-%d}"),
                *_made_by(model.tags),
            ),
            missing=(
                "Whether another customization starts from it.",
                *_unread_registry(subject),
            ),
            # What the registry keeps may be what a release is rolled back to.
            confidence=Confidence.LOW if kept or _unread_registry(subject) else Confidence.MEDIUM,
            monthly_usd=_storage_usd(subject),
            change=Change(
                "Delete it, if no release needs it.",
                (ApiCall("bedrock", "DeleteCustomModel", {"modelIdentifier": model.arn}),),
                "None: it must be customized again from the same data.",
            ),
        )


def _storage_usd(subject: Subject) -> Decimal | None:
    price = subject.prices.monthly.rate("bedrock custom model", subject.inventory.region)
    return price.usd if price else None


def _made_by(tags: Fact[Tags]) -> tuple[Signal, ...]:
    owner = owner_of(tags)
    return (Signal("Made by", owner),) if owner else ()


def _kept_by(model: CustomModel, subject: Subject) -> str | None:
    """Returns which version of the registry refers to a model, unless it was rejected."""
    for package in subject.inventory.model_packages:
        if model.arn in package.custom_model_arns and package.approval_status != "Rejected":
            return package.arn.rpartition("model-package/")[2]
    return None


def _unread_registry(subject: Subject) -> tuple[str, ...]:
    if subject.inventory.knows_all([ResourceKind.MODEL_PACKAGE]):
        return ()
    return ("Whether the registry refers to it: not all of it was read.",)


def _idle_deployment(subject: Subject) -> Iterator[Observation]:
    days = subject.parameters.deployment_idle_days
    window = idle_window(subject.inventory.now, days)
    for deployment in subject.inventory.bedrock.deployments:
        if deployment.status == "Creating" or deployment.created > window.start:
            continue
        if is_called(deployment.arn, subject.inventory.metrics, window):
            continue
        yield _unasked(deployment, window, subject)


def _unasked(deployment: CustomModelDeployment, window: Window, subject: Subject) -> Observation:
    asked = asked_model(deployment.arn, subject.inventory.bedrock)
    days = counted(subject.parameters.deployment_idle_days, "day")
    usd, why = _freed_by(deployment, subject)
    return Observation(
        resource=deployment.name,
        summary=f"Nobody asked this deployment in {days}. It costs nothing by itself; {why}",
        used=(
            Signal("Invocations by its ARN", "0"),
            Signal("Status", deployment.status),
            Signal("Created", f"{deployment.created:%Y-%m-%d}"),
            Signal("Model behind it", asked.words),
            *_made_by(deployment.tags),
        ),
        missing=("Whether a release is to be rolled back to it.",),
        confidence=Confidence.MEDIUM,
        monthly_usd=usd,
        change=Change(
            "Delete it if nothing is to ask it any more. Its model stays, and can be deleted then.",
            (
                ApiCall(
                    "bedrock",
                    "DeleteCustomModelDeployment",
                    {"customModelDeploymentIdentifier": deployment.arn},
                ),
            ),
            "CreateCustomModelDeployment for the same model; it gets another ARN.",
        ),
        window=window,
        pools=frozenset({pool(ResourceKind.CUSTOM_MODEL, asked.custom.name)})
        if asked.custom
        else frozenset(),
    )


def _freed_by(deployment: CustomModelDeployment, subject: Subject) -> tuple[Decimal | None, str]:
    """Returns what a month of storage saves once a deployment is gone, and the words for it."""
    inventory = subject.inventory
    served = {one.model_arn for one in inventory.bedrock.provisioned_throughputs}
    served |= {one.model_arn for one in inventory.bedrock.deployments if one.arn != deployment.arn}
    if deployment.model_arn in served:
        return Decimal(0), "its model is served elsewhere too, so its storage is needed."
    if not inventory.knows_all([ResourceKind.PROVISIONED_THROUGHPUT]):
        return None, "whether a throughput serves its model too could not be read."
    usd = _storage_usd(subject)
    return usd, f"its model costs {dollars(usd)} a month of storage, which can go after it."


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
        id="ml.bedrock.custom-model.orphaned",
        title="Custom model that nothing serves",
        resource_type=ResourceKind.CUSTOM_MODEL,
        severity=Severity.LOW,
        effort=Effort.CALL,
        rationale="A custom model is billed for its storage every month.",
        how="Older than `orphaned_model_days`, and neither a provisioned throughput nor a "
        "deployment refers to it; both lists were read to the end. What a version of the registry "
        "refers to that was not rejected may be kept for a rollback: the confidence is low.",
        evidence="ListCustomModels, ListProvisionedModelThroughputs, ListCustomModelDeployments, "
        "DescribeModelPackage.",
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
        id="ml.bedrock.deployment.idle",
        title="Deployment that nobody asks",
        resource_type=ResourceKind.CUSTOM_MODEL_DEPLOYMENT,
        severity=Severity.LOW,
        effort=Effort.CALL,
        rationale="An idle deployment on demand costs nothing, and keeps a custom model that does.",
        how="Created more than `deployment_idle_days` ago, and the query by its ARN succeeded with "
        "no call, answered or not. Its saving is the storage of its model, if nothing else serves "
        "that.",
        evidence="`Invocations`, failed calls and token counts in `AWS/Bedrock` by the ARN, "
        "ListCustomModelDeployments, ListProvisionedModelThroughputs.",
        change="DeleteCustomModelDeployment, then DeleteCustomModel.",
        undo="Deploy the same model again: it gets another ARN.",
        thresholds=("deployment_idle_days",),
        needs=frozenset({ResourceKind.CUSTOM_MODEL_DEPLOYMENT, ResourceKind.METRIC}),
        needs_whole=frozenset({ResourceKind.CUSTOM_MODEL_DEPLOYMENT}),
        look=_idle_deployment,
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
