"""Loads the Bedrock part of an account file."""

import calendar
import hashlib
import re
from datetime import datetime

from local_aws.accounts import file
from local_aws.services.bedrock_store import BedrockStore, Properties

_MONTHS = {"OneMonth": 1, "SixMonths": 6}
_FOUNDATION = ":foundation-model/"
_SYSTEM_PROFILE = re.compile(r"(global|us|us-gov|eu|apac|jp|au|ca)\.(?=[a-z0-9-]+\.)")


def load_bedrock(account: file.AccountFile, store: BedrockStore) -> None:
    """Put models, deployments and provisioned throughput where the lists find them."""
    for metric in account.metrics:
        model = metric.dimensions.get("ModelId")
        if metric.namespace == "AWS/Bedrock" and model and not model.startswith("arn:"):
            _add_called(model, store)
    for custom in account.bedrock.custom_models:
        _load_custom(custom, account, store)
    for served in account.bedrock.deployments:
        _load_deployment(served, store)
    for profile in account.bedrock.inference_profiles:
        _load_profile(profile, store)
    for imported in account.bedrock.imported_models:
        arn = store.arn("imported-model", _identifier(imported.name))
        store.imported_models[arn] = {
            "modelArn": arn,
            "modelName": imported.name,
            "creationTime": imported.created,
        }
    for throughput in account.bedrock.provisioned_throughputs:
        _load_throughput(throughput, store)


def _add_called(model: str, store: BedrockStore) -> None:
    """Make what was called known: a foundation model, or a system-defined profile."""
    if _SYSTEM_PROFILE.match(model):
        store.add_system_profile(model)
    else:
        store.add_foundation_model(model)


def _foundation_arn(model: str, store: BedrockStore) -> str:
    """Return the ARN of a base model that is given by id or by ARN."""
    name = model.rpartition(_FOUNDATION)[2] if _FOUNDATION in model else model
    return model if name.startswith("arn:") else store.add_foundation_model(name)


def _load_custom(custom: file.CustomModel, account: file.AccountFile, store: BedrockStore) -> None:
    base = _foundation_arn(custom.base_model, store)
    arn = _custom_arn(custom, base, account, store)
    store.custom_models[arn] = {
        "modelArn": arn,
        "modelName": custom.name,
        "creationTime": custom.created,
        "baseModelArn": base,
        "baseModelName": base.rpartition("/")[2],
        "customizationType": "FINE_TUNING",
        "ownerAccountId": account.account_id,
        "modelStatus": "Active",
    }
    store.tags[arn] = dict(custom.tags)
    if custom.deployed:
        own = file.CustomModelDeployment(
            name=custom.name, custom_model=custom.name, created=custom.created
        )
        _load_deployment(own, store)


def _load_deployment(served: file.CustomModelDeployment, store: BedrockStore) -> None:
    arn = served.arn or store.arn("custom-model-deployment", _identifier(served.name))
    named = {one["modelName"]: model for model, one in store.custom_models.items()}
    store.deployments[arn] = {
        "customModelDeploymentArn": arn,
        "customModelDeploymentName": served.name,
        "modelArn": named[served.custom_model],
        "createdAt": served.created,
        "status": served.status,
    }
    store.tags[arn] = dict(served.tags)


def _load_profile(profile: file.InferenceProfile, store: BedrockStore) -> None:
    store.profiles[profile.arn] = {
        "inferenceProfileName": profile.name,
        "inferenceProfileArn": profile.arn,
        "inferenceProfileId": profile.arn.rpartition("/")[2],
        "models": [{"modelArn": arn} for arn in profile.models],
        "status": "ACTIVE",
        "type": "APPLICATION",
        "createdAt": profile.created,
        "updatedAt": profile.created,
    }


def _custom_arn(
    custom: file.CustomModel, base: str, account: file.AccountFile, store: BedrockStore
) -> str:
    """Return a custom model's ARN: the one that a throughput of the file names it by, if any."""
    for throughput in account.bedrock.provisioned_throughputs:
        kind, _, path = throughput.model_arn.partition(":custom-model/")
        if kind and custom.name in path.split("/"):
            return throughput.model_arn
    return store.arn("custom-model", f"{base.rpartition('/')[2]}/{_identifier(custom.name)}")


def _identifier(name: str) -> str:
    """Return twelve letters and digits that stand for a name in an ARN, as Bedrock gives them."""
    return hashlib.sha256(name.encode()).hexdigest()[:12]


def _load_throughput(throughput: file.ProvisionedThroughput, store: BedrockStore) -> None:
    arn = store.arn("provisioned-model", _identifier(throughput.name))
    custom = store.custom_models.get(throughput.model_arn)
    described: Properties = {
        "provisionedModelName": throughput.name,
        "provisionedModelArn": arn,
        "modelArn": throughput.model_arn,
        "desiredModelArn": throughput.model_arn,
        "foundationModelArn": custom["baseModelArn"] if custom else throughput.model_arn,
        "modelUnits": throughput.units,
        "desiredModelUnits": throughput.units,
        "status": throughput.status,
        "creationTime": throughput.created,
        "lastModifiedTime": throughput.created,
    }
    if throughput.commitment:
        months = _MONTHS[throughput.commitment]
        described |= {
            "commitmentDuration": throughput.commitment,
            "commitmentExpirationTime": _months_after(throughput.created, months),
        }
    store.throughputs[arn] = described
    store.tags[arn] = dict(throughput.tags)


def _months_after(moment: datetime, months: int) -> datetime:
    years, month = divmod(moment.month - 1 + months, 12)
    year = moment.year + years
    last = calendar.monthrange(year, month + 1)[1]
    return moment.replace(year=year, month=month + 1, day=min(moment.day, last))
