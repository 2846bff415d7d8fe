"""What an audit may do to a loaded account: each action changes it, and most can be undone."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.accounts.reading import parse_account
from local_aws.server import EmbeddedAws
from tests.integration.local_aws.conftest import options_of
from tests.integration.local_aws.sample_account import ACCOUNT, NOW, REGION, sample_account

ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
BUCKET = "loaded-models"


@pytest.fixture(scope="module")
def acting() -> Iterator[EmbeddedAws]:
    """An account of this module's own, which it changes."""
    with EmbeddedAws(options_of(parse_account(sample_account(), "sample account"))) as embedded:
        yield embedded


def let_pass(aws: EmbeddedAws, **span: float) -> None:
    aws.clock.advance(timedelta(**span))


def endpoints(aws: EmbeddedAws) -> set[str]:
    listed = aws.client("sagemaker").list_endpoints(MaxResults=100)["Endpoints"]
    return {each["EndpointName"] for each in listed}


def test_a_deleted_endpoint_is_gone_and_comes_back_from_its_configuration(
    acting: EmbeddedAws,
) -> None:
    sagemaker = acting.client("sagemaker")
    before = sagemaker.describe_endpoint(EndpointName="two-variants")

    sagemaker.delete_endpoint(EndpointName="two-variants")
    going = sagemaker.describe_endpoint(EndpointName="two-variants")["EndpointStatus"]
    let_pass(acting, seconds=5)
    gone = endpoints(acting)
    sagemaker.create_endpoint(
        EndpointName="two-variants",
        EndpointConfigName=before["EndpointConfigName"],
        Tags=[{"Key": "team", "Value": "search"}],
    )
    coming = sagemaker.describe_endpoint(EndpointName="two-variants")
    let_pass(acting, seconds=5)
    back = sagemaker.describe_endpoint(EndpointName="two-variants")

    assert going == "Deleting"
    assert "two-variants" not in gone
    assert coming["EndpointStatus"] == "Creating"
    assert coming["CreationTime"] > NOW
    assert back["EndpointStatus"] == "InService"
    assert [each["VariantName"] for each in back["ProductionVariants"]] == ["blue", "green"]
    tags = sagemaker.list_tags(ResourceArn=back["EndpointArn"])["Tags"]
    assert tags == [{"Key": "team", "Value": "search"}]


def test_a_configuration_can_be_saved_deleted_and_made_again(acting: EmbeddedAws) -> None:
    sagemaker = acting.client("sagemaker")
    saved = sagemaker.describe_endpoint_config(EndpointConfigName="shadowed-config")
    writable = {
        key: saved[key]
        for key in ("EndpointConfigName", "ProductionVariants", "ShadowProductionVariants")
    }

    sagemaker.delete_endpoint_config(EndpointConfigName="shadowed-config")
    with pytest.raises(ClientError, match="Could not find endpoint configuration"):
        sagemaker.describe_endpoint_config(EndpointConfigName="shadowed-config")
    sagemaker.create_endpoint_config(**writable)

    again = sagemaker.describe_endpoint_config(EndpointConfigName="shadowed-config")
    assert {key: again[key] for key in writable} == writable


def test_a_configuration_without_its_model_is_refused(acting: EmbeddedAws) -> None:
    variant = {"VariantName": "a", "ModelName": "gone", "InstanceType": "ml.g5.xlarge"}
    with pytest.raises(ClientError, match=r'Could not find model ".*:model/gone"'):
        acting.client("sagemaker").create_endpoint_config(
            EndpointConfigName="new", ProductionVariants=[variant]
        )


def test_an_endpoint_that_changes_is_not_deleted(acting: EmbeddedAws) -> None:
    with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
        acting.client("sagemaker").delete_endpoint(EndpointName="changing")


def test_a_failed_endpoint_is_deleted(acting: EmbeddedAws) -> None:
    acting.client("sagemaker").delete_endpoint(EndpointName="broken")
    let_pass(acting, seconds=5)

    assert "broken" not in endpoints(acting)


def test_an_endpoint_with_components_goes_after_them(acting: EmbeddedAws) -> None:
    sagemaker = acting.client("sagemaker")

    with pytest.raises(ClientError, match="inference components llm"):
        sagemaker.delete_endpoint(EndpointName="components")
    sagemaker.delete_inference_component(InferenceComponentName="llm")
    sagemaker.delete_endpoint(EndpointName="components")
    let_pass(acting, seconds=5)

    assert "components" not in endpoints(acting)


def test_an_update_keeps_capacities_when_asked(acting: EmbeddedAws) -> None:
    sagemaker = acting.client("sagemaker")
    sagemaker.update_endpoint_weights_and_capacities(
        EndpointName="queued",
        DesiredWeightsAndCapacities=[{"VariantName": "all", "DesiredInstanceCount": 3}],
    )
    updating = sagemaker.describe_endpoint(EndpointName="queued")["EndpointStatus"]
    let_pass(acting, seconds=5)
    config = sagemaker.describe_endpoint(EndpointName="queued")["EndpointConfigName"]

    sagemaker.update_endpoint(
        EndpointName="queued", EndpointConfigName=config, RetainAllVariantProperties=True
    )
    let_pass(acting, seconds=5)

    found = sagemaker.describe_endpoint(EndpointName="queued")
    assert updating == "Updating"
    assert found["ProductionVariants"][0]["CurrentInstanceCount"] == 3
    assert found["LastModifiedTime"] > NOW


