"""On-demand deployments of custom models: made, changed behind their ARN, deleted."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from local_aws.bedrock.options import Step
from local_aws.bedrock.world import BedrockWorld
from local_aws.http.own_calls import AwsError, Operation, Request
from local_aws.services.bedrock_quotas import DEPLOYMENTS as QUOTA
from local_aws.services.bedrock_store import (
    CUSTOM,
    DEPLOYMENTS,
    BedrockStore,
    Properties,
    check_tags,
    conflict,
    find,
    invalid,
    over_quota,
    tags_of,
)

# Models that were customized before have no on-demand deployment.
_FIRST_DAY = datetime(2025, 7, 16, tzinfo=UTC)


class BedrockDeployments:
    """The calls that make and change deployments."""

    def __init__(self, world: BedrockWorld) -> None:
        self._world = world

    def operations(self) -> dict[str, Operation]:
        """Return the calls by name."""
        return {
            "CreateCustomModelDeployment": self._create,
            "DeleteCustomModelDeployment": self._delete,
            "UpdateCustomModelDeployment": self._update,
        }

    def _create(self, request: Request) -> Mapping[str, Any]:
        store, name = self._store(request), request["modelDeploymentName"]
        token = request.get("clientRequestToken")
        if token and (made := store.tokens.get(("deployment", token))):
            return {"customModelDeploymentArn": made}
        model = self._model(store, request)
        if any(row["customModelDeploymentName"] == name for row in store.deployments.values()):
            # The call declares no ConflictException.
            raise invalid(f"The custom model deployment name {name} is already in use.")
        limit = self._world.quotas.of(request).limit(QUOTA)
        if len(store.deployments) >= limit:
            raise over_quota(f"The quota {QUOTA!r} is {limit}, and all are in use.")
        tags = tags_of(request.get("tags"))
        check_tags(tags)
        arn = store.new_arn("custom-model-deployment")
        row: Properties = {
            "customModelDeploymentArn": arn,
            "customModelDeploymentName": name,
            "modelArn": model["modelArn"],
            "createdAt": request.now,
            "status": "Creating",
        }
        if description := request.get("description"):
            row["description"] = description
        store.deployments[arn] = row
        store.tags[arn] = tags
        if token:
            store.tokens["deployment", token] = arn
        self._world.in_time(
            store,
            arn,
            name,
            Step.DEPLOYMENT,
            lambda: row.update(status="Active"),
            lambda message: row.update(status="Failed", failureMessage=message),
        )
        return {"customModelDeploymentArn": arn}

    def _update(self, request: Request) -> Mapping[str, Any]:
        store = self._store(request)
        row = self._find(store, request)
        arn, name = row["customModelDeploymentArn"], row["customModelDeploymentName"]
        if row["status"] != "Active" or arn in store.changes:
            raise invalid(f"The custom model deployment {name} is not ready to be updated.")
        model = self._model(store, request)
        old, new = (store.bases.get(each) for each in (row["modelArn"], model["modelArn"]))
        if old != new:
            raise invalid(
                f"The deployment {name} serves models of {old}, and this is one of {new}."
            )
        details = {"modelArn": model["modelArn"], "updateStatus": "Updating"}
        row["updateDetails"] = details

        def done() -> None:
            details["updateStatus"] = "UpdateCompleted"
            row.update(modelArn=details["modelArn"], lastUpdatedAt=self._world.clock.now())

        def failed(_: str) -> None:
            details["updateStatus"] = "UpdateFailed"

        self._world.in_time(store, arn, name, Step.UPDATE, done, failed)
        return {"customModelDeploymentArn": arn}

    def _delete(self, request: Request) -> None:
        store = self._store(request)
        row = self._find(store, request)
        arn = row["customModelDeploymentArn"]
        if row["status"] == "Active" and arn in store.changes:
            raise conflict(f"{arn} is being updated.")
        del store.deployments[arn]
        store.changes.pop(arn, None)
        store.tags.pop(arn, None)

    def _store(self, request: Request) -> BedrockStore:
        store = self._world.stores.of(request)
        store.settle(request.now)
        return store

    def _find(self, store: BedrockStore, request: Request) -> Properties:
        return find(store.deployments, DEPLOYMENTS, request["customModelDeploymentIdentifier"])

    def _model(self, store: BedrockStore, request: Request) -> Properties:
        """Return the custom model that a request names, if it can be deployed.

        Raises:
            AwsError: it does not exist, or there is no on-demand deployment of its kind.
        """
        model = find(store.custom_models, CUSTOM, request["modelArn"])
        base = self._world.base_of(store, model["modelArn"])
        if model["modelStatus"] != "Active":
            raise invalid(f"The custom model {model['modelName']} is {model['modelStatus']}.")
        if base is None or not base.deployable or request.region not in base.regions:
            raise invalid(
                f"On-demand deployment is not supported for the base model of "
                f"{model['modelName']}. Use Provisioned Throughput."
            )
        if base.status(request.now) is None:
            raise AwsError(
                "ResourceNotFoundException", "This model version has reached its end of life.", 404
            )
        if model["creationTime"] < _FIRST_DAY:
            raise invalid("On-demand deployment needs a model customized on or after 2025-07-16.")
        return model
