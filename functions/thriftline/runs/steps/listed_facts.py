"""What a run's item says so that lists read no documents."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from thriftline.runs.domain.quotes import Rung
    from thriftline.runs.schemas.plan import Plan
    from thriftline.runs.schemas.result import Result


def planned_facts(plan: "Plan") -> dict[str, Any]:
    """Returns what the plan says of a run that has held its dollars."""
    return {
        "state": "Reserve budget",
        "trainer": plan.trainer,
        "instance_type": plan.rungs[0].terms.get("instance_type"),
        "expected_usd": _usd(plan.expected_usd),
        "worst_case_usd": _usd(plan.worst_case_usd),
    }


def rung_facts(rung: "Rung") -> dict[str, Any]:
    """Returns what an attempt's rung says: what it trains on, and what an hour of it costs.

    The rate is without a Spot discount, which is known when it was billed; None where it is not by
    the hour.
    """
    count = rung.terms.get("instance_count")
    rate = None if count is None else rung.rate.usd * Decimal(int(count))
    return {
        "state": "Start training",
        "instance_type": rung.terms.get("instance_type"),
        "rate_usd_per_hour": _usd(rate),
    }


def ended_facts(result: "Result") -> dict[str, Any]:
    """Returns what the result says of a run that has ended; also of one that was never planned."""
    cost, plan = result.cost, result.plan
    saved = None
    if cost.usd is not None and cost.on_demand_usd is not None:
        saved = cost.on_demand_usd - cost.usd
    facts = {
        "state": result.error.state if result.error else None,
        "cost_usd": _usd(result.billed_usd),
        "saved_usd": _usd(saved),
        "model_package_arn": result.model_package_arn,
    }
    if plan is None:
        return facts
    return facts | {
        "trainer": plan.trainer,
        "expected_usd": _usd(plan.expected_usd),
        "worst_case_usd": _usd(plan.worst_case_usd),
    }


def _usd(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:.6f}"
