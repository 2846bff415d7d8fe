"""What a modelId of the runtime means: a base model, a deployment, provisioned throughput."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from local_aws.bedrock.allowance import Limits
from local_aws.bedrock.base_models import BaseModel
from local_aws.bedrock.world import BedrockWorld
from local_aws.http.own_calls import AwsError
from local_aws.services import bedrock_quotas
from local_aws.services.bedrock_store import BedrockStore, Properties, invalid


@dataclass(frozen=True)
class Target:
    """What answers.

    Args:
        base: the base model.
        folder: where the custom model lies; None for the base model itself.
        billed: whether its tokens are billed; those of provisioned throughput are not.
        limits: the quotas that count, None for what this embedded AWS does not limit.
    """

    base: BaseModel
    folder: Path | None
    billed: bool
    limits: Limits | None


def target_of(world: BedrockWorld, store: BedrockStore, model_id: str, now: datetime) -> Target:
    """Return what a modelId means.

    Raises:
        AwsError: nothing that could answer now.
    """
    store.settle(now)
    if ":custom-model-deployment/" in model_id:
        return _deployment(world, store, model_id, now)
    if ":provisioned-model/" in model_id:
        return _throughput(world, store, model_id, now)
    if ":custom-model/" in model_id:
        raise invalid(
            f"Invocation of the custom model {model_id} isn't supported. Ask its on-demand "
            "deployment or its provisioned throughput."
        )
    return _base(world, store, model_id, now)


def _base(world: BedrockWorld, store: BedrockStore, model_id: str, now: datetime) -> Target:
    profiled = world.models.by_profile(model_id, store.region, now)
    if profiled is not None:
        return Target(profiled, None, billed=True, limits=None)
    base = world.models.get(model_id, store.region, now)
    if base is None:
        raise invalid("The provided model identifier is invalid.")
    if "ON_DEMAND" not in base.inference:
        raise invalid(
            f"Invocation of model ID {base.id} with on-demand throughput isn't supported. Retry "
            "your request with the ID or ARN of an inference profile that contains this model."
        )
    return Target(base, None, billed=True, limits=None)


def _deployment(world: BedrockWorld, store: BedrockStore, arn: str, now: datetime) -> Target:
    row = store.deployments.get(arn)
    if row is None or row["status"] == "Failed":
        raise AwsError("ResourceNotFoundException", f"Could not find {arn}.", 404)
    if row["status"] != "Active":
        raise AwsError("ModelNotReadyException", f"{arn} is not ready to be asked.", 429)
    base = _custom_base(world, store, row, now)
    quotas = world.quotas.at(store.account, store.region)
    limits = Limits(
        quotas.limit(bedrock_quotas.requests_per_minute(base.quota_name)),
        quotas.limit(bedrock_quotas.tokens_per_minute(base.quota_name)),
        quotas.limit(bedrock_quotas.tokens_per_day(base.quota_name)),
    )
    return Target(base, store.folders[row["modelArn"]], billed=True, limits=limits)


def _throughput(world: BedrockWorld, store: BedrockStore, arn: str, now: datetime) -> Target:
    row = store.throughputs.get(arn)
    if row is None or row["status"] in ("Creating", "Failed"):
        raise AwsError("ResourceNotFoundException", f"Could not find {arn}.", 404)
    if row["modelArn"] == row["foundationModelArn"]:
        base = world.models.get(row["modelArn"], store.region, now)
        if base is None:
            raise invalid("The provided model identifier is invalid.")
        return Target(base, None, billed=False, limits=None)
    base = _custom_base(world, store, row, now)
    return Target(base, store.folders[row["modelArn"]], billed=False, limits=None)


def _custom_base(
    world: BedrockWorld, store: BedrockStore, row: Properties, now: datetime
) -> BaseModel:
    """Return the base of the custom model that something serves, if it can be asked here.

    Raises:
        AwsError: the model came with an account file, or its base has reached its end.
    """
    base = world.base_of(store, row["modelArn"])
    if base is None or row["modelArn"] not in store.folders:
        raise AwsError(
            "NotImplementedByLocalAws",
            f"{row['modelArn']} was not trained in this embedded AWS: nothing answers here.",
            501,
        )
    if base.status(now) is None:
        raise AwsError(
            "ResourceNotFoundException", "This model version has reached its end of life.", 404
        )
    return base
