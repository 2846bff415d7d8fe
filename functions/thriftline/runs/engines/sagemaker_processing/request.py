"""The CreateProcessingJob request of one attempt."""

import json
from collections.abc import Mapping
from typing import Any

from thriftline.core.dataclass import dataclass
from thriftline.core.tags import PROJECT_TAG, RUN_ID_TAG
from thriftline.runs.domain.preparation import PreparationOrder
from thriftline.runs.engines.sagemaker_processing.cluster import Cluster
from thriftline.runs.engines.sizing import shuffle_partitions

RUN_ID = "THRIFTLINE_RUN_ID"
_INPUT = "/opt/ml/processing/input"


@dataclass(frozen=True)
class Place:
    """What the stack has for the job."""

    role_arn: str
    image_uri: str
    kms_key_id: str | None
    tags: Mapping[str, str]


def settings_uri(order: PreparationOrder) -> str:
    """Returns where the settings of Spark lie, beside the program's configuration."""
    return f"{order.config_uri.removesuffix('.json')}-spark/configuration.json"


def settings_document(order: PreparationOrder) -> str:
    """Returns the settings of Spark in the form that the image reads.

    The image reckons memory from the machine itself.
    """
    partitions = shuffle_partitions(int(order.terms["unpacked_bytes"]))
    properties = {"spark.sql.shuffle.partitions": str(partitions)}
    return json.dumps([{"Classification": "spark-defaults", "Properties": properties}])


def job_request(order: PreparationOrder, place: Place) -> dict[str, Any]:
    """Returns the arguments of ``create_processing_job``."""
    program = order.program_uri.rsplit("/", 1)[-1]
    tags = {**place.tags, PROJECT_TAG: order.project, RUN_ID_TAG: order.run_id}
    return {
        "ProcessingJobName": order.name,
        "RoleArn": place.role_arn,
        "AppSpecification": {
            "ImageUri": place.image_uri,
            "ContainerEntrypoint": ["smspark-submit", f"{_INPUT}/code/{program}"],
            "ContainerArguments": ["--config", order.config_uri],
        },
        "ProcessingInputs": [
            _input("code", order.program_uri),
            _input("conf", settings_uri(order)),
        ],
        "ProcessingResources": {"ClusterConfig": _machines(order, place)},
        "StoppingCondition": {"MaxRuntimeInSeconds": int(order.terms["max_minutes"]) * 60},
        "Environment": {RUN_ID: order.run_id},
        "Tags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())],
    }


def _machines(order: PreparationOrder, place: Place) -> dict[str, Any]:
    cluster = Cluster.of_terms(order.terms)
    machines: dict[str, Any] = {
        "InstanceCount": cluster.instance_count,
        "InstanceType": cluster.instance_type,
        "VolumeSizeInGB": cluster.volume_gb,
    }
    if place.kms_key_id:
        machines["VolumeKmsKeyId"] = place.kms_key_id
    return machines


def _input(name: str, uri: str) -> dict[str, Any]:
    return {
        "InputName": name,
        "S3Input": {
            "S3Uri": uri,
            "LocalPath": f"{_INPUT}/{name}",
            "S3DataType": "S3Prefix",
            "S3InputMode": "File",
            "S3DataDistributionType": "FullyReplicated",
        },
    }
