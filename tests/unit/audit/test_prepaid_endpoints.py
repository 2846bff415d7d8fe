"""Endpoints on capacity that was bought before: what a reservation paid for is not priced again."""

from decimal import Decimal
from typing import Any

import pytest

from tests.unit.audit.accounts import days_ago, endpoint, inventory, variant
from tests.unit.audit.canned_aws import REGION, CannedClients
from thriftline.audit.aws.collectors.endpoints import read_endpoint
from thriftline.audit.domain.audit import audit
from thriftline.audit.domain.costs import variant_rate
from thriftline.audit.domain.facts import ResourceKind
from thriftline.audit.domain.parameters import AuditParameters
from thriftline.money.price_catalogue import price_catalogue

G5_XLARGE = Decimal("1.408")
RESERVATION = f"arn:aws:sagemaker:{REGION}:123456789012:training-plan/plan"


def _clients(reserved: dict[str, Any]) -> CannedClients:
    running = {"VariantName": "all", "CurrentInstanceCount": 3, "CurrentWeight": 1.0, **reserved}
    described = {
        "EndpointName": "chat",
        "EndpointArn": f"arn:aws:sagemaker:{REGION}:123456789012:endpoint/chat",
        "EndpointConfigName": "chat",
        "EndpointStatus": "InService",
        "CreationTime": days_ago(40),
        "LastModifiedTime": days_ago(40),
        "ProductionVariants": [running],
    }
    configured = {"VariantName": "all", "InstanceType": "ml.g5.xlarge", "ModelName": "chat"}
    config = {"EndpointConfigName": "chat", "ProductionVariants": [configured]}
    return CannedClients(
        {
            "DescribeEndpoint": [described],
            "DescribeEndpointConfig": [config],
            "ListInferenceComponents": [{"InferenceComponents": []}],
            "DescribeScalableTargets": [{"ScalableTargets": []}],
            "ListTags": [{"Tags": []}],
        }
    )


ONLY = {"CapacityReservationPreference": "capacity-reservations-only"}


@pytest.mark.parametrize(
    ("reserved", "on_demand"),
    [
        ({}, 3),
        ({"CapacityReservationConfig": {"MlReservationArn": RESERVATION, **ONLY}}, 0),
        (
            {
                "CapacityReservationConfig": {
                    "MlReservationArn": RESERVATION,
                    "UsedByCurrentEndpoint": 2,
                }
            },
            1,
        ),
        ({"CapacityReservationConfig": {"MlReservationArn": RESERVATION}}, None),
        # A reservation of EC2 is billed by EC2, and the instances by SageMaker as ever.
        ({"CapacityReservationConfig": {"Ec2CapacityReservations": []}}, 3),
    ],
)
def test_what_a_reservation_paid_for_costs_nothing_more(
    reserved: dict[str, Any], on_demand: int | None
) -> None:
    found = read_endpoint(_clients(reserved), "chat")
    assert found is not None
    (one,) = found.variants
    assert one.on_demand_instances == on_demand
    rate = variant_rate(one, "us-east-1", price_catalogue())
    assert rate == (None if on_demand is None else G5_XLARGE * on_demand)


def test_an_idle_endpoint_on_a_reservation_saves_nothing_and_says_why() -> None:
    prepaid = variant(instance_type="ml.g5.xlarge", instance_count=2, prepaid_instances=2)
    found = inventory(region="us-east-1", endpoints=(endpoint("chat", variants=(prepaid,)),))
    told = audit(found, price_catalogue(), AuditParameters())
    (cost,) = [one for one in told.costs if one.kind is ResourceKind.ENDPOINT]
    assert cost.usd == 0
    assert cost.basis.endswith("(2 instances paid for with a reservation)")
