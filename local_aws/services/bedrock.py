"""Bedrock's lists of what an account has, and its tags."""

from local_aws.http.own_calls import AwsError, Operation, Request
from local_aws.services.bedrock_store import (
    CUSTOM,
    DEPLOYMENTS,
    IMPORTED,
    THROUGHPUTS,
    BedrockStore,
    Kind,
    Properties,
    check_tags,
    find,
    tags_of,
)
from local_aws.services.pages import page_of
from local_aws.services.places import Places

_PAGE = 100
# Filters and the member of a row that they are about.
_EQUALS = {
    "modelArnEquals": "modelArn",
    "baseModelArnEquals": "baseModelArn",
    "foundationModelArnEquals": "baseModelArn",
}


class Bedrock:
    """The calls that read what an account has in Bedrock."""

    def __init__(self, stores: Places[BedrockStore]) -> None:
        self._stores = stores

    def operations(self) -> dict[str, Operation]:
        """Return the calls by name."""
        return {
            "GetCustomModel": lambda request: self._get(request, CUSTOM, "modelIdentifier"),
            "GetCustomModelDeployment": self._get_deployment,
            "GetImportedModel": lambda request: self._get(request, IMPORTED, "modelIdentifier"),
            "GetProvisionedModelThroughput": lambda request: self._get(
                request, THROUGHPUTS, "provisionedModelId"
            ),
            "ListCustomModelDeployments": lambda request: self._list(request, DEPLOYMENTS),
            "ListCustomModels": lambda request: self._list(request, CUSTOM),
            "ListImportedModels": lambda request: self._list(request, IMPORTED),
            "ListInferenceProfiles": self._list_profiles,
            "ListProvisionedModelThroughputs": lambda request: self._list(request, THROUGHPUTS),
            "ListTagsForResource": self._list_tags,
            "TagResource": self._tag,
            "UntagResource": self._untag,
        }

    def _rows(self, request: Request, kind: Kind) -> dict[str, Properties]:
        store = self._stores.of(request)
        store.settle(request.now)
        rows: dict[str, Properties] = getattr(store, kind.store)
        return rows

    def _list(self, request: Request, kind: Kind) -> Properties:
        rows = [
            row for row in list(self._rows(request, kind).values()) if _fits(row, request, kind)
        ]
        rows.sort(
            key=lambda row: (row[kind.created], row[kind.name]),
            reverse=request.get("sortOrder", "Descending") == "Descending",
        )
        page, token = page_of(rows, request.get("nextToken"), request.get("maxResults", _PAGE))
        return {kind.answer: page} | ({"nextToken": token} if token else {})

    def _get(self, request: Request, kind: Kind, parameter: str) -> Properties:
        return find(self._rows(request, kind), kind, request[parameter])

    def _get_deployment(self, request: Request) -> Properties:
        found = self._get(request, DEPLOYMENTS, "customModelDeploymentIdentifier")
        return found | {"modelDeploymentName": found["customModelDeploymentName"]}

    def _list_profiles(self, request: Request) -> Properties:
        wanted = request.get("typeEquals")
        rows = [
            row
            for row in self._stores.of(request).profiles.values()
            if wanted in (None, row["type"])
        ]
        page, token = page_of(rows, request.get("nextToken"), request.get("maxResults", _PAGE))
        return {"inferenceProfileSummaries": page} | ({"nextToken": token} if token else {})

    def _tags(self, request: Request) -> dict[str, str]:
        arn = request["resourceARN"]
        store = self._stores.of(request)
        kinds = (THROUGHPUTS, CUSTOM, IMPORTED, DEPLOYMENTS)
        known = [store.profiles, store.jobs, *(getattr(store, kind.store) for kind in kinds)]
        if not any(arn in each for each in known):
            raise AwsError("ResourceNotFoundException", f"Could not find {arn}.", 404)
        return store.tags.setdefault(arn, {})

    def _list_tags(self, request: Request) -> Properties:
        return {
            "tags": [{"key": key, "value": value} for key, value in self._tags(request).items()]
        }

    def _tag(self, request: Request) -> None:
        tags, new = self._tags(request), tags_of(request["tags"])
        check_tags(tags | new)
        tags.update(new)

    def _untag(self, request: Request) -> None:
        for key in request["tagKeys"]:
            self._tags(request).pop(key, None)


def _fits(row: Properties, request: Request, kind: Kind) -> bool:
    asked = request.parameters
    after = asked.get("creationTimeAfter") or asked.get("createdAfter")
    before = asked.get("creationTimeBefore") or asked.get("createdBefore")
    status = asked.get("statusEquals") or asked.get("modelStatus")
    equal = all(asked[name] == row.get(member) for name, member in _EQUALS.items() if name in asked)
    return bool(
        equal
        and asked.get("isOwned") is not False
        and request.get("nameContains", "") in row[kind.name]
        and (after is None or row[kind.created] > after)
        and (before is None or row[kind.created] < before)
        and status in (None, row.get(kind.status))
    )
