"""What the loopback Databricks refuses of a submission, as the service does."""

from collections.abc import Mapping
from typing import Any

_RUN = {"run_name", "idempotency_token", "timeout_seconds", "tasks", "queue", "budget_policy_id"}
_TASK = {
    "task_key",
    "new_cluster",
    "spark_python_task",
    "libraries",
    "max_retries",
    "min_retry_interval_millis",
    "retry_on_timeout",
    "timeout_seconds",
}
_CLUSTER = {
    "spark_version",
    "node_type_id",
    "driver_node_type_id",
    "num_workers",
    "autoscale",
    "aws_attributes",
    "worker_node_type_flexibility",
    "instance_pool_id",
    "policy_id",
    "custom_tags",
    "cluster_log_conf",
    "data_security_mode",
    "single_user_name",
    "runtime_engine",
    "enable_elastic_disk",
    "spark_conf",
}
_AWS = {
    "availability",
    "first_on_demand",
    "zone_id",
    "spot_bid_price_percent",
    "instance_profile_arn",
    "ebs_volume_type",
    "ebs_volume_count",
    "ebs_volume_size",
}
_MOST_TAGS = 45
_LONGEST_TOKEN = 64
_WITH_DISKS = ("m5d.", "i3.", "r5d.", "c5d.")


class InvalidError(Exception):
    """The request is refused with INVALID_PARAMETER_VALUE."""


def check(body: Mapping[str, Any], policies: frozenset[str]) -> None:
    """Refuses what the service refuses; fields that it does not have are an error here too."""
    _only(body, _RUN, "the run")
    _require(len(body.get("idempotency_token", "")) <= _LONGEST_TOKEN, "idempotency_token is long")
    _require(body.get("timeout_seconds", 0) >= 0, "timeout_seconds must not be negative")
    _require(len(body.get("tasks", ())) == 1, "this loopback takes one task")
    task = body["tasks"][0]
    _only(task, _TASK, "the task")
    _require(bool(task.get("task_key")), "task_key is required")
    program = task.get("spark_python_task") or {}
    _require(bool(program.get("python_file")), "spark_python_task.python_file is required")
    _check_cluster(task.get("new_cluster") or {}, policies)


def _check_cluster(cluster: Mapping[str, Any], policies: frozenset[str]) -> None:
    _only(cluster, _CLUSTER, "new_cluster")
    for name in ("spark_version", "node_type_id"):
        _require(bool(cluster.get(name)), f"{name} is required")
    _require(
        ("num_workers" in cluster) != ("autoscale" in cluster),
        "exactly one of num_workers and autoscale must be given",
    )
    _require(len(cluster.get("custom_tags", {})) <= _MOST_TAGS, "too many custom_tags")
    single = cluster.get("data_security_mode") == "SINGLE_USER"
    _require(not single or bool(cluster.get("single_user_name")), "single_user_name is required")
    policy = cluster.get("policy_id")
    _require(policy is None or policy in policies, f"Cluster policy {policy} does not exist")
    aws = cluster.get("aws_attributes", {})
    _only(aws, _AWS, "aws_attributes")
    types = [
        cluster["node_type_id"],
        *cluster.get("worker_node_type_flexibility", {}).get("alternate_node_type_ids", ()),
    ]
    bare = [one for one in types if not one.startswith(_WITH_DISKS)]
    _require(
        not bare or aws.get("ebs_volume_count", 0) >= 1,
        f"{bare[:1]} has no instance store: at least one EBS volume needs to be specified",
    )
    if aws.get("ebs_volume_count"):
        size = aws.get("ebs_volume_size", 0)
        _require(100 <= size <= 4096, "ebs_volume_size must be within 100 - 4096")


def _only(given: Mapping[str, Any], known: set[str], where: str) -> None:
    for name in given:
        _require(name in known, f"{where} has no field {name}")


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise InvalidError(message)
