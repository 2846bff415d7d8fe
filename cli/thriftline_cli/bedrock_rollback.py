"""Goes back to the model version before the one in use, in the registry and in what answers.

The version in use is set to Rejected, so that the one before it is the champion; a deployment on
Bedrock then answers with that one's model, under the same ARN. Interrupted, it can be called again:
it first finishes what it had begun. Nothing is deleted.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

_MARK = "Rolled back to"
_NOT_THERE = {"ResourceNotFoundException", "ResourceNotFound"}


class RollbackError(Exception):
    """It cannot go back as asked; the message says why. What is done is done."""


@dataclass(frozen=True)
class Version:
    """One version in the registry, as far as it says."""

    arn: str
    status: str
    description: str
    told: Mapping[str, str]
    document_uri: str | None

    @property
    def number(self) -> str:
        """What a person calls it."""
        return self.arn.rpartition("/")[2]

    @property
    def trainer(self) -> str:
        """Which way to train made it; a version of a former release does not say."""
        return self.told.get("trainer", "sagemaker")

    @property
    def model_arn(self) -> str | None:
        """Its custom model on Bedrock, None where it lies elsewhere."""
        return self.told.get("model_uri") if self.trainer == "bedrock" else None


@dataclass(frozen=True)
class Services:
    """The clients, and what a test replaces."""

    sagemaker: Any
    bedrock: Callable[[], Any]
    s3: Callable[[], Any]
    say: Callable[[str], None]
    sleep: Callable[[float], None]
    now: Callable[[], datetime]


def versions_of(group: str, sagemaker: Any) -> Iterator[Version]:
    """Yields the group's versions that were completed, the newest first."""
    pages = sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=group, SortBy="CreationTime", SortOrder="Descending"
    )
    for page in pages:
        for summary in page["ModelPackageSummaryList"]:
            if summary["ModelPackageStatus"] != "Completed":
                continue
            found = sagemaker.describe_model_package(ModelPackageName=summary["ModelPackageArn"])
            yield Version(
                arn=summary["ModelPackageArn"],
                status=found["ModelApprovalStatus"],
                description=found.get("ApprovalDescription", ""),
                told=found.get("CustomerMetadataProperties", {}),
                document_uri=found.get("SourceUri"),
            )


def roll_back(project: str, stack: str, services: Services, *, dry_run: bool, looks: int) -> None:
    """Goes back by one approved version, or finishes a roll back that was interrupted.

    Raises:
        RollbackError: there is no version to go back to, or its model is gone.
    """
    approved: list[Version] = []
    rejected: list[Version] = []
    for version in versions_of(f"{stack}-{project}", services.sagemaker):
        if version.status == "Approved":
            approved.append(version)
        elif not approved and version.description.startswith(_MARK):
            rejected.append(version)
        if len(approved) == 2:
            break
    if not approved:
        raise RollbackError(f"the project {project} of stack {stack} has no approved version")
    deployment = _deployment_of([*rejected, *approved], services)
    if _is_unfinished(deployment, rejected, approved[0]):
        services.say(
            f"version {rejected[0].number} was rolled back before, but it still answers: that is "
            "finished first"
        )
        _answer_with(approved[0], deployment, services, dry_run=dry_run, looks=looks)
        return
    if len(approved) < 2:
        raise RollbackError(
            f"version {approved[0].number} is the first approved one: nothing before"
        )
    current, before = approved
    _require_model(before, services)
    _reject(current, before, services, dry_run=dry_run)
    _answer_with(before, deployment, services, dry_run=dry_run, looks=looks)
    _tell_what_stays(current, before, services)


@dataclass(frozen=True)
class _Deployment:
    arn: str
    model_arn: str


def _deployment_of(versions: Sequence[Version], services: Services) -> _Deployment | None:
    """Returns the project's deployment, None where no version knows of one that exists."""
    known = [one.told["deployment_arn"] for one in versions if one.told.get("deployment_arn")]
    for arn in dict.fromkeys(known):
        try:
            found = services.bedrock().get_custom_model_deployment(
                customModelDeploymentIdentifier=arn
            )
        except ClientError as error:
            if error.response["Error"]["Code"] not in _NOT_THERE:
                raise
            continue
        return _Deployment(arn, found["modelArn"])
    return None


