"""Inference components: deleted before their endpoint, and made again after it."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from thriftline.core.aws.endpoints.answers import specifications
from thriftline.core.aws.endpoints.copies import read_components
from thriftline.core.aws.executor import Executor
from thriftline.core.aws.requests import request_of
from thriftline.core.aws.target_clients import TargetClients
from thriftline.core.errors import ServiceUnavailableError
from thriftline.core.saved_endpoint import SavedResource, component_name

Sleep = Callable[[float], None]
_LOOKS = 30
_SECONDS_BETWEEN = 4.0
_DELETING = "Deleting"
# An update takes a component to none; its creation does not begin with none.
FEWEST_COPIES = 1


def delete_components(
    executor: Executor, clients: TargetClients, components: Iterable[SavedResource], sleep: Sleep
) -> None:
    """Deletes an endpoint's components and waits until they are gone.

    Adapters go before the component that they are based on.

    Raises:
        ServiceUnavailableError: SageMaker is still at it after two minutes; asking again goes on.
        ThriftlineError: SageMaker refused.
    """
    some = _bases_first(components)
    for component in reversed(some):
        if component.description.get("InferenceComponentStatus") != _DELETING:
            name = component_name(component)
            executor.call_if_there(
                "sagemaker", "DeleteInferenceComponent", {"InferenceComponentName": name}
            )
    if some and not executor.dry_run:
        _wait_until_gone(clients, some[0].description["EndpointName"], sleep)


def _wait_until_gone(clients: TargetClients, endpoint: str, sleep: Sleep) -> None:
    for look in range(_LOOKS):
        if look:
            sleep(_SECONDS_BETWEEN)
        left = read_components(clients, endpoint)
        if not left:
            return
    names = ", ".join(component_name(one) for one in left)
    raise ServiceUnavailableError(f"SageMaker still deletes the inference components {names}.")


def put_back_components(
    executor: Executor, clients: TargetClients, saved: Iterable[SavedResource]
) -> tuple[str, ...]:
    """Creates the saved components that are missing; returns those that are not as saved yet.

    A component waits for the one that it is based on. One that stood at no copies is created
    with one, since SageMaker creates none without, and set to none when it is in service.

    Raises:
        ThriftlineError: SageMaker refused; what was made stays.
    """
    some = _bases_first(saved)
    if not some:
        return ()
    live = {
        component_name(one): one.description
        for one in read_components(clients, some[0].description["EndpointName"])
    }
    left: list[str] = []
    for component in some:
        name = component_name(component)
        if name not in live and not _bases(component).intersection(left):
            request = creation(clients.client("sagemaker"), component)
            executor.call("sagemaker", "CreateInferenceComponent", request)
            if executor.dry_run and _stood_at_none(component):
                _set_to_no_copies(executor, name)
            live[name] = {"InferenceComponentStatus": "Creating"}
        elif _has_one_too_many(component, live.get(name, {})):
            _set_to_no_copies(executor, name)
            live[name] = {"InferenceComponentStatus": "Updating"}
        status = live.get(name, {}).get("InferenceComponentStatus")
        if status not in ("InService", component.description["InferenceComponentStatus"]):
            left.append(name)
    return tuple(left)


def _stood_at_none(saved: SavedResource) -> bool:
    return bool(saved.description.get("RuntimeConfig", {}).get("DesiredCopyCount") == 0)


def _has_one_too_many(saved: SavedResource, live: Mapping[str, Any]) -> bool:
    """Whether a component was made again, is in service, and still has the copy it was made with.

    One that was never taken away keeps the copies that somebody, or its scaling, has set since.
    """
    return (
        _stood_at_none(saved)
        and live.get("InferenceComponentStatus") == "InService"
        and live["RuntimeConfig"].get("DesiredCopyCount") == FEWEST_COPIES
        and live["CreationTime"] != saved.description["CreationTime"]
    )


def _set_to_no_copies(executor: Executor, name: str) -> None:
    executor.call(
        "sagemaker",
        "UpdateInferenceComponentRuntimeConfig",
        {"InferenceComponentName": name, "DesiredRuntimeConfig": {"CopyCount": 0}},
    )


def creation(client: Any, saved: SavedResource) -> dict[str, Any]:
    """Returns the request that makes a saved component again.

    DescribeInferenceComponent tells image and copies in other words than the creation takes.
    """
    description = dict(saved.description)
    for member in ("Specification", "Specifications"):
        if member in description:
            description[member] = _with_image(description[member])
    copies = description.get("RuntimeConfig", {}).get("DesiredCopyCount")
    description.pop("RuntimeConfig", None)
    request = request_of(client, "CreateInferenceComponent", description)
    if copies is not None:
        request["RuntimeConfig"] = {"CopyCount": max(FEWEST_COPIES, copies)}
    tags = [{"Key": key, "Value": value} for key, value in saved.tags.items()]
    own = [tag for tag in tags if not tag["Key"].startswith("aws:")]
    return request | ({"Tags": own} if own else {})


def _with_image(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_image(one) for one in value]
    container = value.get("Container")
    if not container or "DeployedImage" not in container:
        return value
    image = container["DeployedImage"].get("SpecifiedImage")
    return {**value, "Container": {**container, "Image": image}}


def _bases(component: SavedResource) -> set[str]:
    found = (one.get("BaseInferenceComponentName") for one in specifications(component.description))
    return {name for name in found if name}


def _bases_first(components: Iterable[SavedResource]) -> list[SavedResource]:
    return sorted(components, key=lambda one: bool(_bases(one)))
