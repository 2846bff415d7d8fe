"""What SageMaker refuses in a CreateTrainingJob, and what this embedded one cannot do."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from local_aws.http.shape_constraints import input_shape, violations
from local_aws.process_variables import refused_variables

OPT_ML = PurePosixPath("/opt/ml")
DEFAULT_MAX_RUNTIME_SECONDS = 86_400
_NEEDED = ("AlgorithmSpecification", "ResourceConfig", "OutputDataConfig", "RoleArn")


class InvalidTrainingRequestError(ValueError):
    """SageMaker would answer with a ValidationException of this text."""


class NotDoneHereError(ValueError):
    """SageMaker does this, and the embedded AWS does not; the message says what."""


def check_request(request: Mapping[str, Any], *, in_container: bool = False) -> None:
    """Refuse what SageMaker refuses without looking at any other service.

    A job that is a process of this machine, and not a container, is also refused the variables that
    would make its program run other code.

    Raises:
        InvalidTrainingRequestError: the first thing that is wrong, or all of one kind.
        NotDoneHereError: SageMaker would do what is asked.
    """
    broken = violations(input_shape("sagemaker", "CreateTrainingJob"), request)
    if broken:
        errors = "error" if len(broken) == 1 else "errors"
        raise InvalidTrainingRequestError(
            f"{len(broken)} validation {errors} detected: {'; '.join(broken)}"
        )
    for name in _NEEDED:
        if not request.get(name):
            raise InvalidTrainingRequestError(f"{name} must be given")
    if not request["AlgorithmSpecification"].get("TrainingImage"):
        raise InvalidTrainingRequestError(
            "You must specify either an AlgorithmName or a TrainingImage; the embedded AWS runs "
            "a TrainingImage only."
        )
    _check_channels(request)
    _check_checkpoints(request)
    if not in_container:
        _check_environment(request)
    _check_stopping_condition(request)
    _check_keep_alive(request)
    _check_what_cannot_be_done(request)


def _check_channels(request: Mapping[str, Any]) -> None:
    names = [channel["ChannelName"] for channel in request.get("InputDataConfig") or ()]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise InvalidTrainingRequestError(
            f"Channel names must be unique; repeated: {', '.join(repeated)}"
        )

    outside = [name for name in names if not name.strip(".")]
    if outside:
        raise InvalidTrainingRequestError(
            f"A channel's name is the name of its folder; {outside[0]!r} is another folder"
        )


def _check_checkpoints(request: Mapping[str, Any]) -> None:
    local = (request.get("CheckpointConfig") or {}).get("LocalPath")
    if not local:
        return
    place = PurePosixPath(local)
    if ".." in place.parts or OPT_ML not in place.parents:
        raise InvalidTrainingRequestError(
            f"CheckpointConfig.LocalPath must be a folder below {OPT_ML}; it is {local!r}"
        )


def _check_environment(request: Mapping[str, Any]) -> None:
    refused = refused_variables(request.get("Environment") or ())
    if refused:
        raise InvalidTrainingRequestError(
            f"The embedded AWS runs jobs as processes of this machine, and gives them no variable "
            f"that makes a program run other code: {', '.join(refused)}. Nothing was started; "
            "with --training-image they are a container's own."
        )


def _check_stopping_condition(request: Mapping[str, Any]) -> None:
    condition = request.get("StoppingCondition") or {}
    longest = condition.get("MaxRuntimeInSeconds", DEFAULT_MAX_RUNTIME_SECONDS)
    wait = condition.get("MaxWaitTimeInSeconds")
    if request.get("EnableManagedSpotTraining"):
        if wait is None or wait < longest:
            raise InvalidTrainingRequestError(
                "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to "
                "MaxRuntimeInSeconds"
            )
    elif wait is not None:
        raise InvalidTrainingRequestError(
            "Invalid MaxWaitTimeInSeconds. It is only supported when EnableManagedSpotTraining is "
            "set to true"
        )


def _check_keep_alive(request: Mapping[str, Any]) -> None:
    resources = request["ResourceConfig"]
    if not resources.get("KeepAlivePeriodInSeconds"):
        return
    for is_asked, what in (
        (request.get("EnableManagedSpotTraining"), "managed spot training"),
        (resources.get("TrainingPlanArn"), "a training plan"),
    ):
        if is_asked:
            raise InvalidTrainingRequestError(
                f"Invalid KeepAlivePeriodInSeconds. It is not supported with {what}"
            )


def _is_directory(source: Mapping[str, Any]) -> bool:
    bucket = str(source.get("S3Uri", "")).removeprefix("s3://").partition("/")[0]
    return bucket.endswith("--x-s3")


def _check_what_cannot_be_done(request: Mapping[str, Any]) -> None:
    resources = request["ResourceConfig"]
    unsupported = {
        "ResourceConfig.InstanceCount above 1": resources.get("InstanceCount", 1) != 1,
        "ResourceConfig.InstanceGroups": bool(resources.get("InstanceGroups")),
        "ResourceConfig.InstancePreferences": bool(resources.get("InstancePreferences")),
        "ResourceConfig without InstanceType": not resources.get("InstanceType"),
        "ServerlessJobConfig": bool(request.get("ServerlessJobConfig")),
        "ModelPackageConfig": bool(request.get("ModelPackageConfig")),
    }
    input_mode = request["AlgorithmSpecification"].get("TrainingInputMode", "File")
    for channel in request.get("InputDataConfig") or ():
        source = channel.get("DataSource", {}).get("S3DataSource", {})
        at = f"channel {channel['ChannelName']} with "
        mode = channel.get("InputMode") or input_mode
        kind = source.get("S3DataType")
        unsupported |= {
            f"{at}the input mode {mode}": mode != "File",
            f"{at}another DataSource than S3DataSource": not source,
            f"{at}the S3DataType {kind}": bool(source) and kind != "S3Prefix",
            f"{at}a directory bucket (S3 Express One Zone)": _is_directory(source),
            f"{at}CompressionType Gzip": channel.get("CompressionType") == "Gzip",
            f"{at}RecordWrapperType RecordIO": channel.get("RecordWrapperType") == "RecordIO",
        }
    asked = [what for what, is_asked in unsupported.items() if is_asked]
    if asked:
        raise NotDoneHereError(
            f"The embedded AWS cannot train with: {'; '.join(asked)}. Nothing was started."
        )
