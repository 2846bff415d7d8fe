"""The CreateTrainingJob request of one attempt.

There is no ``RetryStrategy``: it would start the job again after an internal error where neither
the run's allowance nor the person who reads the result can see it. The state machine
makes the attempts, each a job of its own that goes on from the shared checkpoints.
"""

from collections.abc import Mapping
from dataclasses import field
from decimal import Decimal
from typing import Any

from thriftline.core.dataclass import dataclass
from thriftline.core.tags import PROJECT_TAG, RUN_ID_TAG
from thriftline.money.instances import has_local_storage
from thriftline.runs.domain.layout import output_prefix, progress_prefix, split_prefix
from thriftline.runs.trainers.sagemaker.metric_definitions import metric_definitions

CHECKPOINT_PATH = "/opt/ml/checkpoints"


@dataclass(frozen=True)
class TrainingOrder:
    """What a job is asked for. ``max_wait_seconds`` is set for Spot and only then.

    ``base_model_uri`` is an S3 folder of base weights, None for a model of the hub. ``shard_train``
    gives each instance files of its own from the training split, of which it needs one at least.
    The splits are copied to the instances, unless they are streamed (``streams``) or read through a
    file system, which shows the artifacts bucket at ``directory_path``. ``splits_bucket`` has them
    too where they are read from another bucket than the artifacts bucket.
    """

    job_name: str
    run_id: str
    project: str
    role_arn: str
    image_uri: str
    artifacts_bucket: str
    hyperparameters: Mapping[str, object]
    splits: tuple[str, ...]
    instance_type: str
    instance_count: int
    volume_gib: int
    max_runtime_seconds: int
    max_wait_seconds: int | None = None
    shard_train: bool = False
    training_plan_arn: str | None = None
    keep_alive_seconds: int = 0
    base_model_uri: str | None = None
    champion_uri: str | None = None
    kms_key_id: str | None = None
    usd_per_hour: Decimal | None = None
    cost_tags: Mapping[str, str] = field(default_factory=dict)
    streams: bool = False
    splits_bucket: str | None = None
    file_system_id: str | None = None
    directory_path: str | None = None
    subnet_ids: tuple[str, ...] = ()
    security_group_ids: tuple[str, ...] = ()

    def uri(self, key: str) -> str:
        """Returns the URI of a key in the artifacts bucket."""
        return f"s3://{self.artifacts_bucket}/{key}"


def training_request(order: TrainingOrder) -> dict[str, Any]:
    """Returns the arguments of ``create_training_job``."""
    spot = order.max_wait_seconds is not None
    request = {
        "TrainingJobName": order.job_name,
        "RoleArn": order.role_arn,
        "AlgorithmSpecification": {
            "TrainingImage": order.image_uri,
            "TrainingInputMode": "File",
            "MetricDefinitions": metric_definitions(),
        },
        "HyperParameters": {
            **{name: _as_text(value) for name, value in order.hyperparameters.items()},
            "run_id": order.run_id,
        },
        "InputDataConfig": _channels(order),
        "OutputDataConfig": _with_key(
            {"S3OutputPath": order.uri(output_prefix(order.run_id))}, "KmsKeyId", order.kms_key_id
        ),
        "CheckpointConfig": {
            "S3Uri": order.uri(progress_prefix(order.run_id)),
            "LocalPath": CHECKPOINT_PATH,
        },
        "ResourceConfig": _resources(order),
        "StoppingCondition": _stopping(order),
        "EnableManagedSpotTraining": spot,
        "Environment": _environment(order),
        # The container needs the internet only to fetch weights from the hub.
        "EnableNetworkIsolation": order.base_model_uri is not None,
        "EnableInterContainerTrafficEncryption": order.instance_count > 1,
        "Tags": [{"Key": key, "Value": value} for key, value in sorted(_tags(order).items())],
    }
    if order.subnet_ids:
        request["VpcConfig"] = {
            "Subnets": list(order.subnet_ids),
            "SecurityGroupIds": list(order.security_group_ids),
        }
    return request


