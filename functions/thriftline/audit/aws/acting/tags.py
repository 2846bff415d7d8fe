"""Tags that are added to those that there are, in each service's own words."""

from collections.abc import Mapping
from typing import Any

from thriftline.audit.aws.acting.bucket_rules import bucket_tags
from thriftline.audit.domain.findings import ApiCall
from thriftline.core.aws.clients import translated
from thriftline.core.aws.endpoints.copies import read_tags
from thriftline.core.aws.target_clients import TargetClients

Tagging = tuple[ApiCall, ApiCall]


def tags_there(clients: TargetClients, planned: ApiCall) -> dict[str, str]:
    """Returns the tags that the resource of a planned call has now.

    Raises:
        ThriftlineError: the tags could not be read.
    """
    asked = planned.parameters
    if planned.service == "s3":
        return bucket_tags(clients, asked["Bucket"])
    if planned.service == "sagemaker":
        return read_tags(clients.client("sagemaker"), asked["ResourceArn"])
    arn = asked["resourceARN"]
    with translated(f"reading the tags of {arn}"):
        answer = clients.client("bedrock").list_tags_for_resource(resourceARN=arn)
    return {tag["key"]: tag["value"] for tag in answer["tags"]}


def missing_tags(
    planned: ApiCall, there: Mapping[str, str], default: Mapping[str, str]
) -> Tagging | None:
    """Returns the call that adds what of the planned tags is missing, and the one to undo it.

    None when nothing is missing. A tag that is there keeps its value; of a planned set that holds
    what was there at the audit, only ``default`` tags are added.
    """
    if planned.service == "s3":
        return _s3(planned.parameters, there, default)
    return _TAGGING_BY_SERVICE[planned.service](planned.parameters, there)


def _sagemaker(asked: Mapping[str, Any], there: Mapping[str, str]) -> Tagging | None:
    arn = asked["ResourceArn"]
    new = [tag for tag in asked["Tags"] if tag["Key"] not in there]
    if not new:
        return None
    keys = [tag["Key"] for tag in new]
    return (
        ApiCall("sagemaker", "AddTags", {"ResourceArn": arn, "Tags": new}),
        ApiCall("sagemaker", "DeleteTags", {"ResourceArn": arn, "TagKeys": keys}),
    )


def _bedrock(asked: Mapping[str, Any], there: Mapping[str, str]) -> Tagging | None:
    arn = asked["resourceARN"]
    new = [tag for tag in asked["tags"] if tag["key"] not in there]
    if not new:
        return None
    keys = [tag["key"] for tag in new]
    return (
        ApiCall("bedrock", "TagResource", {"resourceARN": arn, "tags": new}),
        ApiCall("bedrock", "UntagResource", {"resourceARN": arn, "tagKeys": keys}),
    )


def _s3(
    asked: Mapping[str, Any], there: Mapping[str, str], default: Mapping[str, str]
) -> Tagging | None:
    bucket = asked["Bucket"]
    planned = {tag["Key"]: tag["Value"] for tag in asked["Tagging"]["TagSet"]}
    new = {key: value for key, value in planned.items() if key in default}
    # S3 replaces the whole set: what is there goes with it, AWS's own tags too.
    after = {**new, **there}
    if after == there:
        return None
    before = (
        _put(bucket, there) if there else ApiCall("s3", "DeleteBucketTagging", {"Bucket": bucket})
    )
    return _put(bucket, after), before


def _put(bucket: str, tags: Mapping[str, str]) -> ApiCall:
    pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
    return ApiCall("s3", "PutBucketTagging", {"Bucket": bucket, "Tagging": {"TagSet": pairs}})


_TAGGING_BY_SERVICE = {"sagemaker": _sagemaker, "bedrock": _bedrock}
