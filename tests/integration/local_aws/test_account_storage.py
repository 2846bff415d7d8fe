"""What S3, CloudWatch Logs and the tagging API say of a loaded account."""

from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.server import EmbeddedAws
from tests.integration.local_aws.sample_account import GIB, NOW, REGION

BUCKET = "loaded-models"


def objects(account: EmbeddedAws, prefix: str, size: int = 7) -> list[dict[str, Any]]:
    pages = account.client("s3").get_paginator("list_objects_v2")
    found = pages.paginate(Bucket=BUCKET, Prefix=prefix, PaginationConfig={"PageSize": size})
    return [each for page in found for each in page.get("Contents", [])]


def test_the_loaded_buckets_are_told_from_those_of_the_stack(account: EmbeddedAws) -> None:
    s3 = account.client("s3")
    names = {each["Name"] for each in s3.list_buckets()["Buckets"]}
    own = account.outputs["UploadsName"]

    tags = {each["Key"]: each["Value"] for each in s3.get_bucket_tagging(Bucket=own)["TagSet"]}

    assert names == {BUCKET, "loaded-empty", own}
    assert tags["aws:cloudformation:stack-name"] == "fixture"
    with pytest.raises(ClientError, match="NoSuchTagSet"):
        s3.get_bucket_tagging(Bucket=BUCKET)


def test_the_objects_of_a_prefix_are_as_many_and_as_large_as_the_file_says(
    account: EmbeddedAws,
) -> None:
    out, checkpoints = objects(account, "out/"), objects(account, "checkpoints/")

    assert (len(out), len(checkpoints)) == (54, 36)
    assert sum(each["Size"] for each in out) == 6 * GIB
    assert {each["LastModified"] for each in checkpoints} == {NOW - timedelta(days=80)}


def test_an_object_has_a_size_and_no_content(account: EmbeddedAws) -> None:
    s3, key = account.client("s3"), objects(account, "out/")[0]["Key"]

    assert s3.head_object(Bucket=BUCKET, Key=key)["ContentLength"] > GIB // 10
    with pytest.raises(ClientError, match="has no content"):
        s3.get_object(Bucket=BUCKET, Key=key)


def test_a_bucket_has_its_region_versioning_and_lifecycle(account: EmbeddedAws) -> None:
    s3 = account.client("s3")

    rules = s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]

    assert s3.get_bucket_location(Bucket=BUCKET)["LocationConstraint"] == REGION
    assert s3.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled"
    assert rules[0]["Filter"]["And"]["ObjectSizeGreaterThan"] == 131072
    assert rules[0]["NoncurrentVersionExpiration"]["NewerNoncurrentVersions"] == 2
    with pytest.raises(ClientError, match="NoSuchLifecycleConfiguration"):
        s3.get_bucket_lifecycle_configuration(Bucket="loaded-empty")


def test_uploads_are_as_old_and_as_large_as_the_file_says(account: EmbeddedAws) -> None:
    s3 = account.client("s3")
    pages = s3.get_paginator("list_multipart_uploads")

    found = [
        upload
        for page in pages.paginate(Bucket=BUCKET, PaginationConfig={"PageSize": 1})
        for upload in page["Uploads"]
    ]
    parts = s3.list_parts(Bucket=BUCKET, Key=found[0]["Key"], UploadId=found[0]["UploadId"])

    assert [(each["Key"], each["Initiated"]) for each in found] == [
        ("big/a", NOW - timedelta(days=40)),
        ("big/b", NOW - timedelta(days=40)),
    ]
    assert sum(each["Size"] for each in parts["Parts"]) == GIB


def test_a_lifecycle_rule_that_s3_would_refuse_is_refused(account: EmbeddedAws) -> None:
    s3 = account.client("s3")

    def put(*rules: dict[str, Any]) -> None:
        s3.put_bucket_lifecycle_configuration(
            Bucket="loaded-empty", LifecycleConfiguration={"Rules": list(rules)}
        )

    rule: dict[str, Any] = {"ID": "a", "Status": "Enabled", "Filter": {"Prefix": ""}}
    with pytest.raises(ClientError, match="At least one action"):
        put(rule)
    early = {"Transitions": [{"Days": 5, "StorageClass": "STANDARD_IA"}]}
    with pytest.raises(ClientError, match="greater than or equal to 30"):
        put({**rule, **early})
    expiry = {**rule, "Expiration": {"Days": 3}}
    with pytest.raises(ClientError, match="Found same ID"):
        put(expiry, expiry)
    old = {"ID": "b", "Status": "Enabled", "Prefix": "logs/", "Expiration": {"Days": 3}}
    with pytest.raises(ClientError, match=r"\(InvalidRequest\).* Lifecycle V2"):
        put(expiry, old)
    put(old)
    assert s3.get_bucket_lifecycle_configuration(Bucket="loaded-empty")["Rules"] == [old]
    s3.delete_bucket_lifecycle(Bucket="loaded-empty")


def test_log_groups_have_their_bytes_and_retention(account: EmbeddedAws) -> None:
    logs = account.client("logs")

    groups = {
        each["logGroupName"]: each
        for page in logs.get_paginator("describe_log_groups").paginate()
        for each in page["logGroups"]
    }

    loaded = groups["/aws/sagemaker/Endpoints/two-variants"]
    assert loaded["storedBytes"] == 5000
    assert "retentionInDays" not in loaded
    assert groups["/aws/sagemaker/TrainingJobs"]["retentionInDays"] == 30
    own = logs.list_tags_for_resource(resourceArn=groups["/fixture/echo"]["logGroupArn"])
    assert own["tags"]["aws:cloudformation:stack-name"] == "fixture"


def test_tagged_resources_are_found_by_type_and_tag(account: EmbeddedAws) -> None:
    tagging = account.client("resourcegroupstaggingapi")

    def arns(**filters: Any) -> list[str]:
        rows = tagging.get_resources(**filters)["ResourceTagMappingList"]
        return [each["ResourceARN"].split(":")[-1] for each in rows]

    team = [{"Key": "team", "Values": ["search"]}]
    assert arns(TagFilters=team) == ["endpoint/two-variants", "training-job/done"]
    assert arns(ResourceTypeFilters=["sagemaker:endpoint"]) == ["endpoint/two-variants"]
    assert arns(ResourceTypeFilters=["s3"], TagFilters=team) == []
