"""Bedrock's changes: what an audit advises to delete, and profiles that split the bill."""

from local_aws.bedrock.world import BedrockWorld
from local_aws.http.own_calls import AwsError, Operation, Request
from local_aws.services.bedrock_store import (
    CUSTOM,
    IMPORTED,
    THROUGHPUTS,
    BedrockStore,
    Kind,
    Properties,
    conflict,
    find,
)

_APPLICATION = "application-inference-profile"


class BedrockChanges:
    """The calls that delete models and model units, and that make or delete profiles."""

    def __init__(self, world: BedrockWorld) -> None:
        self._world = world
        self._stores = world.stores

    def operations(self) -> dict[str, Operation]:
        """Return the calls by name."""
        return {
            "CreateInferenceProfile": self._create_profile,
            "DeleteCustomModel": self._delete_custom,
            "DeleteImportedModel": lambda request: self._delete(
                request, IMPORTED, "modelIdentifier"
            ),
            "DeleteInferenceProfile": self._delete_profile,
            "DeleteProvisionedModelThroughput": self._delete_throughput,
        }

    def _delete(self, request: Request, kind: Kind, parameter: str) -> None:
        store = self._stores.of(request)
        rows: dict[str, Properties] = getattr(store, kind.store)
        arn = find(rows, kind, request[parameter])[kind.arn]
        del rows[arn]
        store.tags.pop(arn, None)

    def _delete_custom(self, request: Request) -> None:
        store = self._stores.of(request)
        store.settle(request.now)
        arn = find(store.custom_models, CUSTOM, request["modelIdentifier"])["modelArn"]
        if arn in store.served_models():
            raise conflict(f"{arn} is deployed.")
        self._delete(request, CUSTOM, "modelIdentifier")
        store.bases.pop(arn, None)
        self._world.forget_folder(store, arn)
        self._world.bill.end(arn, request.now)

    def _delete_throughput(self, request: Request) -> None:
        store = self._stores.of(request)
        row = find(store.throughputs, THROUGHPUTS, request["provisionedModelId"])
        end = row.get("commitmentExpirationTime")
        if end is not None and end > request.now:
            raise conflict(f"Its commitment holds until {end:%Y-%m-%d}.")
        self._delete(request, THROUGHPUTS, "provisionedModelId")
        store.changes.pop(row["provisionedModelArn"], None)
        self._world.bill.end(row["provisionedModelArn"], request.now)

    def _create_profile(self, request: Request) -> Properties:
        store, name = self._stores.of(request), request["inferenceProfileName"]
        if any(one["inferenceProfileName"] == name for one in store.profiles.values()):
            raise conflict(f"The profile {name} exists.")
        models = _models_of(store, request["modelSource"]["copyFrom"])
        identifier = f"{len(store.profiles):012x}"
        arn = store.arn(_APPLICATION, identifier)
        store.profiles[arn] = {
            "inferenceProfileName": name,
            "inferenceProfileArn": arn,
            "inferenceProfileId": identifier,
            "models": models,
            "status": "ACTIVE",
            "type": "APPLICATION",
            "createdAt": request.now,
            "updatedAt": request.now,
        }
        store.tags[arn] = {tag["key"]: tag["value"] for tag in request.get("tags", ())}
        return {"inferenceProfileArn": arn, "status": "ACTIVE"}

    def _delete_profile(self, request: Request) -> None:
        store, wanted = self._stores.of(request), request["inferenceProfileIdentifier"]
        for arn, profile in store.profiles.items():
            known = (arn, profile["inferenceProfileId"])
            if wanted in known and profile["type"] == "APPLICATION":
                del store.profiles[arn]
                store.tags.pop(arn, None)
                return
        raise AwsError("ResourceNotFoundException", f"Could not find {wanted}.", 404)


def _models_of(store: BedrockStore, source: str) -> list[Properties]:
    if source in store.foundation_models:
        return [{"modelArn": source}]
    profile = store.profiles.get(source)
    if profile is not None and profile["type"] == "SYSTEM_DEFINED":
        return list(profile["models"])
    raise AwsError("ValidationException", f"{source} is no model and no system-defined profile.")
