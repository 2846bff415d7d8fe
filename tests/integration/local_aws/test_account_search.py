"""SageMaker's Search, as far as audits ask it."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.server import EmbeddedAws
from tests.integration.local_aws.sample_account import ago


def found(account: EmbeddedAws, *filters: tuple[str, str, str], **more: Any) -> list[str]:
    expression = [
        dict(zip(("Name", "Operator", "Value"), one, strict=True)) for one in filters
    ] or [{"Name": "TrainingJobName", "Operator": "Exists"}]
    operator = more.pop("operator", "And")
    pages = (
        account.client("sagemaker")
        .get_paginator("search")
        .paginate(
            Resource="TrainingJob",
            SearchExpression={"Filters": expression, "Operator": operator},
            **more,
        )
    )
    return [one["TrainingJob"]["TrainingJobName"] for page in pages for one in page["Results"]]


def refused(account: EmbeddedAws, **request: Any) -> str:
    with pytest.raises(ClientError) as caught:
        account.client("sagemaker").search(**request)
    return str(caught.value)


def test_a_job_is_found_as_it_is_described_with_its_tags(account: EmbeddedAws) -> None:
    sagemaker = account.client("sagemaker")
    filters = [{"Name": "TrainingJobName", "Operator": "Equals", "Value": "done"}]

    (row,) = sagemaker.search(Resource="TrainingJob", SearchExpression={"Filters": filters})[
        "Results"
    ]
    job, described = row["TrainingJob"], sagemaker.describe_training_job(TrainingJobName="done")

    assert job.pop("Tags") == [{"Key": "team", "Value": "search"}]
    assert job == {name: described[name] for name in job}
    assert {"ResourceConfig", "StoppingCondition", "BillableTimeInSeconds"} <= job.keys()


def test_jobs_are_found_by_status_and_time(account: EmbeddedAws) -> None:
    recent = ("CreationTime", "GreaterThanOrEqualTo", ago(days=4)[:19])

    assert found(account, ("TrainingJobStatus", "Equals", "InProgress")) == ["running"]
    assert found(account, recent, SortBy="CreationTime") == ["running", "done"]
    assert found(account, recent, ("TrainingJobStatus", "Equals", "Failed")) == []
    assert set(found(account, recent, ("TrainingJobStatus", "In", "Failed"), operator="Or")) == {
        *("running", "done", "spot"),
    }
    assert found(account, SortBy="CreationTime", SortOrder="Ascending") == [
        *("spot", "done", "running"),
    ]


def test_what_is_not_evaluated_is_refused(account: EmbeddedAws) -> None:
    nested = [
        {
            "NestedPropertyName": "InputDataConfig",
            "Filters": [{"Name": "InputDataConfig.DataSource.S3DataSource.S3Uri", "Value": "s3"}],
        }
    ]
    said = refused(account, Resource="TrainingJob", SearchExpression={"NestedFilters": nested})
    assert "NotImplementedByLocalAws" in said
    assert "NotImplementedByLocalAws" in refused(account, Resource="Experiment")
    wrong = [{"Name": "CreationTime", "Operator": "GreaterThan", "Value": "yesterday"}]
    said = refused(account, Resource="TrainingJob", SearchExpression={"Filters": wrong})
    assert "ValidationException" in said
    assert "maxResults" in refused(account, Resource="TrainingJob", MaxResults=101)
    assert "Invalid pagination token" in refused(account, Resource="TrainingJob", NextToken="x")


def test_models_are_found_whole(account: EmbeddedAws) -> None:
    sagemaker = account.client("sagemaker")

    rows = sagemaker.search(Resource="Model", MaxResults=100)["Results"]
    models = {row["Model"]["Model"]["ModelName"]: row["Model"]["Model"] for row in rows}

    assert set(models) == {"blue-model", "green-model", "main-model", "all-model"}
    known = sagemaker.describe_model(ModelName="all-model")
    assert models["all-model"]["PrimaryContainer"] == known["PrimaryContainer"]
