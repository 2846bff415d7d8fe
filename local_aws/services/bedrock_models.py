"""Foundation models: which there are here and now, and until when."""

from collections.abc import Mapping
from typing import Any

from local_aws.bedrock.world import BedrockWorld
from local_aws.http.error_answers import NOT_DONE
from local_aws.http.own_calls import AwsError, Operation, Request
from local_aws.services.bedrock_store import Properties


class BedrockModels:
    """The calls about foundation models, and the import that is not done."""

    def __init__(self, world: BedrockWorld) -> None:
        self._world = world

    def operations(self) -> dict[str, Operation]:
        """Return the calls by name."""
        return {
            "CreateCustomModel": _not_imported,
            "GetFoundationModel": self._get,
            "GetFoundationModelAvailability": self._availability,
            "ListFoundationModels": self._list,
        }

    def _all(self, request: Request) -> dict[str, Properties]:
        """Return the models of this region by id, those that only an account file names too."""
        named = self._world.stores.of(request).foundation_models.values()
        found = {row["modelId"]: dict(row) for row in named}
        for model in self._world.models:
            if self._world.models.get(model.id, request.region, request.now) is not None:
                found[model.id] = model.describe(request.region, request.now)
        return found

    def _get(self, request: Request) -> Mapping[str, Any]:
        wanted = request["modelIdentifier"]
        for row in self._all(request).values():
            if wanted in (row["modelId"], row["modelArn"]):
                return {"modelDetails": row}
        raise AwsError(
            "ResourceNotFoundException", f"Could not resolve the foundation model {wanted}.", 404
        )

    def _list(self, request: Request) -> Mapping[str, Any]:
        filters = {
            "byCustomizationType": "customizationsSupported",
            "byInferenceType": "inferenceTypesSupported",
            "byOutputModality": "outputModalities",
        }
        provider = request.get("byProvider")
        rows = [
            row
            for row in self._all(request).values()
            if (provider is None or provider.lower() == row["providerName"].lower())
            and all(
                request.get(name) is None or request[name] in row.get(member, ())
                for name, member in filters.items()
            )
        ]
        return {"modelSummaries": sorted(rows, key=lambda row: str(row["modelId"]))}

    def _availability(self, request: Request) -> Mapping[str, Any]:
        model = request["modelId"]
        here = model in self._all(request)
        if not here and not any(each.id == model for each in self._world.models):
            raise AwsError("ResourceNotFoundException", f"There is no model {model}.", 404)
        word = "AVAILABLE" if here else "NOT_AVAILABLE"
        return {
            "modelId": model,
            "agreementAvailability": {"status": "AVAILABLE"},
            "authorizationStatus": "AUTHORIZED",
            "entitlementAvailability": "AVAILABLE",
            "regionAvailability": word,
        }


def _not_imported(_: Request) -> None:
    raise AwsError(
        NOT_DONE,
        "Models that were trained elsewhere are not imported by the embedded AWS: nothing here "
        "could answer with them. A customization job makes a custom model.",
        501,
    )
