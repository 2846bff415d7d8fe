"""A fact is what AWS said, or the error with which it could not be read. It is never a default.

``None`` in a resource is always something AWS said: no failure reason, no retention, no limit.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeAlias, TypeVar

from thriftline.core.dataclass import dataclass

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Unread:
    """Stands where a fact would: the call that failed, and its error code with message."""

    operation: str
    error: str


# ``Fact[int]`` is a number that AWS told, or why it could not be asked.
Fact: TypeAlias = T | Unread


class ResourceKind(StrEnum):
    """What an audit collects; also the ``resource_type`` of findings."""

    TRAINING_JOB = "training_job"
    PROCESSING_JOB = "processing_job"
    TRANSFORM_JOB = "transform_job"
    TUNING_JOB = "tuning_job"
    ENDPOINT = "endpoint"
    MODEL = "model"
    MODEL_PACKAGE = "model_package"
    ENDPOINT_CONFIG = "endpoint_config"
    SERVED_ENDPOINT = "served_endpoint"
    NOTEBOOK = "notebook"
    STUDIO_APP = "studio_app"
    STUDIO_SPACE = "studio_space"
    MLFLOW_SERVER = "mlflow_server"
    HYPERPOD_CLUSTER = "hyperpod_cluster"
    BEDROCK_MODEL = "bedrock_model"
    PROVISIONED_THROUGHPUT = "provisioned_throughput"
    CUSTOM_MODEL = "custom_model"
    CUSTOM_MODEL_DEPLOYMENT = "custom_model_deployment"
    INFERENCE_PROFILE = "inference_profile"
    IMPORTED_MODEL = "imported_model"
    BUCKET = "bucket"
    LOG_GROUP = "log_group"
    COST = "cost"
    SETTLED_RUN = "settled_run"
    RUN_BILL = "run_bill"
    METRIC = "metric"


@dataclass(frozen=True, slots=True)
class UnreadResource:
    """A resource, or with ``resource`` "*" a whole kind, that could not be read at all."""

    kind: ResourceKind
    resource: str
    operation: str
    error: str


# Pairs in order of key: hashable, and in JSON never mistaken for an ``Unread``.
Tags = tuple[tuple[str, str], ...]


def tags_of(tags: Mapping[str, str]) -> Tags:
    """Returns the tags as pairs, in order of key."""
    return tuple(sorted(tags.items()))


def known(fact: T | Unread) -> T | None:
    """Returns the fact, None where it could not be read."""
    return None if isinstance(fact, Unread) else fact
