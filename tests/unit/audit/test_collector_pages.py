"""Every list of a collector goes on to its last page."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.unit.audit.canned_answers import day, named, run_day, settled
from tests.unit.audit.canned_aws import ARN, NOW, REGION, START, Canned, CannedClients, error, pages
from thriftline.audit.aws.collectors import bedrock
from thriftline.audit.aws.collectors.buckets import collect_buckets
from thriftline.audit.aws.collectors.costs import collect_costs, collect_run_bills
from thriftline.audit.aws.collectors.endpoints import collect_endpoints, read_endpoint
from thriftline.audit.aws.collectors.log_groups import collect_log_groups
from thriftline.audit.aws.collectors.models import collect_model_packages, collect_models
from thriftline.audit.aws.collectors.notebooks import collect_notebooks
from thriftline.audit.aws.collectors.reading import Collected
from thriftline.audit.aws.collectors.settled_runs import collect_settled_runs
from thriftline.audit.domain.inventory import Window
from thriftline.core.aws.target_clients import TargetClients


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
                {"Items": [settled("a")], "LastEvaluatedKey": {"run_id": {"S": "a"}}},
                {"Items": [settled("b")]},
            ]
        },
        2,
    ),
    (
        lambda clients: collect_run_bills(clients, "123456789012", Window(START, NOW), "runs"),
        {
            "GetCostAndUsage": [
                {"ResultsByTime": [run_day(1)], "NextPageToken": "x"},
                {"ResultsByTime": [run_day(2)]},
            ]
        },
        2,
    ),
    (
        _costs,
        {
            "GetCostAndUsage": [
                {"ResultsByTime": [day(1)], "NextPageToken": "x"},
                {"ResultsByTime": [day(2)]},
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
