"""Bedrock's lists: provisioned throughput, custom and imported models, deployments."""

from dataclasses import dataclass, field
from typing import Any

from local_aws.http.own_calls import AwsError, Operation, Request
from local_aws.services.pages import page_of
from local_aws.services.places import Places

Properties = dict[str, Any]
_PAGE = 100


@dataclass
class BedrockStore:
    """What one account has in Bedrock in one region; each by its ARN."""

    account: str
    region: str
    throughputs: dict[str, Properties] = field(default_factory=dict)
    custom_models: dict[str, Properties] = field(default_factory=dict)
    imported_models: dict[str, Properties] = field(default_factory=dict)
    deployments: dict[str, Properties] = field(default_factory=dict)
    foundation_models: dict[str, Properties] = field(default_factory=dict)
    profiles: dict[str, Properties] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)

    def arn(self, kind: str, name: str) -> str:
        """Return the ARN of something that the account owns."""
        return f"arn:aws:bedrock:{self.region}:{self.account}:{kind}/{name}"

    def add_foundation_model(self, model: str) -> str:
        """Make a foundation model known by its id, and return its ARN."""
        arn = f"arn:aws:bedrock:{self.region}::foundation-model/{model}"
        provider, _, name = model.partition(".")
        self.foundation_models[arn] = {
            "modelArn": arn,
            "modelId": model,
            "modelName": name,
            "providerName": provider.capitalize(),
            "modelLifecycle": {"status": "ACTIVE"},
        }
        return arn

    def add_system_profile(self, profile: str) -> None:
        """Make a system-defined inference profile known by its id, and its model with it."""
        arn = self.arn("inference-profile", profile)
        self.profiles[arn] = {
            "inferenceProfileName": profile,
            "inferenceProfileArn": arn,
            "inferenceProfileId": profile,
            "models": [{"modelArn": self.add_foundation_model(profile.partition(".")[2])}],
            "status": "ACTIVE",
            "type": "SYSTEM_DEFINED",
        }


@dataclass(frozen=True)
class Kind:
    """One kind of thing: where it is kept and how its calls name it."""

    store: str
    answer: str
    arn: str
    name: str
    created: str = "creationTime"
    status: str = "status"


THROUGHPUTS = Kind(
    "throughputs", "provisionedModelSummaries", "provisionedModelArn", "provisionedModelName"
)
CUSTOM = Kind("custom_models", "modelSummaries", "modelArn", "modelName", status="modelStatus")
IMPORTED = Kind("imported_models", "modelSummaries", "modelArn", "modelName")
DEPLOYMENTS = Kind(
    "deployments",
    "modelDeploymentSummaries",
    "customModelDeploymentArn",
    "customModelDeploymentName",
    created="createdAt",
)
# Filters whose member of the answer has the filter's name without Equals.
_EQUALS = ("modelArnEquals", "baseModelArnEquals")


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
            "ListFoundationModels": self._list_foundation_models,
            "ListImportedModels": lambda request: self._list(request, IMPORTED),
            "ListInferenceProfiles": self._list_profiles,
            "ListProvisionedModelThroughputs": lambda request: self._list(request, THROUGHPUTS),
            "ListTagsForResource": self._list_tags,
            "TagResource": self._tag,
            "UntagResource": self._untag,
        }

    def _rows(self, request: Request, kind: Kind) -> dict[str, Properties]:
        rows: dict[str, Properties] = getattr(self._stores.of(request), kind.store)
        return rows

    def _list(self, request: Request, kind: Kind) -> Properties:
        rows = [row for row in self._rows(request, kind).values() if _fits(row, request, kind)]
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

    def _list_foundation_models(self, request: Request) -> Properties:
        provider = request.get("byProvider")
        models = self._stores.of(request).foundation_models.values()
        found = [row for row in models if provider in (None, row["providerName"])]
        return {"modelSummaries": found}

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
        if arn not in store.profiles and not any(
            arn in getattr(store, kind.store) for kind in kinds
        ):
            raise AwsError("ResourceNotFoundException", f"Could not find {arn}.", 404)
        return store.tags.setdefault(arn, {})

    def _list_tags(self, request: Request) -> Properties:
        return {
            "tags": [{"key": key, "value": value} for key, value in self._tags(request).items()]
        }

    def _tag(self, request: Request) -> None:
        self._tags(request).update({tag["key"]: tag["value"] for tag in request["tags"]})

    def _untag(self, request: Request) -> None:
        for key in request["tagKeys"]:
            self._tags(request).pop(key, None)


def find(rows: dict[str, Properties], kind: Kind, wanted: str) -> Properties:
    """Return what is called by its ARN, its identifier or its name.

    Raises:
        AwsError: there is none.
    """
    for arn, row in rows.items():
        if wanted in (arn, arn.rpartition("/")[2], row[kind.name]):
            return row
    raise AwsError("ResourceNotFoundException", f"Could not find {wanted}: it does not exist.", 404)


def _fits(row: Properties, request: Request, kind: Kind) -> bool:
    asked = request.parameters
    after = asked.get("creationTimeAfter") or asked.get("createdAfter")
    before = asked.get("creationTimeBefore") or asked.get("createdBefore")
    status = asked.get("statusEquals") or asked.get("modelStatus")
    equal = all(
        asked[name] == row.get(name.removesuffix("Equals")) for name in _EQUALS if name in asked
    )
    return bool(
        equal
        and request.get("nameContains", "") in row[kind.name]
        and (after is None or row[kind.created] > after)
        and (before is None or row[kind.created] < before)
        and status in (None, row.get(kind.status))
    )
