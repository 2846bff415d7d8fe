"""What Cost Explorer, Bedrock and Application Auto Scaling say of a loaded account."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.server import EmbeddedAws

OCTOBER_ON = {"Start": "2025-10-01", "End": "2025-11-03"}
BY_SERVICE = [{"Type": "DIMENSION", "Key": "SERVICE"}]


def costs(account: EmbeddedAws, **arguments: Any) -> Any:
    asked = {
        "TimePeriod": OCTOBER_ON,
        "Granularity": "MONTHLY",
        "Metrics": ["UnblendedCost"],
        **arguments,
    }
    return account.client("ce").get_cost_and_usage(**asked)["ResultsByTime"]


def amount(cell: dict[str, Any]) -> Decimal:
    return Decimal(cell["UnblendedCost"]["Amount"])


def test_a_service_costs_over_its_span_exactly_what_the_file_says(account: EmbeddedAws) -> None:
    days = costs(account, Granularity="DAILY", GroupBy=BY_SERVICE)

    sums: dict[str, Decimal] = {}
    for day in days:
        for group in day["Groups"]:
            sums[group["Keys"][0]] = sums.get(group["Keys"][0], Decimal(0)) + amount(
                group["Metrics"]
            )
    assert len(days) == 33
    assert sums == {"Amazon SageMaker": 100, "Amazon Bedrock": 3}


def test_months_are_cut_at_their_ends_and_the_present_one_is_estimated(
    account: EmbeddedAws,
) -> None:
    october, november = costs(account)

    assert october["TimePeriod"] == {"Start": "2025-10-01", "End": "2025-11-01"}
    assert (october["Estimated"], november["Estimated"]) == (False, True)
    assert amount(october["Total"]) + amount(november["Total"]) == 103
    assert amount(october["Total"]).quantize(Decimal("0.0001")) == Decimal("77.7778")


def test_costs_are_filtered_by_service(account: EmbeddedAws) -> None:
    only = {"Dimensions": {"Key": "SERVICE", "Values": ["Amazon Bedrock"]}}

    found = costs(account, Filter=only)
    rest = costs(account, Filter={"Not": only})

    assert sum(amount(month["Total"]) for month in found) == 3
    assert sum(amount(month["Total"]) for month in rest) == 100


def test_what_the_file_does_not_split_is_one_group(account: EmbeddedAws) -> None:
    groups = costs(account, GroupBy=[*BY_SERVICE, {"Type": "DIMENSION", "Key": "USAGE_TYPE"}])[1][
        "Groups"
    ]

    assert [each["Keys"] for each in groups] == [
        ["Amazon Bedrock", "NoUsageType"],
        ["Amazon SageMaker", "NoUsageType"],
    ]


def test_usage_quantities_are_refused_not_invented(account: EmbeddedAws) -> None:
    with pytest.raises(ClientError, match="NotImplementedByLocalAws"):
        costs(account, Metrics=["UsageQuantity"])
    with pytest.raises(ClientError, match="DataUnavailableException"):
        account.client("ce").get_savings_plans_purchase_recommendation(
            SavingsPlansType="SAGEMAKER_SP",
            TermInYears="ONE_YEAR",
            PaymentOption="NO_UPFRONT",
            LookbackPeriodInDays="THIRTY_DAYS",
        )


def test_provisioned_throughput_knows_the_end_of_its_commitment(account: EmbeddedAws) -> None:
    bedrock = account.client("bedrock")

    found = bedrock.list_provisioned_model_throughputs()["provisionedModelSummaries"][0]
    same = bedrock.get_provisioned_model_throughput(provisionedModelId=found["provisionedModelArn"])

    assert found["modelUnits"] == 2
    # Six months after the last day of August is the last day of February.
    assert found["commitmentExpirationTime"] == datetime(2026, 2, 28, tzinfo=UTC)
    assert found["foundationModelArn"].endswith("::foundation-model/amazon.nova-lite-v1:0")
    assert same["provisionedModelName"] == "committed"


def test_custom_models_and_their_deployments_are_listed(account: EmbeddedAws) -> None:
    bedrock = account.client("bedrock")

    models = {
        each["modelName"]: each["modelArn"]
        for each in bedrock.list_custom_models(sortOrder="Ascending")["modelSummaries"]
    }
    deployments = bedrock.list_custom_model_deployments()["modelDeploymentSummaries"]

    assert list(models) == ["tuned", "orphan"]
    assert [each["modelArn"] for each in deployments] == [models["tuned"]]
    assert (
        bedrock.list_custom_model_deployments(modelArnEquals=models["orphan"])[
            "modelDeploymentSummaries"
        ]
        == []
    )
    assert bedrock.get_custom_model(modelIdentifier="orphan")["modelArn"] == models["orphan"]


def test_a_loaded_deployment_is_not_asked(account: EmbeddedAws) -> None:
    (deployment,) = account.client("bedrock").list_custom_model_deployments()[
        "modelDeploymentSummaries"
    ]

    with pytest.raises(ClientError, match="was not trained in this embedded AWS") as caught:
        account.client("bedrock-runtime").converse(
            modelId=deployment["customModelDeploymentArn"],
            messages=[{"role": "user", "content": [{"text": "t"}]}],
        )

    assert caught.value.response["Error"]["Code"] == "NotImplementedByLocalAws"


def test_foundation_models_are_those_that_the_account_uses(account: EmbeddedAws) -> None:
    models = account.client("bedrock").list_foundation_models()["modelSummaries"]

    assert {each["modelId"] for each in models} == {
        "anthropic.claude-3-haiku-20240307-v1:0",
        "amazon.nova-lite-v1:0",
    }


def test_an_injected_error_meets_every_call(account: EmbeddedAws) -> None:
    for _ in range(3):
        with pytest.raises(ClientError, match="AccessDeniedException"):
            account.client("bedrock").list_imported_models()


def test_a_scaling_target_comes_with_a_policy(account: EmbeddedAws) -> None:
    scaling = account.client("application-autoscaling")

    targets = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    policies = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]

    assert [(each["ResourceId"], each["MinCapacity"], each["MaxCapacity"]) for each in targets] == [
        ("endpoint/two-variants/variant/blue", 1, 4)
    ]
    assert [each["ResourceId"] for each in policies] == ["endpoint/two-variants/variant/blue"]
    assert scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"] == []
