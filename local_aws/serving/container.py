"""What a container of an endpoint is made of, out of the model that names it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.process_variables import refused_variables
from local_aws.services.sagemaker_store import Properties

MULTI_MODEL = "MultiModel"
DescribePackage = Callable[[str], Mapping[str, Any]]


class ContainerError(Exception):
    """A container cannot be started; the message is the endpoint's FailureReason."""


@dataclass(frozen=True)
class ContainerSpec:
    """What one container is started from; equal ones are the same container.

    Args:
        image: the image that the model names; this repository's own program runs in its place.
        artifact: the s3:// URI of the artifact: an archive, or the prefix of its files.
        is_archive: whether the artifact is one tar.gz.
        environment: the model's variables, sorted.
        is_multi_model: whether the artifact is a prefix that holds one archive for each model.
        is_isolated: whether it gets neither credentials nor the address of AWS.
    """

    image: str
    artifact: str
    is_archive: bool
    environment: tuple[tuple[str, str], ...]
    is_multi_model: bool
    is_isolated: bool


def container_of(model: Properties, describe_package: DescribePackage) -> ContainerSpec:
    """Return the container of a model in the form of DescribeModel.

    Raises:
        ContainerError: SageMaker would not start it, or this machine cannot.
    """
    given = _only_container(model)
    if package := given.get("ModelPackageName"):
        given = _of_package(package, given, describe_package)
    environment = given.get("Environment") or {}
    if refused := refused_variables(environment):
        raise ContainerError(
            "The embedded AWS serves models by processes of this machine, and gives them no "
            f"variable that makes a program run other code: {', '.join(refused)}."
        )
    is_multi_model = given.get("Mode") == MULTI_MODEL
    artifact, is_archive = _artifact(given, is_multi_model=is_multi_model)
    return ContainerSpec(
        image=given.get("Image", ""),
        artifact=artifact,
        is_archive=is_archive,
        environment=tuple(sorted(environment.items())),
        is_multi_model=is_multi_model,
        is_isolated=bool(model.get("EnableNetworkIsolation")),
    )


def _only_container(model: Properties) -> Properties:
    containers = [
        *([model["PrimaryContainer"]] if model.get("PrimaryContainer") else ()),
        *(model.get("Containers") or ()),
    ]
    if len(containers) != 1:
        raise ContainerError(
            f"The embedded AWS serves models of one container; "
            f"{model.get('ModelName', 'this one')} has {len(containers)}."
        )
    only: Properties = containers[0]
    return only


def _of_package(package: str, given: Properties, describe: DescribePackage) -> Properties:
    """Return the container that a version of the registry says how to make."""
    described = describe(package)
    if described.get("ModelApprovalStatus", "Approved") != "Approved":
        raise ContainerError(f"The model package {package} is not approved.")
    containers = described.get("InferenceSpecification", {}).get("Containers") or [{}]
    own = containers[0]
    environment = {**(own.get("Environment") or {}), **(given.get("Environment") or {})}
    return {**own, "Environment": environment}


def _artifact(given: Properties, *, is_multi_model: bool) -> tuple[str, bool]:
    """Return where the artifact is, and whether it is one archive."""
    if url := given.get("ModelDataUrl"):
        return url, not is_multi_model
    source = (given.get("ModelDataSource") or {}).get("S3DataSource")
    if not source:
        raise ContainerError(
            "The container names no model data: give ModelDataUrl or ModelDataSource."
        )
    if is_multi_model:
        raise ContainerError("ModelDataSource does not go with multi-model: give ModelDataUrl.")
    compressed = source.get("CompressionType") == "Gzip"
    return source["S3Uri"], compressed and source.get("S3DataType") == "S3Object"
