"""What the embedded AWS has none of: Studio apps, processing jobs, warm pools, and second pages."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from tests.unit.audit.canned_aws import ARN, NOW, REGION, START, Canned, CannedClients, error, pages
from thriftline.audit.aws.collectors import bedrock
from thriftline.audit.aws.collectors.buckets import collect_buckets
from thriftline.audit.aws.collectors.costs import collect_costs, collect_run_bills
from thriftline.audit.aws.collectors.endpoints import collect_endpoints, read_endpoint
from thriftline.audit.aws.collectors.log_groups import collect_log_groups
from thriftline.audit.aws.collectors.models import collect_model_packages, collect_models
from thriftline.audit.aws.collectors.notebooks import collect_notebooks
from thriftline.audit.aws.collectors.processing_jobs import collect_processing_jobs
from thriftline.audit.aws.collectors.reading import Collected
from thriftline.audit.aws.collectors.settled_runs import collect_settled_runs
from thriftline.audit.aws.collectors.training_jobs import collect_training_jobs, training_job
from thriftline.audit.domain.inventory import Window
from thriftline.audit.domain.resources.jobs import TrainingJob
from thriftline.core.aws.target_clients import TargetClients

# ---- Jobs


def processing_answer(request: Mapping[str, Any]) -> dict[str, Any]:
    name = request["ProcessingJobName"]
    return {
        "ProcessingJobName": name,
        "ProcessingJobArn": f"{ARN}:processing-job/{name}",
        "ProcessingJobStatus": "Failed",
        "FailureReason": "AlgorithmError",
        "CreationTime": START,
        "LastModifiedTime": NOW,
        "ProcessingResources": {
            "ClusterConfig": {
                "InstanceCount": 2,
                "InstanceType": "ml.m5.xlarge",
                "VolumeSizeInGB": 30,
            }
        },
        "ProcessingOutputConfig": {
            "Outputs": [{"OutputName": "o", "S3Output": {"S3Uri": "s3://out/x"}}]
        },
    }


def test_processing_jobs_of_all_pages_are_described() -> None:
    rows = [{"ProcessingJobName": name} for name in ("a", "b", "c")]
    clients = CannedClients(
        {
            "ListProcessingJobs": pages("ProcessingJobSummaries", rows),
            "DescribeProcessingJob": processing_answer,
        }
    )
    found = collect_processing_jobs(clients, START)
    assert [one.name for one in found.found] == ["a", "b", "c"]
    first = found.found[0]
    assert (first.instance_count, first.output_s3_uris, first.tags) == (2, ("s3://out/x",), ())
    # One that failed before it started ended when it last changed.
    assert (first.started, first.ended) == (None, NOW)


def test_a_processing_job_that_cannot_be_described_is_told() -> None:
    clients = CannedClients(
        {
            "ListProcessingJobs": pages("ProcessingJobSummaries", [{"ProcessingJobName": "a"}]),
            "DescribeProcessingJob": [error("InternalFailure")],
        }
    )
    found = collect_processing_jobs(clients, START)
    assert found.found == ()
    assert [one.resource for one in found.unread] == ["a"]


def job_answer(name: str = "job", **fields: Any) -> dict[str, Any]:
    return {
        "TrainingJobName": name,
        "TrainingJobArn": f"{ARN}:training-job/{name}",
        "TrainingJobStatus": "Completed",
        "SecondaryStatus": "Completed",
        "CreationTime": START,
        "TrainingStartTime": START + timedelta(minutes=4),
        "TrainingEndTime": START + timedelta(hours=1),
        "LastModifiedTime": START + timedelta(hours=1, minutes=1),
        "ResourceConfig": {
            "InstanceType": "ml.g5.xlarge",
            "InstanceCount": 1,
            "VolumeSizeInGB": 30,
        },
        **fields,
    }


def warm(name: str) -> dict[str, Any]:
    resources = {"InstanceType": "ml.g5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30}
    return job_answer(name, ResourceConfig={**resources, "KeepAlivePeriodInSeconds": 600})


def test_only_a_job_that_kept_its_instances_is_described_after_a_search() -> None:
    pool = {"Status": "Reused", "ResourceRetainedBillableTimeInSeconds": 90, "ReusedByJob": "next"}
    clients = CannedClients(
        {
            "Search": [
                {"Results": []},
                *pages("Results", [{"TrainingJob": job_answer("a")}, {"TrainingJob": warm("b")}]),
            ],
            "DescribeTrainingJob": [{**warm("b"), "WarmPoolStatus": pool}],
        }
    )
    found = {job.name: job for job in collect_training_jobs(clients, START).found}
    assert found["a"].warm_pool is None
    kept = found["b"].warm_pool
    assert kept is not None
    assert (kept.status, kept.retained_billable_seconds, kept.reused_by_job) == (
        *("Reused", 90, "next"),
    )
    assert clients.calls.count("DescribeTrainingJob") == 1


def made(**fields: Any) -> TrainingJob:
    return training_job(job_answer(**fields), ())


def test_instances_of_one_type_in_groups_are_counted_together() -> None:
    def groups(*types: str) -> dict[str, Any]:
        return {
            "InstanceGroups": [
                {"InstanceType": one, "InstanceCount": 2, "InstanceGroupName": str(index)}
                for index, one in enumerate(types)
            ]
        }

    same = made(ResourceConfig=groups("ml.g5.xlarge", "ml.g5.xlarge"))
    mixed = made(ResourceConfig=groups("ml.g5.xlarge", "ml.m5.xlarge"))
    assert (same.instance_type, same.instance_count) == ("ml.g5.xlarge", 4)
    assert (mixed.instance_type, mixed.instance_count) == (None, 4)


def test_a_job_that_never_started_was_not_billed_and_ended_when_it_last_changed() -> None:
    job = made(TrainingStartTime=None, TrainingEndTime=None, TrainingJobStatus="Failed")
    assert (job.billable_seconds, job.training_seconds) == (0, 0)
    assert job.ended == job.last_modified


def test_seconds_that_sagemaker_does_not_know_yet_are_unknown() -> None:
    job = made(TrainingJobStatus="InProgress", TrainingEndTime=None)
    assert (job.billable_seconds, job.ended) == (None, None)
    assert made().billable_seconds is None


# ---- Every list goes on to its last page


def named(kind: str, key: str, name: str) -> dict[str, Any]:
    return {key: name, f"{kind}Arn": f"{ARN}:{kind.lower()}/{name}", "CreationTime": NOW}


def _endpoint(request: Mapping[str, Any]) -> dict[str, Any]:
    name = request["EndpointName"]
    return {
        "EndpointName": name,
        "EndpointArn": f"{ARN}:endpoint/{name}",
        "EndpointConfigName": name,
        "EndpointStatus": "InService",
        "CreationTime": START,
        "LastModifiedTime": START,
        "ProductionVariants": [{"VariantName": "all", "CurrentInstanceCount": 1}],
    }


def _component(request: Mapping[str, Any]) -> dict[str, Any]:
    name = request["InferenceComponentName"]
    return {
        "InferenceComponentName": name,
        "EndpointName": "a",
        "VariantName": "all",
        "CreationTime": START,
        "LastModifiedTime": START,
    }


def _target(name: str) -> dict[str, Any]:
    return {
        "ResourceId": f"endpoint/{name}/variant/all",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        "MinCapacity": 1,
        "MaxCapacity": 2,
    }


_SCALED = [_target("a"), _target("b")]
_ENDPOINTS: dict[str, Canned] = {
    "ListEndpoints": pages("Endpoints", [{"EndpointName": "a"}, {"EndpointName": "b"}]),
    "DescribeEndpoint": _endpoint,
    "DescribeEndpointConfig": [
        {"ProductionVariants": [{"VariantName": "all", "InstanceType": "ml.g5.xlarge"}]}
    ],
    "ListInferenceComponents": pages(
        "InferenceComponents",
        [{"InferenceComponentName": name, "EndpointName": "a"} for name in ("x", "y")],
    ),
    "DescribeInferenceComponent": _component,
    "DescribeScalableTargets": pages("ScalableTargets", _SCALED),
    "DescribeScalingPolicies": pages("ScalingPolicies", _SCALED),
    "GetResources": pages(
        "ResourceTagMappingList",
        [
            {
                "ResourceARN": f"{ARN}:endpoint/{name}",
                "Tags": [{"Key": "team", "Value": name}],
            }
            for name in "ab"
        ],
        token="PaginationToken",
    ),
}


def test_all_pages_of_endpoints_components_scaling_and_tags_are_read() -> None:
    found = collect_endpoints(CannedClients(_ENDPOINTS))
    first, second = found.found
    assert found.unread == ()
    assert isinstance(first.inference_components, tuple)
    assert {one.name for one in first.inference_components} == {"x", "y"}
    for endpoint in (first, second):
        assert isinstance(endpoint.scaling, tuple)
        assert isinstance(endpoint.scaling[0].policies, tuple)
        assert len(endpoint.scaling[0].policies) == 1
        assert endpoint.tags == (("team", endpoint.name),)


def test_all_pages_of_one_endpoints_tags_are_read() -> None:
    tags = [{"Key": key, "Value": "1"} for key in ("a", "thriftline:keep")]
    clients = CannedClients({**_ENDPOINTS, "ListTags": pages("Tags", tags)})
    endpoint = read_endpoint(clients, "a")
    assert endpoint is not None
    assert endpoint.tags == (("a", "1"), ("thriftline:keep", "1"))


def _deployment(name: str) -> dict[str, Any]:
    return {
        "customModelDeploymentArn": name,
        "customModelDeploymentName": name,
        "modelArn": name,
        "createdAt": NOW,
        "status": "Active",
    }


def _profile(name: str) -> dict[str, Any]:
    return {
        "inferenceProfileArn": name,
        "inferenceProfileName": name,
        "models": [{"modelArn": name}],
    }


def _of_bedrock(name: str) -> dict[str, Any]:
    return {
        **{"modelArn": name * 20, "modelName": name, "creationTime": NOW},
        **{"provisionedModelName": name, "provisionedModelArn": name * 20},
        **{"modelUnits": 1, "status": "InService", "lastModifiedTime": NOW},
    }


def _bedrock(key: str) -> Canned:
    return pages(key, [_of_bedrock("a"), _of_bedrock("b")], token="nextToken")


def _metric(name: str) -> dict[str, Any]:
    return {"Dimensions": [{"Name": "ModelId", "Value": name}]}


def _packages(request: Mapping[str, Any]) -> dict[str, Any]:
    """Two versions of each group, one to a page; none without a group."""
    group = request.get("ModelPackageGroupName")
    if group is None:
        return {"ModelPackageSummaryList": []}
    version = 2 if request.get("NextToken") else 1
    rows = [{"ModelPackageArn": f"{ARN}:model-package/{group}/{version}"}]
    return {"ModelPackageSummaryList": rows} | ({"NextToken": "x"} if version == 1 else {})


def _package(request: Mapping[str, Any]) -> dict[str, Any]:
    return {"ModelPackageArn": request["ModelPackageName"]}


def _model(request: Mapping[str, Any]) -> dict[str, Any]:
    return named("Model", "ModelName", request["ModelName"])


def _notebook(request: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **named("NotebookInstance", "NotebookInstanceName", request["NotebookInstanceName"]),
        "NotebookInstanceStatus": "InService",
        "InstanceType": "ml.t3.medium",
        "LastModifiedTime": NOW,
    }


def _day(number: int) -> dict[str, Any]:
    return {
        "TimePeriod": {"Start": f"2026-11-0{number}", "End": f"2026-11-0{number + 1}"},
        "Groups": [{"Keys": ["S"], "Metrics": {"UnblendedCost": {"Amount": "1.5"}}}],
    }


def _run_day(number: int) -> dict[str, Any]:
    keys = [f"thriftline:run-id$run-{number}"]
    return {**_day(number), "Groups": [{**_day(number)["Groups"][0], "Keys": keys}]}


def _settled(name: str) -> dict[str, Any]:
    return {
        "run_id": {"S": name},
        "project": {"S": "reviews"},
        "settled_usd": {"S": "1.200000000"},
        "attempt_1": {"M": {"job_name": {"S": f"{name}-1"}}},
    }


def _costs(clients: TargetClients) -> Collected[Any]:
    return collect_costs(clients, "123456789012", Window(START, NOW), is_home=True)


_LISTS: list[tuple[Callable[[TargetClients], Collected[Any]], dict[str, Canned], int]] = [
    (
        collect_models,
        {
            "ListModels": pages("Models", [{"ModelName": "a"}, {"ModelName": "b"}]),
            "DescribeModel": _model,
        },
        2,
    ),
    (
        collect_model_packages,
        {
            "ListModelPackageGroups": pages(
                "ModelPackageGroupSummaryList",
                [{"ModelPackageGroupName": "g"}, {"ModelPackageGroupName": "h"}],
            ),
            "ListModelPackages": _packages,
            "DescribeModelPackage": _package,
        },
        4,
    ),
    (
        collect_notebooks,
        {
            "ListNotebookInstances": pages(
                "NotebookInstances",
                [{"NotebookInstanceName": "a"}, {"NotebookInstanceName": "b"}],
            ),
            "DescribeNotebookInstance": _notebook,
        },
        2,
    ),
    (
        bedrock.collect_model_use,
        {"ListMetrics": pages("Metrics", [_metric("a"), _metric("b")])},
        2,
    ),
    (
        bedrock.collect_provisioned_throughputs,
        {"ListProvisionedModelThroughputs": _bedrock("provisionedModelSummaries")},
        2,
    ),
    (bedrock.collect_custom_models, {"ListCustomModels": _bedrock("modelSummaries")}, 2),
    (bedrock.collect_imported_models, {"ListImportedModels": _bedrock("modelSummaries")}, 2),
    (
        bedrock.collect_deployments,
        {
            "ListCustomModelDeployments": pages(
                "modelDeploymentSummaries",
                [_deployment("a"), _deployment("b")],
                token="nextToken",
            )
        },
        2,
    ),
    (
        bedrock.collect_profiles,
        {
            "ListInferenceProfiles": pages(
                "inferenceProfileSummaries",
                [_profile("a"), _profile("b")],
                token="nextToken",
            )
        },
        2,
    ),
    (
        lambda clients: collect_buckets(clients, NOW),
        {
            "ListBuckets": pages(
                "Buckets",
                [{"Name": "aaa", "BucketRegion": REGION}, {"Name": "bbb", "BucketRegion": REGION}],
                token="ContinuationToken",
            )
        },
        2,
    ),
    (
        collect_log_groups,
        {
            "DescribeLogGroups": [
                {"logGroups": [{"logGroupName": "a", "arn": "a:*"}], "nextToken": "x"},
                {"logGroups": [{"logGroupName": "b", "arn": "b:*"}]},
                {},
            ]
        },
        2,
    ),
    (
        lambda clients: collect_settled_runs(clients, "runs"),
        {
            "Scan": [
                {"Items": [_settled("a")], "LastEvaluatedKey": {"run_id": {"S": "a"}}},
                {"Items": [_settled("b")]},
            ]
        },
        2,
    ),
    (
        lambda clients: collect_run_bills(clients, "123456789012", Window(START, NOW), "runs"),
        {
            "GetCostAndUsage": [
                {"ResultsByTime": [_run_day(1)], "NextPageToken": "x"},
                {"ResultsByTime": [_run_day(2)]},
            ]
        },
        2,
    ),
    (
        _costs,
        {
            "GetCostAndUsage": [
                {"ResultsByTime": [_day(1)], "NextPageToken": "x"},
                {"ResultsByTime": [_day(2)]},
            ]
        },
        2,
    ),
]


@pytest.mark.parametrize(("collect", "answers", "count"), _LISTS)
def test_every_list_is_read_to_its_last_page(
    collect: Callable[[TargetClients], Collected[Any]], answers: dict[str, Canned], count: int
) -> None:
    found = collect(CannedClients(answers))
    assert found.unread == ()
    assert len(found.found) == count


@pytest.mark.parametrize(("collect", "answers", "count"), _LISTS)
def test_a_list_that_breaks_off_keeps_what_it_gave_and_says_that_there_may_be_more(
    collect: Callable[[TargetClients], Collected[Any]], answers: dict[str, Canned], count: int
) -> None:
    name = next(iter(answers))
    canned = answers[name]
    assert not callable(canned)
    broken = {**answers, name: [canned[0], error("ThrottlingException")]}
    found = collect(CannedClients(broken))
    assert 0 < len(found.found) < count
    assert "*" in {one.resource for one in found.unread}
    assert {one.operation for one in found.unread} == {name}


def test_runs_of_a_stack_that_lies_elsewhere_are_not_asked_for() -> None:
    clients = CannedClients({})
    window = Window(START, NOW)

    assert collect_settled_runs(clients, None).found == ()
    assert collect_run_bills(clients, "123456789012", window, None).found == ()
    assert clients.calls == []


def test_the_bill_of_a_run_is_told_by_the_value_of_its_tag() -> None:
    empty = {**_day(2), "Groups": [{**_day(2)["Groups"][0], "Keys": ["thriftline:run-id$"]}]}
    clients = CannedClients({"GetCostAndUsage": [{"ResultsByTime": [_run_day(1), empty]}]})

    found = collect_run_bills(clients, "123456789012", Window(START, NOW), "runs").found

    assert [one.run_id for one in found] == ["run-1", ""]


@pytest.mark.parametrize(
    "broken",
    [
        {"settled_usd": {"S": "a lot"}},
        {"settled_usd": {"BOOL": True}},
        {"settled_usd": {"S": "NaN"}},
        {"attempt_1": {"M": {}}},
        {"attempt_1": {"S": "done"}},
        {"attempt_1": {"M": {"job_name": {"S": "a-1"}, "ended_at": {"S": "yesterday"}}}},
    ],
)
def test_a_run_whose_item_cannot_be_read_is_named_and_the_others_are_read(
    broken: dict[str, Any],
) -> None:
    rows = [_settled("a") | broken, _settled("b")]

    found = collect_settled_runs(CannedClients({"Scan": [{"Items": rows}]}), "runs")

    assert [one.run_id for one in found.found] == ["b"]
    assert [one.resource for one in found.unread] == ["a"]


def test_a_version_of_a_bedrock_model_names_the_custom_model_that_it_keeps() -> None:
    model = "custom-model/amazon.nova-micro-v1:0:128k/a1b2c3d4e5f6"
    arn = f"arn:aws:bedrock:{REGION}:123456789012:{model}"
    package = {
        "ModelPackageArn": f"{ARN}:model-package/stack-letters/3",
        "ModelPackageGroupName": "stack-letters",
        "ModelApprovalStatus": "Approved",
        "SourceUri": "s3://artifacts/runs/letters-1/model.json",
        "CustomerMetadataProperties": {"trainer": "bedrock", "model_uri": arn},
    }
    clients = CannedClients(
        {
            "ListModelPackages": [{"ModelPackageSummaryList": [package]}],
            "DescribeModelPackage": lambda _: package,
        }
    )

    (found,) = collect_model_packages(clients).found

    assert found.custom_model_arns == (arn,)
    assert found.artifact_s3_uris == ("s3://artifacts/runs/letters-1/model.json",)
