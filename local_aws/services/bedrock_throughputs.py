"""Provisioned throughput: made, renamed, given another model; deletion is with the changes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from local_aws.bedrock.base_models import BaseModel
from local_aws.bedrock.options import Step
from local_aws.bedrock.world import BedrockWorld
from local_aws.http.error_answers import NOT_DONE
from local_aws.http.own_calls import AwsError, Operation, Request
from local_aws.services import bedrock_bill
from local_aws.services.bedrock_quotas import model_units
from local_aws.services.bedrock_store import (
    CUSTOM,
    THROUGHPUTS,
    BedrockStore,
    Properties,
    check_tags,
    find,
    invalid,
    over_quota,
    tags_of,
)


class BedrockThroughputs:
    """The calls that make and change provisioned throughput."""

    def __init__(self, world: BedrockWorld) -> None:
        self._world = world

    def operations(self) -> dict[str, Operation]:
        """Return the calls by name."""
        return {
            "CreateProvisionedModelThroughput": self._create,
            "UpdateProvisionedModelThroughput": self._update,
        }

    def _create(self, request: Request) -> Mapping[str, Any]:
        store, name = self._store(request), request["provisionedModelName"]
        token = request.get("clientRequestToken")
        if token and (made := store.tokens.get(("throughput", token))):
            return {"provisionedModelArn": made}
        if request.get("commitmentDuration"):
            raise AwsError(NOT_DONE, "Commitments are not bought in the embedded AWS.", 501)
        model_arn, base = self._model(store, request["modelId"], request.now)
        if any(row["provisionedModelName"] == name for row in store.throughputs.values()):
            raise invalid(f"The provisioned model name {name} is already in use.")
        self._check_units(request, store, base)
        tags = tags_of(request.get("tags"))
        check_tags(tags)
        arn = store.new_arn("provisioned-model")
        row: Properties = {
            "provisionedModelName": name,
            "provisionedModelArn": arn,
            "modelArn": model_arn,
            "desiredModelArn": model_arn,
            "foundationModelArn": base.arn(store.region),
            "modelUnits": request["modelUnits"],
            "desiredModelUnits": request["modelUnits"],
            "status": "Creating",
            "creationTime": request.now,
            "lastModifiedTime": request.now,
        }
        store.throughputs[arn] = row
        store.tags[arn] = tags
        if token:
            store.tokens["throughput", token] = arn

        def done() -> None:
            row["status"] = "InService"
            self._world.bill.begin(
                arn,
                store.region,
                base.price_name,
                bedrock_bill.UNITS,
                row["modelUnits"],
                self._world.clock.now(),
            )

        self._in_time(store, row, done)
        return {"provisionedModelArn": arn}

    def _update(self, request: Request) -> None:
        store = self._store(request)
        row = find(store.throughputs, THROUGHPUTS, request["provisionedModelId"])
        if row["status"] != "InService":
            raise invalid(f"The provisioned model is {row['status']} and cannot be updated.")
        if name := request.get("desiredProvisionedModelName"):
            row["provisionedModelName"] = name
        row["lastModifiedTime"] = request.now
        wanted = request.get("desiredModelId")
        if wanted is None:
            return
        model_arn, base = self._model(store, wanted, request.now)
        if base.arn(store.region) != row["foundationModelArn"]:
            raise invalid("The new model must be of the base model of the one that is served.")
        row.update(status="Updating", desiredModelArn=model_arn)
        self._in_time(store, row, lambda: row.update(status="InService", modelArn=model_arn))

    def _in_time(self, store: BedrockStore, row: Properties, done: Any) -> None:
        self._world.in_time(
            store,
            row["provisionedModelArn"],
            row["provisionedModelName"],
            Step.THROUGHPUT,
            done,
            lambda message: row.update(status="Failed", failureMessage=message),
        )

    def _store(self, request: Request) -> BedrockStore:
        store = self._world.stores.of(request)
        store.settle(request.now)
        return store

    def _model(self, store: BedrockStore, wanted: str, now: datetime) -> tuple[str, BaseModel]:
        if base := self._world.models.get(wanted, store.region, now):
            if "PROVISIONED" not in base.inference:
                raise invalid(f"Provisioned Throughput is not supported for {wanted}.")
            return base.arn(store.region), base
        arn = find(store.custom_models, CUSTOM, wanted)["modelArn"]
        found = self._world.base_of(store, arn)
        if found is None or found.status(now) != "ACTIVE" or "PROVISIONED" not in found.inference:
            raise invalid(f"Provisioned Throughput is not supported for {wanted}.")
        return arn, found

    def _check_units(self, request: Request, store: BedrockStore, base: BaseModel) -> None:
        quota = model_units(base.quota_name)
        limit = self._world.quotas.of(request).limit(quota)
        used = sum(
            row["modelUnits"]
            for row in store.throughputs.values()
            if row["foundationModelArn"] == base.arn(store.region)
        )
        if used + request["modelUnits"] > limit:
            raise over_quota(f"The quota {quota!r} is {limit}, and {used} are in use.")
