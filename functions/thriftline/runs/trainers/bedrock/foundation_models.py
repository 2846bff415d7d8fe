"""What Bedrock itself says of a base model: the price rows of retired ones remain, so ask it."""

from datetime import datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from thriftline.core.aws.clients import code_of, translated
from thriftline.core.dataclass import dataclass

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient

# An id of another region's model is no valid identifier here.
_NOT_ON_OFFER = {"ResourceNotFoundException", "ResourceNotFound", "ValidationException"}


@dataclass(frozen=True)
class FoundationModel:
    """A base model as the region offers it. ``name`` is what quotas call it."""

    id: str
    name: str
    status: str
    customizations: tuple[str, ...]
    end_of_life: datetime | None


class FoundationModels:
    """The base models of one region; each is asked about once."""

    def __init__(self, client: "BedrockClient") -> None:
        self._client = client
        self._found: dict[str, FoundationModel | None] = {}

    def find(self, model_id: str) -> FoundationModel | None:
        """Returns a base model, None when the region does not offer it."""
        if model_id not in self._found:
            self._found[model_id] = self._ask(model_id)
        return self._found[model_id]

    def _ask(self, model_id: str) -> FoundationModel | None:
        with translated(f"looking at base model {model_id}"):
            try:
                answer = self._client.get_foundation_model(modelIdentifier=model_id)
            except ClientError as error:
                if code_of(error) in _NOT_ON_OFFER:
                    return None
                raise
        found = answer["modelDetails"]
        lifecycle = found.get("modelLifecycle")
        return FoundationModel(
            id=found["modelId"],
            name=found.get("modelName", ""),
            status=lifecycle["status"] if lifecycle else "",
            customizations=tuple(found.get("customizationsSupported", ())),
            end_of_life=lifecycle.get("endOfLifeTime") if lifecycle else None,
        )
