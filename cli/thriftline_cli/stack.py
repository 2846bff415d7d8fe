"""The stack that a command speaks to: its outputs, its table of endpoints, its registry."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from typing import Any

from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import ClientError

from thriftline_cli.exits import CommandError, Exit

_deserialize = TypeDeserializer().deserialize
_LONGEST_NAME = 63
_LONG = 32


@dataclass(frozen=True)
class Stack:
    """The clients, and what a test replaces. ``say`` writes to stderr."""

    name: str
    client: Callable[[str], Any]
    say: Callable[[str], None]
    sleep: Callable[[float], None]
    now: Callable[[], datetime]
    token: Callable[[], str]
    confirm: Callable[[str], None]
    _clients: dict[str, Any] = field(default_factory=dict)

    def of(self, service: str) -> Any:
        """Returns the client of a service, made when it is first asked for."""
        if service not in self._clients:
            self._clients[service] = self.client(service)
        return self._clients[service]

    @cached_property
    def outputs(self) -> Mapping[str, str]:
        """The stack's outputs."""
        try:
            described = self.of("cloudformation").describe_stacks(StackName=self.name)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in str(error):
                raise CommandError(f"there is no stack {self.name}", Exit.NOT_FOUND) from error
            raise
        return {one["OutputKey"]: one["OutputValue"] for one in described.get("Outputs", [])}

    def output(self, key: str) -> str:
        """Returns one output."""
        if key not in self.outputs:
            raise CommandError(
                f"the stack {self.name} has no output {key}; deploy its newest template",
                Exit.NOT_FOUND,
            )
        return self.outputs[key]

    @cached_property
    def caller(self) -> str:
        """Who asks: it is recorded with whatever is changed."""
        return str(self.of("sts").get_caller_identity()["Arn"])

    def items(self, endpoint: str, prefix: str = "") -> list[dict[str, Any]]:
        """Returns what the table holds of an endpoint, in the order of its keys."""
        asked: dict[str, Any] = {
            "KeyConditionExpression": "endpoint = :e",
            "ExpressionAttributeValues": {":e": {"S": endpoint}},
        }
        if prefix:
            asked["KeyConditionExpression"] += " AND begins_with(#i, :p)"
            asked["ExpressionAttributeNames"] = {"#i": "item"}
            asked["ExpressionAttributeValues"][":p"] = {"S": prefix}
        return list(self._pages("query", ConsistentRead=True, **asked))

    def endpoints(self) -> list[dict[str, Any]]:
        """Returns the state of each endpoint."""
        found = self._pages(
            "scan",
            FilterExpression="#i = :state",
            ExpressionAttributeNames={"#i": "item"},
            ExpressionAttributeValues={":state": {"S": "endpoint"}},
        )
        return sorted(found, key=lambda one: str(one["endpoint"]))

    def _pages(self, operation: str, **asked: Any) -> Iterator[dict[str, Any]]:
        pages = self.of("dynamodb").get_paginator(operation)
        for page in pages.paginate(TableName=self.output("EndpointsTableName"), **asked):
            for item in page["Items"]:
                yield {name: _deserialize(value) for name, value in item.items()}

    def endpoint_of(self, project: str, named: str | None) -> str:
        """Returns the one endpoint of a project, or the named one."""
        own = [one for one in self.endpoints() if one.get("project") == project]
        names = [str(one["endpoint"]) for one in own]
        if named is not None:
            if named not in names:
                raise CommandError(f"{project} has no endpoint {named}", Exit.NOT_FOUND)
            return named
        if len(names) > 1:
            raise CommandError(
                f"{project} has the endpoints {', '.join(names)}; say --endpoint", Exit.USAGE
            )
        if not names:
            raise CommandError(
                f"{project} has no endpoint yet; `deploy {project}` makes one", Exit.NOT_FOUND
            )
        return names[0]

    def owner_of(self, execution_arn: str) -> tuple[str, str] | None:
        """Returns endpoint and id of the deployment of an execution, None before it has one."""
        found = self.items(f"execution#{sha256(execution_arn.encode()).hexdigest()[:_LONG]}")
        return (str(found[0]["of"]), str(found[0]["deployment_id"])) if found else None

    def versions(self, project: str) -> Iterator[dict[str, Any]]:
        """Yields the project's versions in the registry, the newest first."""
        pages = self.of("sagemaker").get_paginator("list_model_packages")
        for page in pages.paginate(
            ModelPackageGroupName=f"{self.name}-{project}",
            SortBy="CreationTime",
            SortOrder="Descending",
        ):
            yield from page["ModelPackageSummaryList"]

    def version_arn(self, project: str, number: int) -> str:
        """Returns the ARN of a version by its number."""
        for one in self.versions(project):
            if str(one["ModelPackageArn"]).rpartition("/")[2] == str(number):
                return str(one["ModelPackageArn"])
        raise CommandError(f"the registry has no version {number} of {project}", Exit.NOT_FOUND)

    def document(self, key: str) -> bytes | None:
        """Returns an object of the artifacts bucket, None when there is none."""
        try:
            found = self.of("s3").get_object(Bucket=self.output("ArtifactsBucketName"), Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] in ("NoSuchKey", "404"):
                return None
            raise
        return bytes(found["Body"].read())
