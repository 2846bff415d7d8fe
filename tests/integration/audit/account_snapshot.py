"""All that printed commands could change in an account, read by APIs, as text by resource."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError

Client = Callable[[str], Any]
Snapshot = dict[str, Any]


def snapshot(client: Client) -> Snapshot:
    """Returns what each resource is, by a name such as ``endpoint/NAME``."""
    parts = (_endpoints, _sagemaker, _scaling, _buckets, _bedrock, _log_groups)
    found = {key: value for part in parts for key, value in part(client)}
    plain: Snapshot = json.loads(json.dumps(found, default=str))
    return plain


def changed(before: Snapshot, after: Snapshot) -> set[str]:
    """Returns the names of what differs."""
    return {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}


def _rows(client: Any, operation: str, key: str, **asked: Any) -> list[Any]:
    pages = client.get_paginator(operation).paginate(**asked)
    return [row for page in pages for row in page.get(key, ())]


def _endpoints(client: Client) -> Iterator[tuple[str, Any]]:
    sagemaker = client("sagemaker")
    for row in _rows(sagemaker, "list_endpoints", "Endpoints"):
        name = row["EndpointName"]
        yield f"endpoint/{name}", _described(sagemaker.describe_endpoint(EndpointName=name))
        yield from _tags(sagemaker, row["EndpointArn"])
    for row in _rows(sagemaker, "list_endpoint_configs", "EndpointConfigs"):
        name = row["EndpointConfigName"]
        config = sagemaker.describe_endpoint_config(EndpointConfigName=name)
        yield f"endpoint-config/{name}", _described(config)
    for row in _rows(sagemaker, "list_inference_components", "InferenceComponents"):
        name = row["InferenceComponentName"]
        component = sagemaker.describe_inference_component(InferenceComponentName=name)
        yield f"inference-component/{name}", _described(component)


def _sagemaker(client: Client) -> Iterator[tuple[str, Any]]:
    sagemaker = client("sagemaker")
    for row in _rows(sagemaker, "list_models", "Models"):
        yield f"model/{row['ModelName']}", row
        yield from _tags(sagemaker, row["ModelArn"])
    for row in _rows(sagemaker, "list_notebook_instances", "NotebookInstances"):
        yield f"notebook/{row['NotebookInstanceName']}", row["NotebookInstanceStatus"]
        yield from _tags(sagemaker, row["NotebookInstanceArn"])
    for row in _rows(sagemaker, "list_apps", "Apps"):
        yield f"app/{row['SpaceName']}/{row['AppName']}", row["Status"]
    for row in _rows(sagemaker, "list_clusters", "ClusterSummaries"):
        yield f"cluster/{row['ClusterName']}", row["ClusterStatus"]
        yield from _tags(sagemaker, row["ClusterArn"])
    for row in _rows(sagemaker, "list_training_jobs", "TrainingJobSummaries"):
        name = row["TrainingJobName"]
        described = sagemaker.describe_training_job(TrainingJobName=name)
        yield f"training-job/{name}", row["TrainingJobStatus"]
        yield f"warm-pool/{name}", described.get("WarmPoolStatus", {}).get("Status")
        yield from _tags(sagemaker, row["TrainingJobArn"])


def _tags(sagemaker: Any, arn: str) -> Iterator[tuple[str, Any]]:
    tags = sagemaker.list_tags(ResourceArn=arn)["Tags"]
    yield f"tags/{arn}", {tag["Key"]: tag["Value"] for tag in tags}


def _scaling(client: Client) -> Iterator[tuple[str, Any]]:
    scaling = client("application-autoscaling")
    space = {"ServiceNamespace": "sagemaker"}
    for row in _rows(scaling, "describe_scalable_targets", "ScalableTargets", **space):
        yield f"target/{row['ResourceId']}", (row["MinCapacity"], row["MaxCapacity"])
    for row in _rows(scaling, "describe_scaling_policies", "ScalingPolicies", **space):
        yield f"policy/{row['ResourceId']}/{row['PolicyName']}", _described(row)


def _buckets(client: Client) -> Iterator[tuple[str, Any]]:
    s3 = client("s3")
    for row in s3.list_buckets()["Buckets"]:
        name = row["Name"]
        lifecycle = _or_none(s3.get_bucket_lifecycle_configuration, Bucket=name)
        yield f"lifecycle/{name}", _described(lifecycle)
        tags = _or_none(s3.get_bucket_tagging, Bucket=name).get("TagSet", ())
        yield f"bucket-tags/{name}", {tag["Key"]: tag["Value"] for tag in tags}
        for one in _rows(s3, "list_multipart_uploads", "Uploads", Bucket=name):
            yield f"upload/{name}/{one['UploadId']}", one["Key"]


def _bedrock(client: Client) -> Iterator[tuple[str, Any]]:
    bedrock = client("bedrock")
    for operation, key, arn in (
        ("list_custom_models", "modelSummaries", "modelArn"),
        ("list_imported_models", "modelSummaries", "modelArn"),
        ("list_provisioned_model_throughputs", "provisionedModelSummaries", "provisionedModelArn"),
        ("list_custom_model_deployments", "modelDeploymentSummaries", "customModelDeploymentArn"),
        ("list_inference_profiles", "inferenceProfileSummaries", "inferenceProfileArn"),
    ):
        for row in _rows(bedrock, operation, key):
            yield row[arn], row
            if row.get("type") != "SYSTEM_DEFINED":
                tags = bedrock.list_tags_for_resource(resourceARN=row[arn])["tags"]
                yield f"tags/{row[arn]}", {tag["key"]: tag["value"] for tag in tags}


def _log_groups(client: Client) -> Iterator[tuple[str, Any]]:
    for row in _rows(client("logs"), "describe_log_groups", "logGroups"):
        yield f"log-group/{row['logGroupName']}", row.get("retentionInDays")


def _or_none(call: Callable[..., dict[str, Any]], **asked: Any) -> dict[str, Any]:
    try:
        return call(**asked)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchLifecycleConfiguration", "NoSuchTagSet"):
            return {}
        raise


def _described(answer: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in answer.items() if key != "ResponseMetadata"}
