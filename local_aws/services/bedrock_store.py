"""What an account has in Bedrock, each thing by its ARN, and what time does to it."""

import secrets
import string
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from local_aws.bedrock.job import CustomizationJob
from local_aws.http.own_calls import AwsError

Properties = dict[str, Any]
_MOST_TAGS = 200
_LETTERS = string.ascii_lowercase + string.digits


@dataclass(frozen=True)
class Change:
    """What happens to something at an instant; never, where there is none."""

    at: datetime | None
    apply: Callable[[], None]


@dataclass
class BedrockStore:
    """What one account has in Bedrock in one region; each by its ARN.

    Args:
        changes: what time will do to deployments and throughputs.
        folders: where the models lie that were trained here.
        bases: the base model of what was made here.
        tokens: what a client's token made.
    """

    account: str
    region: str
    throughputs: dict[str, Properties] = field(default_factory=dict)
    custom_models: dict[str, Properties] = field(default_factory=dict)
    imported_models: dict[str, Properties] = field(default_factory=dict)
    deployments: dict[str, Properties] = field(default_factory=dict)
    foundation_models: dict[str, Properties] = field(default_factory=dict)
    profiles: dict[str, Properties] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    jobs: dict[str, CustomizationJob] = field(default_factory=dict)
    changes: dict[str, Change] = field(default_factory=dict)
    folders: dict[str, Path] = field(default_factory=dict)
    bases: dict[str, str] = field(default_factory=dict)
    tokens: dict[tuple[str, str], str] = field(default_factory=dict)

    def arn(self, kind: str, name: str) -> str:
        """Return the ARN of something that the account owns."""
        return f"arn:aws:bedrock:{self.region}:{self.account}:{kind}/{name}"

    def new_arn(self, kind: str) -> str:
        """Return an ARN that nothing has yet, with Bedrock's twelve letters and digits."""
        return self.arn(kind, "".join(secrets.choice(_LETTERS) for _ in range(12)))

    def settle(self, now: datetime) -> None:
        """Let time pass for what is being made or changed."""
        for arn, change in list(self.changes.items()):
            # The runtime's calls settle as well, under a lock of their own: only one applies it.
            if change.at is None or change.at > now or self.changes.pop(arn, None) is None:
                continue
            change.apply()

    def served_models(self) -> set[str]:
        """Return the ARNs of the models that something serves, or is about to serve."""
        served = {
            row["modelArn"] for row in [*self.throughputs.values(), *self.deployments.values()]
        }
        served |= {row.get("desiredModelArn", "") for row in self.throughputs.values()}
        updates = (row.get("updateDetails") for row in self.deployments.values())
        return served | {each["modelArn"] for each in updates if each}

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


def find(rows: dict[str, Properties], kind: Kind, wanted: str) -> Properties:
    """Return what is called by its ARN, its identifier or its name.

    Raises:
        AwsError: there is none.
    """
    for arn, row in list(rows.items()):
        if wanted in (arn, arn.rpartition("/")[2], row[kind.name]):
            return row
    raise AwsError("ResourceNotFoundException", f"Could not find {wanted}: it does not exist.", 404)


def conflict(message: str) -> AwsError:
    """Return Bedrock's ConflictException, which is a 400 there."""
    return AwsError("ConflictException", message, 400)


def invalid(message: str) -> AwsError:
    """Return a ValidationException."""
    return AwsError("ValidationException", message, 400)


def over_quota(message: str) -> AwsError:
    """Return a ServiceQuotaExceededException, which is a 400 in Bedrock."""
    return AwsError("ServiceQuotaExceededException", message, 400)


def tags_of(listed: list[dict[str, str]] | None) -> dict[str, str]:
    """Return a request's tags by their keys."""
    return {tag["key"]: tag["value"] for tag in listed or ()}


def check_tags(tags: dict[str, str]) -> None:
    """Refuse more tags than a thing may have.

    Raises:
        AwsError: there are too many.
    """
    if len(tags) > _MOST_TAGS:
        raise AwsError("TooManyTagsException", f"{len(tags)} tags are more than {_MOST_TAGS}.", 400)
