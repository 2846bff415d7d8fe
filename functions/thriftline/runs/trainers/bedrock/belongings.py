"""What the stack has on Bedrock: deployments, throughputs and custom models with its tag."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from thriftline.core.aws.clients import code_of, translated
from thriftline.core.errors import ThriftlineError
from thriftline.core.tags import DEADLINE_TAG, PROJECT_TAG, RUN_ID_TAG, STACK_TAG
from thriftline.runs.domain.leftovers import Belonging, Kind
from thriftline.runs.trainers.bedrock.deploying import PURPOSE_TAG

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient

# By kind: the list, its key, and the keys of ARN and name.
_LISTS: Mapping[Kind, tuple[str, str, str, str]] = {
    Kind.DEPLOYMENT: (
        "list_custom_model_deployments",
        "modelDeploymentSummaries",
        "customModelDeploymentArn",
        "customModelDeploymentName",
    ),
    Kind.THROUGHPUT: (
        "list_provisioned_model_throughputs",
        "provisionedModelSummaries",
        "provisionedModelArn",
        "provisionedModelName",
    ),
    Kind.MODEL: ("list_custom_models", "modelSummaries", "modelArn", "modelName"),
}
# Models that another account shares are not the stack's.
_REQUESTS: Mapping[Kind, Mapping[str, Any]] = {Kind.MODEL: {"isOwned": True}}
_GONE = {"ResourceNotFoundException", "ResourceNotFound"}


class BedrockBelongings:
    """The things of one stack, in one region."""

    def __init__(self, client: "BedrockClient", stack: str) -> None:
        self._client = client
        self._stack = stack

    def all(self, report: Callable[[str, Exception], None]) -> Iterator[Belonging]:
        """Yields what has the stack's tag, what serves a model before the model itself.

        What cannot be read is reported and left out, and the first such error ends it when all
        that can be read was yielded: so the deadline of one thing does not wait for another.

        Raises:
            ThriftlineError: a list, or the tags of something, could not be read.
        """
        failed: list[ThriftlineError] = []

        def left_out(name: str, error: Exception) -> None:
            report(name, error)
            # A tag that is no instant stays what it is: the sweep itself has not failed.
            if isinstance(error, ThriftlineError):
                failed.append(error)

        for kind in _LISTS:
            yield from self._of_kind(kind, left_out)
        if failed:
            raise failed[0]

    def _of_kind(
        self, kind: Kind, left_out: Callable[[str, Exception], None]
    ) -> Iterator[Belonging]:
        operation, key, arn_key, name_key = _LISTS[kind]
        try:
            found = self._listed(operation, key, **_REQUESTS.get(kind, {}))
        except ThriftlineError as error:
            left_out(operation, error)
            return
        for one in found:
            arn, name = one[arn_key], one[name_key]
            try:
                tags = self._tags(arn)
                if tags.get(STACK_TAG) == self._stack:
                    yield _belonging(kind, arn, name, one["modelArn"], tags)
            except (ThriftlineError, ValueError) as error:
                left_out(name, error)

    def take_away(self, belonging: Belonging) -> None:
        """Deletes one thing; no error when it is gone.

        Raises:
            ThriftlineError: Bedrock refuses, such as for a model that something still serves.
        """
        deletes: Mapping[Kind, Callable[[], object]] = {
            Kind.DEPLOYMENT: lambda: self._client.delete_custom_model_deployment(
                customModelDeploymentIdentifier=belonging.arn
            ),
            Kind.THROUGHPUT: lambda: self._client.delete_provisioned_model_throughput(
                provisionedModelId=belonging.arn
            ),
            Kind.MODEL: lambda: self._client.delete_custom_model(modelIdentifier=belonging.arn),
        }
        with translated(f"deleting {belonging.kind} {belonging.name}"):
            try:
                deletes[belonging.kind]()
            except ClientError as error:
                if code_of(error) not in _GONE:
                    raise

    def _listed(self, operation: Any, key: str, **request: Any) -> list[dict[str, Any]]:
        with translated(operation.replace("_", " ")):
            pages = self._client.get_paginator(operation).paginate(**request)
            return [one for page in pages for one in page.get(key, ())]

    def _tags(self, arn: str) -> dict[str, str]:
        with translated(f"reading the tags of {arn}"):
            try:
                found = self._client.list_tags_for_resource(resourceARN=arn)
            except ClientError as error:
                if code_of(error) in _GONE:
                    return {}
                raise
        return {tag["key"]: tag["value"] for tag in found["tags"]}


def _belonging(
    kind: Kind, arn: str, name: str, model_arn: str, tags: Mapping[str, str]
) -> Belonging:
    deadline = tags.get(DEADLINE_TAG)
    return Belonging(
        kind=kind,
        arn=arn,
        name=name,
        model_uri=model_arn,
        run_id=tags.get(RUN_ID_TAG),
        project=tags.get(PROJECT_TAG),
        is_standing=tags.get(PURPOSE_TAG) == "standing",
        delete_after=None if deadline is None else _instant(deadline),
    )


def _instant(text: str) -> datetime:
    """Returns a deadline; one without a zone is none that can be acted on.

    Raises:
        ValueError: it is no instant.
    """
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"the tag {DEADLINE_TAG} has no time zone: {text}")
    return found.astimezone(UTC)
