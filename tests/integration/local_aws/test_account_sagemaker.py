"""What SageMaker's read calls say of a loaded account."""

from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.server import EmbeddedAws
from tests.integration.local_aws.sample_account import ACCOUNT, NOW, REGION

ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"


def describe(account: EmbeddedAws, name: str) -> dict[str, Any]:
    answer: dict[str, Any] = account.client("sagemaker").describe_endpoint(EndpointName=name)
    return answer


def refused(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return f"{error['Code']}: {error['Message']}"


def test_endpoints_are_listed_page_by_page_newest_first(account: EmbeddedAws) -> None:
    pages = account.client("sagemaker").get_paginator("list_endpoints")

    found = [
        [each["EndpointName"] for each in page["Endpoints"]]
        for page in pages.paginate(PaginationConfig={"PageSize": 3})
    ]

    assert [len(page) for page in found] == [3, 3, 1]
    assert len({name for page in found for name in page}) == 7


def test_endpoints_are_filtered_by_status_name_and_time(account: EmbeddedAws) -> None:
    sagemaker = account.client("sagemaker")

    def names(**filters: Any) -> list[str]:
        listed = sagemaker.list_endpoints(SortBy="Name", SortOrder="Ascending", **filters)
        return [each["EndpointName"] for each in listed["Endpoints"]]

    assert names(StatusEquals="Failed") == ["broken"]
    assert names(NameContains="COMP") == ["components"]
    assert names(CreationTimeAfter=NOW) == []
    assert len(names(LastModifiedTimeBefore=NOW)) == 7


def test_a_page_larger_than_sagemaker_allows_is_refused(account: EmbeddedAws) -> None:
    said = refused(account.client("sagemaker").list_endpoints, MaxResults=101)

    assert "ValidationException" in said
    assert "maxResults" in said


def test_an_endpoint_keeps_the_times_and_the_variants_of_the_file(account: EmbeddedAws) -> None:
    found = describe(account, "two-variants")

    assert found["CreationTime"] == NOW - timedelta(days=60)
    assert found["LastModifiedTime"] == NOW - timedelta(days=30)
    assert [
        (each["VariantName"], each["CurrentInstanceCount"]) for each in found["ProductionVariants"]
    ] == [("blue", 1), ("green", 2)]
    assert "ShadowProductionVariants" not in found
    assert "AsyncInferenceConfig" not in found


def test_every_kind_of_endpoint_is_told_apart(account: EmbeddedAws) -> None:
    shadowed, serverless = describe(account, "shadowed"), describe(account, "serverless")
    components, broken = describe(account, "components"), describe(account, "broken")

    assert [each["VariantName"] for each in shadowed["ShadowProductionVariants"]] == ["shadow"]
    assert serverless["ProductionVariants"][0]["CurrentServerlessConfig"] == {
        "MemorySizeInMB": 2048,
        "MaxConcurrency": 5,
    }
    assert "CurrentInstanceCount" not in serverless["ProductionVariants"][0]
    host = components["ProductionVariants"][0]
    assert host["CurrentInstanceCount"] == 0
    assert host["ManagedInstanceScaling"]["MinInstanceCount"] == 0
    assert broken["EndpointStatus"] == "Failed"
    assert "ping health check" in broken["FailureReason"]
    assert describe(account, "queued")["AsyncInferenceConfig"]["OutputConfig"] == {
        "S3OutputPath": "s3://loaded-models/a"
    }


def test_a_configuration_tells_instance_types_and_models(account: EmbeddedAws) -> None:
    sagemaker = account.client("sagemaker")
    name = describe(account, "two-variants")["EndpointConfigName"]

    variants = sagemaker.describe_endpoint_config(EndpointConfigName=name)["ProductionVariants"]

    assert [(each["InstanceType"], each["ModelName"]) for each in variants] == [
        ("ml.g5.xlarge", "blue-model"),
        ("ml.g5.xlarge", "green-model"),
    ]
    listed = sagemaker.list_endpoint_configs(NameContains="two")["EndpointConfigs"]
    assert [each["EndpointConfigName"] for each in listed] == [name]


def test_components_are_listed_by_endpoint(account: EmbeddedAws) -> None:
    sagemaker = account.client("sagemaker")

    here = sagemaker.list_inference_components(EndpointNameEquals="components")
    elsewhere = sagemaker.list_inference_components(EndpointNameEquals="queued")
    found = sagemaker.describe_inference_component(InferenceComponentName="llm")

    assert [each["VariantName"] for each in here["InferenceComponents"]] == ["host"]
    assert elsewhere["InferenceComponents"] == []
    assert found["RuntimeConfig"] == {"DesiredCopyCount": 0, "CurrentCopyCount": 0}


def test_models_that_only_a_variant_names_exist_without_artifacts(account: EmbeddedAws) -> None:
    sagemaker = account.client("sagemaker")

    listed = sagemaker.list_models(MaxResults=100)["Models"]
    implied = sagemaker.describe_model(ModelName="blue-model")
    known = sagemaker.describe_model(ModelName="all-model")

    assert {each["ModelName"] for each in listed} == {
        *("blue-model", "green-model", "main-model", "all-model"),
    }
    assert "ModelDataUrl" not in implied["PrimaryContainer"]
    assert known["PrimaryContainer"]["ModelDataUrl"] == "s3://loaded-models/out/model.tar.gz"
    assert known["CreationTime"] == NOW - timedelta(days=90)


def test_the_registry_refers_to_the_artifacts_of_its_models(account: EmbeddedAws) -> None:
    sagemaker = account.client("sagemaker")

    groups = sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"]
    arn = sagemaker.list_model_packages(ModelPackageGroupName="all-model")[
        "ModelPackageSummaryList"
    ][0]["ModelPackageArn"]
    package = sagemaker.describe_model_package(ModelPackageName=arn)

    assert [each["ModelPackageGroupName"] for each in groups] == ["all-model"]
    container = package["InferenceSpecification"]["Containers"][0]
    assert container["ModelDataUrl"] == "s3://loaded-models/out/model.tar.gz"
    assert package["CreationTime"] == NOW - timedelta(days=90)
    assert arn.startswith(f"{ARN}:model-package/")


def test_training_jobs_are_listed_and_described_with_their_times_and_bills(
    account: EmbeddedAws,
) -> None:
    sagemaker = account.client("sagemaker")

    names = [
        each["TrainingJobName"]
        for each in sagemaker.list_training_jobs(
            CreationTimeAfter=NOW - timedelta(days=5), SortOrder="Descending"
        )["TrainingJobSummaries"]
    ]
    spot = sagemaker.describe_training_job(TrainingJobName="spot")

    assert names == ["running", "done"]
    assert spot["EnableManagedSpotTraining"] is True
    assert (spot["TrainingTimeInSeconds"], spot["BillableTimeInSeconds"]) == (1200, 400)
    assert spot["StoppingCondition"] == {
        "MaxRuntimeInSeconds": 86400,
        "MaxWaitTimeInSeconds": 172800,
    }
    assert spot["CheckpointConfig"]["S3Uri"] == "s3://loaded-models/checkpoints/spot"
    assert spot["FailureReason"] == "AlgorithmError: ExitCode 1"
    assert "ModelArtifacts" not in spot
    assert [each["Status"] for each in spot["SecondaryStatusTransitions"]] == [
        *("Starting", "Training", "Failed"),
    ]


def test_a_completed_job_says_where_its_model_is(account: EmbeddedAws) -> None:
    done = account.client("sagemaker").describe_training_job(TrainingJobName="done")

    assert done["ModelArtifacts"]["S3ModelArtifacts"] == (
        "s3://loaded-models/out/done/output/model.tar.gz"
    )


def test_a_job_in_progress_has_no_end_and_no_bill_yet(account: EmbeddedAws) -> None:
    running = account.client("sagemaker").describe_training_job(TrainingJobName="running")

    assert running["TrainingJobStatus"] == "InProgress"
    assert running["SecondaryStatus"] == "Training"
    assert not {"TrainingEndTime", "BillableTimeInSeconds"} & running.keys()
    assert "EndTime" not in running["SecondaryStatusTransitions"][-1]


def test_tags_are_those_of_the_file(account: EmbeddedAws) -> None:
    sagemaker = account.client("sagemaker")

    def tags(kind: str, name: str) -> list[dict[str, str]]:
        found = sagemaker.list_tags(ResourceArn=f"{ARN}:{kind}/{name}")["Tags"]
        return list(found)

    assert tags("endpoint", "two-variants") == [{"Key": "team", "Value": "search"}]
    assert tags("training-job", "done") == [{"Key": "team", "Value": "search"}]
    assert tags("endpoint", "queued") == []
    assert tags("notebook-instance", "scratch") == []
    assert "does not exist" in refused(
        sagemaker.list_tags, ResourceArn=f"{ARN}:endpoint/never-there"
    )


def test_what_the_file_does_not_know_is_empty(account: EmbeddedAws) -> None:
    sagemaker = account.client("sagemaker")

    assert sagemaker.list_apps()["Apps"] == []
    assert sagemaker.list_domains()["Domains"] == []
    assert sagemaker.list_user_profiles()["UserProfiles"] == []
    assert sagemaker.list_processing_jobs()["ProcessingJobSummaries"] == []


def test_what_is_not_there_is_the_error_of_aws(account: EmbeddedAws) -> None:
    sagemaker = account.client("sagemaker")

    assert refused(sagemaker.describe_endpoint, EndpointName="x") == (
        f'ValidationException: Could not find endpoint "{ARN}:endpoint/x".'
    )
    assert "Could not find model" in refused(sagemaker.describe_model, ModelName="x")
    assert "RecordNotFound" in refused(
        sagemaker.describe_notebook_instance, NotebookInstanceName="x"
    )
