"""The stack that a command speaks to: its outputs and its registry."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from botocore.exceptions import ClientError

from thriftline_cli.exits import CommandError, Exit


@dataclass(frozen=True)
class Stack:
    """The clients, and what a test replaces. ``say`` writes to stderr."""

    name: str
    client: Callable[[str], Any]
    say: Callable[[str], None]
    sleep: Callable[[float], None]
    now: Callable[[], datetime]
    token: Callable[[], str]
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
