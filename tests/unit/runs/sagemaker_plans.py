"""Plans of SageMaker trainings at made-up prices."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from tests.unit.runs.run_world import RUN_ID, TRAINING
from thriftline.runs.schemas.plan import Plan, PlannedRung
from thriftline.runs.schemas.planned_price import PlannedPrice

PLANNED_AT = datetime(2026, 11, 21, 12, tzinfo=UTC)


def a_price(usd: str = "1.408", unit: str = "instance-hour") -> PlannedPrice:
    """A price that a list has."""
    return PlannedPrice(
        usd=Decimal(usd),
        unit=unit,
        region="us-east-1",
        component="Training",
        source="a list",
        date=date(2026, 11, 1),
    )


def a_rung(usd: str = "1.408", worst: str = "2.83", **terms: Any) -> PlannedRung:
    """One g5.xlarge on Spot, unless the terms say otherwise."""
    all_terms = {
        "instance_type": "ml.g5.xlarge",
        "instance_count": 1,
        "spot": True,
        "volume_gib": 30,
        "max_runtime_seconds": 7200,
        "max_wait_seconds": 14_400,
        "storage": a_price("0.14", "GB-month").model_dump(mode="json"),
    } | terms
    market = "Spot" if all_terms["spot"] else "on demand"
    return PlannedRung(
        name=f"{all_terms['instance_count']} x {all_terms['instance_type']}, {market}",
        rate=a_price(usd),
        worst_case_usd=Decimal(worst),
        stop_grace_usd=Decimal("0.05"),
        terms=all_terms,
    )


def a_plan(**values: Any) -> Plan:
    """A plan of two attempts on one rung."""
    plan = Plan(
        run_id=RUN_ID,
        planned_at=PLANNED_AT,
        region="us-east-1",
        trainer="sagemaker",
        base_model="org/model",
        splits={"train": 8, "validation": 1, "test": 1},
        training=TRAINING,
        cap_usd=Decimal(10),
        allowance_usd=Decimal("2.83"),
        stop_grace_usd=Decimal("0.05"),
        expected_usd=None,
        expected_hours=None,
        expected_reason="",
        max_attempts=2,
        rungs=(a_rung(),),
    )
    return plan.model_copy(update=values)