def test_tags_are_set_and_removed(acting: EmbeddedAws) -> None:
    sagemaker, arn = acting.client("sagemaker"), f"{ARN}:endpoint/serverless"
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "thriftline:keep", "Value": "true"}])
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}])
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["a"])

    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [
        {"Key": "thriftline:keep", "Value": "true"}
    ]


def test_the_tagging_api_reaches_every_service(acting: EmbeddedAws) -> None:
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/sagemaker/TrainingJobs"
    job, gone = f"{ARN}:training-job/done", f"{ARN}:endpoint/never-there"

    answer = acting.client("resourcegroupstaggingapi").tag_resources(
        ResourceARNList=[f"arn:aws:s3:::{BUCKET}", group, job, gone], Tags={"owner": "me"}
    )

    assert set(answer["FailedResourcesMap"]) == {gone}
    assert acting.client("s3").get_bucket_tagging(Bucket=BUCKET)["TagSet"] == [
        {"Key": "owner", "Value": "me"}
    ]
    logs = acting.client("logs").list_tags_for_resource(resourceArn=group)
    assert logs["tags"] == {"owner": "me"}
    tags = acting.client("sagemaker").list_tags(ResourceArn=job)["Tags"]
    assert {each["Key"] for each in tags} == {"team", "owner"}


def test_scaling_is_saved_deregistered_and_registered_again(acting: EmbeddedAws) -> None:
    scaling = acting.client("application-autoscaling")
    target = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/two-variants/variant/blue",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    policy = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"][0]

    scaling.deregister_scalable_target(**target)
    after = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    with pytest.raises(ClientError, match="ObjectNotFoundException"):
        scaling.deregister_scalable_target(**target)
    scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=4)
    scaling.put_scaling_policy(
        **target,
        PolicyName=policy["PolicyName"],
        PolicyType=policy["PolicyType"],
        TargetTrackingScalingPolicyConfiguration=policy["TargetTrackingScalingPolicyConfiguration"],
    )

    assert after == []
    back = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    assert [each["PolicyARN"] for each in back] == [policy["PolicyARN"]]


def test_a_notebook_stops_once(acting: EmbeddedAws) -> None:
    sagemaker = acting.client("sagemaker")
    sagemaker.stop_notebook_instance(NotebookInstanceName="scratch")

    found = sagemaker.describe_notebook_instance(NotebookInstanceName="scratch")
    assert found["NotebookInstanceStatus"] == "Stopped"
    with pytest.raises(ClientError, match="Unable to transition"):
        sagemaker.stop_notebook_instance(NotebookInstanceName="scratch")


def test_a_job_in_progress_is_stopped_and_billed_until_then(acting: EmbeddedAws) -> None:
    sagemaker = acting.client("sagemaker")
    sagemaker.stop_training_job(TrainingJobName="running")

    stopped = sagemaker.describe_training_job(TrainingJobName="running")
    assert stopped["TrainingJobStatus"] == "Stopped"
    assert stopped["BillableTimeInSeconds"] >= 29 * 3600
    with pytest.raises(ClientError, match="is in status Stopped"):
        sagemaker.stop_training_job(TrainingJobName="running")


def test_lifecycle_rules_are_merged_without_loss(acting: EmbeddedAws) -> None:
    s3 = acting.client("s3")
    rules = s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]
    new: dict[str, Any] = {
        "ID": "abort",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
    }

    s3.put_bucket_lifecycle_configuration(
        Bucket=BUCKET, LifecycleConfiguration={"Rules": [*rules, new]}
    )

    assert s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"] == [*rules, new]


def test_uploads_are_aborted_and_objects_deleted(acting: EmbeddedAws) -> None:
    s3 = acting.client("s3")
    upload = s3.list_multipart_uploads(Bucket=BUCKET)["Uploads"][0]
    s3.abort_multipart_upload(Bucket=BUCKET, Key=upload["Key"], UploadId=upload["UploadId"])
    keys = [
        {"Key": each["Key"]}
        for each in s3.list_objects_v2(Bucket=BUCKET, Prefix="checkpoints/")["Contents"]
    ]

    s3.delete_objects(Bucket=BUCKET, Delete={"Objects": keys})

    left = s3.list_multipart_uploads(Bucket=BUCKET)["Uploads"]
    assert upload["UploadId"] not in {each["UploadId"] for each in left}
    assert s3.list_objects_v2(Bucket=BUCKET, Prefix="checkpoints/")["KeyCount"] == 0
    # The bucket is versioned: what was deleted is noncurrent now.
    versions = s3.list_object_versions(Bucket=BUCKET, Prefix="checkpoints/")
    assert len(versions["DeleteMarkers"]) == len(keys) == len(versions["Versions"])


def test_retention_is_set(acting: EmbeddedAws) -> None:
    logs, name = acting.client("logs"), "/aws/sagemaker/Endpoints/two-variants"
    logs.put_retention_policy(logGroupName=name, retentionInDays=90)

    group = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]
    assert (group["retentionInDays"], group["storedBytes"]) == (90, 5000)