def _environment(order: TrainingOrder) -> dict[str, str]:
    """The rate of all instances on demand, so that the program can say what it has cost so far."""
    if order.usd_per_hour is None:
        return {}
    return {"THRIFTLINE_USD_PER_HOUR": str(order.usd_per_hour * order.instance_count)}


def _as_text(value: object) -> str:
    # SageMaker's hyperparameters are all strings; the training program reads JSON's spelling.
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _channels(order: TrainingOrder) -> list[dict[str, Any]]:
    channels = [_split_channel(order, split) for split in order.splits]
    if order.base_model_uri:
        channels.append(_channel("model", order.base_model_uri))
    if order.champion_uri:
        channels.append(_channel("champion", order.champion_uri, "application/x-tar"))
    return channels


def _split_channel(order: TrainingOrder, split: str) -> dict[str, Any]:
    content_type, prefix = "application/jsonlines", split_prefix(order.run_id, split)
    if order.file_system_id:
        # A file system gives every instance all files; the program shares the rows out.
        source = {
            "FileSystemDataSource": {
                "FileSystemId": order.file_system_id,
                "FileSystemAccessMode": "ro",
                "FileSystemType": "FSxLustre",
                "DirectoryPath": f"{order.directory_path}/{prefix.rstrip('/')}",
            }
        }
        channel = {"ChannelName": split, "DataSource": source, "InputMode": "File"}
        return _with_key(channel, "ContentType", content_type)
    sharded = split == "train" and order.shard_train
    mode = "FastFile" if order.streams else "File"
    uri = f"s3://{order.splits_bucket}/{prefix}" if order.splits_bucket else order.uri(prefix)
    return _channel(split, uri, content_type, sharded=sharded, mode=mode)


def _channel(
    name: str,
    uri: str,
    content_type: str | None = None,
    *,
    sharded: bool = False,
    mode: str = "File",
) -> dict[str, Any]:
    # Several instances get a part of the training files each: no byte is read twice.
    channel: dict[str, Any] = {
        "ChannelName": name,
        "DataSource": {
            "S3DataSource": {
                "S3DataType": "S3Prefix",
                "S3Uri": uri,
                "S3DataDistributionType": "ShardedByS3Key" if sharded else "FullyReplicated",
            }
        },
        "InputMode": mode,
    }
    return _with_key(channel, "ContentType", content_type)


def _resources(order: TrainingOrder) -> dict[str, Any]:
    resources: dict[str, Any] = {
        "InstanceType": order.instance_type,
        "InstanceCount": order.instance_count,
        "VolumeSizeInGB": order.volume_gib,
    }
    resources = _with_key(resources, "TrainingPlanArn", order.training_plan_arn)
    if order.keep_alive_seconds:
        resources["KeepAlivePeriodInSeconds"] = order.keep_alive_seconds
    # NVMe volumes are encrypted by the instance itself, and SageMaker refuses a key for them.
    local = has_local_storage(order.instance_type)
    return _with_key(resources, "VolumeKmsKeyId", None if local else order.kms_key_id)


def _stopping(order: TrainingOrder) -> dict[str, int]:
    stopping = {"MaxRuntimeInSeconds": order.max_runtime_seconds}
    # SageMaker refuses the request when it is there for an on-demand job, or absent for Spot.
    if order.max_wait_seconds is not None:
        stopping["MaxWaitTimeInSeconds"] = order.max_wait_seconds
    return stopping


def _tags(order: TrainingOrder) -> dict[str, str]:
    return {
        **order.cost_tags,
        PROJECT_TAG: order.project,
        RUN_ID_TAG: order.run_id,
    }


def _with_key(document: dict[str, Any], name: str, value: str | None) -> dict[str, Any]:
    return {**document, name: value} if value else document
