"""All checks of a deployed stack, in the order of their answer."""

from collections.abc import Iterator
from typing import Any

from thriftline_cli.verifying.machines import check_machine
from thriftline_cli.verifying.requests import (
    Client,
    StackNames,
    check_functions,
    check_named,
    check_permissions,
)
from thriftline_cli.verifying.results import Result

_MACHINE, _FUNCTION = "AWS::StepFunctions::StateMachine", "AWS::Lambda::Function"


def all_checks(stack: str, client: Client, only: frozenset[str]) -> Iterator[Result]:
    """Yields what AWS says; ``only`` are logical ids of machines, empty for everything.

    With some machines named, the functions, permissions and things of a job are left out.
    """
    found = resources(stack, client)
    for name, (kind, physical) in found.items():
        if kind == _MACHINE and (not only or name in only):
            yield from check_machine(name, physical, client)
    if only:
        return
    functions = [physical for kind, physical in found.values() if kind == _FUNCTION]
    yield from check_functions(functions, client)
    place = _place(stack, found, client)
    yield from check_permissions(place, client)
    yield from check_named(place, _training_image(place, client), client)


def resources(stack: str, client: Client) -> dict[str, tuple[str, str]]:
    """Returns type and physical id of the stack's resources by logical id."""
    pages = client("cloudformation").get_paginator("list_stack_resources")
    return {
        row["LogicalResourceId"]: (row["ResourceType"], row["PhysicalResourceId"])
        for page in pages.paginate(StackName=stack)
        for row in page["StackResourceSummaries"]
        if row.get("PhysicalResourceId")
    }


def _place(stack: str, found: dict[str, tuple[str, str]], client: Client) -> StackNames:
    caller = client("sts").get_caller_identity()
    return StackNames(
        stack=stack,
        account=str(caller["Account"]),
        region=str(client("lambda").meta.region_name),
        partition=str(caller["Arn"]).split(":")[1],
        names={name: physical for name, (_, physical) in found.items()},
    )


def _training_image(place: StackNames, client: Client) -> str | None:
    name = place.names.get("StartTrainingFunction")
    if name is None:
        return None
    answer: Any = client("lambda").get_function_configuration(FunctionName=name)
    image: str | None = answer.get("Environment", {}).get("Variables", {}).get("TRAINING_IMAGE_URI")
    return image
