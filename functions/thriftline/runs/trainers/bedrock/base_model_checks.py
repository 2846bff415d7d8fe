"""What a base model must offer for a run: region, a way to answer, kind of customization."""

from thriftline.core.errors import InvalidRunSpecError
from thriftline.runs.trainers.bedrock.families import (
    BaseModel,
    Customization,
    offered_ids,
)


def require_region(model: BaseModel, region: str) -> None:
    """Refuses a region in which a base model is not customized or answered with.

    Raises:
        InvalidRunSpecError: with the regions that have it.
    """
    if region not in model.training_regions:
        raise InvalidRunSpecError(
            f"bedrock.base_model: {model.id} is not customized in {region} but in "
            f"{' and '.join(model.training_regions)}; data, job and deployment must be in one "
            "region. Deploy the stack there, or say trainer: sagemaker. Nothing was spent."
        )
    if model.on_demand and region not in model.deployment_regions:
        raise InvalidRunSpecError(
            f"bedrock.base_model: a custom {model.id} cannot be deployed in {region} but in "
            f"{' and '.join(model.deployment_regions)}. Deploy the stack there. Nothing was spent."
        )


def require_on_demand(model: BaseModel) -> None:
    """Refuses a model whose tuned form answers only with provisioned throughput.

    Units by the hour for an evaluation cost more than all of the training.

    Raises:
        InvalidRunSpecError: always for such a model.
    """
    if model.on_demand:
        return
    raise InvalidRunSpecError(
        f"bedrock.base_model: a custom {model.id} answers with provisioned throughput only, and a "
        "run asks its model on demand before it is registered. Say one of "
        f"{', '.join(offered_ids())}. Nothing was spent."
    )


def require_customization(model: BaseModel, customization: Customization) -> None:
    """Refuses a kind of customization that a base model does not have.

    Raises:
        InvalidRunSpecError: with those that it has.
    """
    if customization in model.customizations:
        return
    raise InvalidRunSpecError(
        f"bedrock.customization: Bedrock offers no {customization} of {model.id}, but "
        f"{' and '.join(sorted(model.customizations))}. {_instead(customization)} "
        "Nothing was spent."
    )


def _instead(customization: Customization) -> str:
    having = offered_ids(customization)
    if having:
        return f"Take {' or '.join(having)}."
    return "No base model that Thriftline knows has it; say fine_tuning."