def _is_unfinished(
    deployment: _Deployment | None, rejected: Sequence[Version], champion: Version
) -> bool:
    if deployment is None or champion.model_arn is None:
        return False
    wrong = {one.model_arn for one in rejected}
    return deployment.model_arn in wrong


def _require_model(version: Version, services: Services) -> None:
    """Refuses a version whose custom model is gone, before anything is changed."""
    if version.model_arn is None:
        return
    try:
        services.bedrock().get_custom_model(modelIdentifier=version.model_arn)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _NOT_THERE:
            raise
        raise RollbackError(
            f"the model of version {version.number}, {version.model_arn}, is gone; nothing was done"
        ) from error


def _reject(current: Version, before: Version, services: Services, *, dry_run: bool) -> None:
    step = f"version {current.number} is rejected, version {before.number} is in use"
    if not dry_run:
        services.sagemaker.update_model_package(
            ModelPackageArn=current.arn,
            ModelApprovalStatus="Rejected",
            ApprovalDescription=f"{_MARK} version {before.number} at "
            f"{services.now():%Y-%m-%d %H:%M} UTC by thriftline",
        )
    services.say(f"{_verb(dry_run)}: {step}")


def _answer_with(
    version: Version,
    deployment: _Deployment | None,
    services: Services,
    *,
    dry_run: bool,
    looks: int,
) -> None:
    if deployment is None:
        services.say("no deployment on Bedrock answers for the project: there is none to change")
        return
    if version.model_arn is None:
        services.say(
            f"version {version.number} was made by {version.trainer}: {deployment.arn} still "
            f"answers with {deployment.model_arn}; whoever asks it must ask an endpoint of "
            f"version {version.number} instead"
        )
        return
    if deployment.model_arn != version.model_arn:
        if not dry_run:
            services.bedrock().update_custom_model_deployment(
                customModelDeploymentIdentifier=deployment.arn, modelArn=version.model_arn
            )
            _wait(deployment.arn, version.model_arn, services, looks)
        services.say(f"{_verb(dry_run)}: {deployment.arn} answers with {version.model_arn}")
    if version.document_uri:
        services.say(f"its prompt and label words are in {version.document_uri}")


def _wait(arn: str, model_arn: str, services: Services, looks: int) -> None:
    for _ in range(looks):
        found = services.bedrock().get_custom_model_deployment(customModelDeploymentIdentifier=arn)
        update = found.get("updateDetails") or {}
        if update.get("updateStatus") == "UpdateFailed":
            raise RollbackError(
                f"Bedrock could not update {arn}: {found.get('failureMessage', 'no reason')}; the "
                "registry is rolled back; call this again"
            )
        if found["modelArn"] == model_arn and update.get("updateStatus") != "Updating":
            return
        services.sleep(15)
    raise RollbackError(f"{arn} is still updating; call this again to see it through")


def _tell_what_stays(current: Version, before: Version, services: Services) -> None:
    if current.model_arn is None:
        return
    usd = _storage_usd(current, services)
    cost = "an unknown price" if usd is None else f"{usd} USD"
    services.say(
        f"the model of version {current.number} stays and costs {cost} a month; to give it up: "
        f"aws bedrock delete-custom-model --model-identifier {current.model_arn}"
    )
    if before.model_arn is not None:
        services.say(f"the model of version {before.number} costs as much, as the one in use")


def _storage_usd(version: Version, services: Services) -> str | None:
    """Returns what keeping a model costs a month, by the prices that its run was planned at."""
    if not version.document_uri:
        return None
    bucket, _, key = version.document_uri.removeprefix("s3://").partition("/")
    try:
        body = services.s3().get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError:
        return None
    rates = json.loads(body).get("terms", {}).get("rates") or {}
    return None if rates.get("storage") is None else str(rates["storage"])


def _verb(dry_run: bool) -> str:
    return "would be" if dry_run else "done"
