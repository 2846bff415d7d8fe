"""On-demand deployments of custom models: what makes a tuned model answer."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from thriftline.core.aws.clients import code_of, translated
from thriftline.core.dataclass import dataclass
from thriftline.runs.trainers.bedrock.patterns import check

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient

_NOT_THERE = {"ResourceNotFoundException", "ResourceNotFound"}


@dataclass(frozen=True)
class Deployment:
    """One deployment. ``is_updating`` is whether it still changes to another model."""

    arn: str
    name: str
    model_arn: str
    status: str
    failure_message: str = ""
    is_updating: bool = False


class Deployments:
    """The deployments of one account and region."""

    def __init__(self, client: "BedrockClient") -> None:
        self._client = client

    def create(self, name: str, model_arn: str, tags: Mapping[str, str], token: str) -> str:
        """Asks for a deployment and returns its ARN; the same token makes none twice.

        Raises:
            QuotaExceededError: as many exist, or are being made, as the account may have.
        """
        request: dict[str, Any] = {
            "modelDeploymentName": name,
            "modelArn": model_arn,
            "tags": [{"key": key, "value": value} for key, value in sorted(tags.items())],
            "clientRequestToken": token,
        }
        check("CreateCustomModelDeployment", request)
        with translated(f"making deployment {name}"):
            try:
                made = self._client.create_custom_model_deployment(**request)
            except ClientError as error:
                found = self.find(name) if code_of(error) == "ConflictException" else None
                if found is None or found.model_arn != model_arn:
                    raise
                return found.arn
        return made["customModelDeploymentArn"]

    def find(self, identifier: str) -> Deployment | None:
        """Returns a deployment by name or ARN as it is now, None when there is none."""
        with translated(f"looking at deployment {identifier}"):
            try:
                found = self._client.get_custom_model_deployment(
                    customModelDeploymentIdentifier=identifier
                )
            except ClientError as error:
                if code_of(error) in _NOT_THERE:
                    return None
                raise
        update = found.get("updateDetails")
        return Deployment(
            arn=found["customModelDeploymentArn"],
            name=found["modelDeploymentName"],
            model_arn=found["modelArn"],
            status=found["status"],
            failure_message=found.get("failureMessage", ""),
            is_updating=bool(update) and update.get("updateStatus") == "Updating",
        )

    def update(self, arn: str, model_arn: str) -> None:
        """Puts another model behind a deployment's ARN."""
        request: dict[str, Any] = {"customModelDeploymentIdentifier": arn, "modelArn": model_arn}
        check("UpdateCustomModelDeployment", request)
        with translated(f"updating deployment {arn}"):
            self._client.update_custom_model_deployment(**request)

    def delete(self, identifier: str) -> None:
        """Asks for a deployment to go; no error when there is none."""
        with translated(f"deleting deployment {identifier}"):
            try:
                self._client.delete_custom_model_deployment(
                    customModelDeploymentIdentifier=identifier
                )
            except ClientError as error:
                if code_of(error) not in _NOT_THERE:
                    raise

    def of_model(self, model_arn: str) -> list[Deployment]:
        """Returns the deployments of a model, active or not."""
        with translated(f"listing the deployments of {model_arn}"):
            pages = self._client.get_paginator("list_custom_model_deployments").paginate(
                modelArnEquals=model_arn
            )
            return [
                Deployment(
                    arn=one["customModelDeploymentArn"],
                    name=one["customModelDeploymentName"],
                    model_arn=one["modelArn"],
                    status=one["status"],
                )
                for page in pages
                for one in page.get("modelDeploymentSummaries", [])
            ]
