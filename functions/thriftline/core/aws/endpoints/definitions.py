"""Models and endpoint configs: used when they are there as saved, made again when they are not."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from thriftline.core.aws.endpoints.copies import found
from thriftline.core.aws.executor import Executor
from thriftline.core.aws.requests import plain, request_of
from thriftline.core.aws.target_clients import TargetClients
from thriftline.core.errors import AccessDeniedError, AwsRequestError
from thriftline.core.saved_endpoint import SavedEndpoint, SavedResource

# SageMaker's limit for the names of both is 63; a dash and eight digits go behind.
_LONGEST = 54
Renamed = Mapping[str, str]


def tag_pairs(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Returns tags as SageMaker takes them, without those that AWS alone may set."""
    return [
        {"Key": key, "Value": value} for key, value in tags.items() if not key.startswith("aws:")
    ]


def ensure_models(executor: Executor, clients: TargetClients, copy: SavedEndpoint) -> Renamed:
    """Makes the missing models; returns the names of those that had to get another one.

    A model of the same name that is not the one that was saved is left alone.

    Raises:
        ThriftlineError: SageMaker did not answer, or refused.
    """
    names = {}
    for model in copy.models:
        before = str(model.description["ModelName"])
        name = _ensure(executor, clients, "Model", model.description, model)
        if name != before:
            names[before] = name
    return names


def ensure_config(
    executor: Executor, clients: TargetClients, copy: SavedEndpoint, models: Renamed
) -> str:
    """Makes the config if it is missing, or there is another one of its name; returns its name.

    Raises:
        AwsRequestError: it had been deleted before the copy was made.
        ThriftlineError: SageMaker did not answer, or refused.
    """
    if copy.config is None:
        raise AwsRequestError(
            f"{copy.name} cannot be restored: its config had been deleted before it was saved."
        )
    description = with_models(copy.config.description, models)
    return _ensure(executor, clients, "EndpointConfig", description, copy.config)


def with_models(value: Any, models: Renamed) -> Any:
    """Returns a description in which models that got another name are called by it."""
    if isinstance(value, Mapping):
        named = {key: with_models(one, models) for key, one in value.items()}
        if isinstance(named.get("ModelName"), str):
            named["ModelName"] = models.get(named["ModelName"], named["ModelName"])
        return named
    if isinstance(value, list | tuple):
        return [with_models(one, models) for one in value]
    return value


def _ensure(
    executor: Executor,
    clients: TargetClients,
    kind: str,
    description: Mapping[str, Any],
    saved: SavedResource,
) -> str:
    wanted = request_of(clients.client("sagemaker"), f"Create{kind}", description)
    name = str(wanted[f"{kind}Name"])
    digest = sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()[:8]
    for candidate in (name, f"{name[:_LONGEST]}-{digest}"):
        request = {**wanted, f"{kind}Name": candidate}
        there = _read(clients, kind, candidate)
        if there == request:
            return candidate
        if there is None:
            tags = tag_pairs(saved.tags)
            _create(executor, kind, {**request, **({"Tags": tags} if tags else {})})
            return candidate
    raise AwsRequestError(f"{name} and {name[:_LONGEST]}-{digest} are both taken by others.")


def _create(executor: Executor, kind: str, request: Mapping[str, Any]) -> None:
    try:
        executor.call("sagemaker", f"Create{kind}", request)
    except AccessDeniedError as error:
        if "iam:PassRole" not in str(error):
            raise
        raise AccessDeniedError(
            f"{error} Name {request['ExecutionRoleArn']} in the stack's parameter "
            "RestorableRoleArns, and restore again."
        ) from error


def _read(clients: TargetClients, kind: str, name: str) -> dict[str, Any] | None:
    """Returns what is there of a name, as the request that would have made it."""
    client = clients.client("sagemaker")
    describe = {"Model": client.describe_model, "EndpointConfig": client.describe_endpoint_config}
    answer = found(lambda: describe[kind](**{f"{kind}Name": name}))
    return None if answer is None else request_of(client, f"Create{kind}", plain(answer))
