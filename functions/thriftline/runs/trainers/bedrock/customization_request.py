"""``CreateModelCustomizationJob`` as a request, checked before anything is uploaded."""

from collections.abc import Mapping
from typing import Any

from thriftline.core.dataclass import dataclass
from thriftline.core.errors import InvalidRunSpecError
from thriftline.runs.trainers.bedrock.families import BaseModel
from thriftline.runs.trainers.bedrock.patterns import check

OPERATION = "CreateModelCustomizationJob"
FINE_TUNING = "FINE_TUNING"


@dataclass(frozen=True)
class Network:
    """Where a job's containers stand, if not in Bedrock's own network."""

    subnet_ids: tuple[str, ...]
    security_group_ids: tuple[str, ...]

    @property
    def as_request(self) -> dict[str, list[str]]:
        """The network as a request has it."""
        return {
            "subnetIds": list(self.subnet_ids),
            "securityGroupIds": list(self.security_group_ids),
        }


def customization_request(
    *,
    job_name: str,
    model_name: str,
    token: str,
    role_arn: str,
    base: BaseModel,
    training_uri: str,
    output_uri: str,
    hyperparameters: Mapping[str, str],
    tags: Mapping[str, str],
    validation_uri: str | None = None,
    customization: str = FINE_TUNING,
    configuration: Mapping[str, Any] | None = None,
    kms_key_id: str | None = None,
    network: Network | None = None,
) -> dict[str, Any]:
    """Returns the request of a job.

    ``token`` is our own: botocore would make another for each call, and a repeated step a second
    paid job.

    Raises:
        InvalidRunSpecError: Bedrock would refuse it, with each field and its rule.
    """
    request: dict[str, Any] = {
        "jobName": job_name,
        "customModelName": model_name,
        "clientRequestToken": token,
        "roleArn": role_arn,
        "baseModelIdentifier": base.id,
        "customizationType": customization,
        "trainingDataConfig": {"s3Uri": training_uri},
        "outputDataConfig": {"s3Uri": output_uri},
        "jobTags": tags_of(tags),
        "customModelTags": tags_of(tags),
    }
    if hyperparameters:
        request["hyperParameters"] = dict(hyperparameters)
    if validation_uri is not None:
        require_validation(base)
        request["validationDataConfig"] = {"validators": [{"s3Uri": validation_uri}]}
    if configuration is not None:
        request["customizationConfig"] = dict(configuration)
    if kms_key_id:
        request["customModelKmsKeyId"] = kms_key_id
    if network is not None:
        request["vpcConfig"] = network.as_request
    check(OPERATION, request)
    return request


def require_validation(base: BaseModel) -> None:
    """Refuses a validation file for a base model whose job would fail for it.

    Raises:
        InvalidRunSpecError: the base model takes none.
    """
    if not base.takes_validation:
        raise InvalidRunSpecError(
            f"validationDataConfig: a job of {base.id} fails when it is given a validation file; "
            "leave it out. Nothing was uploaded and nothing was spent."
        )


def tags_of(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Returns tags as a request has them."""
    return [{"key": key, "value": value} for key, value in sorted(tags.items())]
