"""Parts of a result: its data set, plan, settlement and attempts."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from tests.unit.runs.sample_evaluations import MOVIES
from thriftline.runs.schemas.result import (
    Attempt,
    ResultApproval,
    ResultCharge,
    ResultChoice,
    ResultDataset,
    ResultFinding,
    ResultPlan,
    ResultSettlement,
)

OPENED = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
ENDED = OPENED + timedelta(minutes=34, seconds=12)
RUN_ID = "reviews-3f9a1c0de4b7a652"


def dataset(
    labels: tuple[str, ...] = MOVIES, *findings: ResultFinding, rejected: bool = False
) -> ResultDataset:
    """A validated data set."""
    verdict = "rejected" if rejected else "accepted_with_warnings" if findings else "accepted"
    return ResultDataset.model_validate(
        {
            "verdict": verdict,
            "codes": [one.code for one in findings],
            "findings": [one.model_dump() for one in findings],
            "rows": 8_530,
            "splits": {"train": 6_824, "validation": 853, "test": 853},
            "labels": {label: 8_530 // (2 + n) for n, label in enumerate(labels)},
            "text_length_median": 112,
            "text_length_p95": 214,
        }
    )


def plan() -> ResultPlan:
    """A plan at made-up prices."""
    return ResultPlan(
        worst_case_usd=Decimal("2.83"),
        expected_usd=Decimal("0.31"),
        expected_reason="About 0.2 hours for 3 epochs of 0.2 million tokens on an A10G.",
        cap_usd=Decimal("10.00"),
        rate_usd_per_hour=Decimal("1.408"),
        price_source="AWS Price List",
        price_date=date(2026, 11, 1),
        region="eu-west-1",
        instance_type="ml.g5.xlarge",
        instance_count=1,
        spot=True,
        max_runtime_seconds=7200,
    )


def choices() -> tuple[ResultChoice, ...]:
    """What was priced, cheapest first; the second was taken."""

    def choice(name: str, low: str | None, worst: str, **facts: bool) -> ResultChoice:
        usd = low and Decimal(low)
        document: dict[str, object] = {
            "name": name,
            "chosen": False,
            "low_usd": usd,
            "likely_usd": usd and usd * 2,
            "high_usd": usd and usd * 3,
            "worst_case_usd": Decimal(worst),
            "within_cap": True,
            "like_cheapest": False,
        }
        return ResultChoice.model_validate(document | facts)

    return (
        choice("ml.g6.xlarge", "0.14", "2.27"),
        choice("ml.g5.xlarge", "0.16", "2.83", chosen=True, like_cheapest=True),
        choice("ml.p4d.24xlarge", "1.50", "50.51", within_cap=False),
        choice("ml.c5.4xlarge", None, "1.63"),
    )


def settlement() -> ResultSettlement:
    """One attempt on Spot, and what its run held."""
    return ResultSettlement(
        status="settled",
        month="2026-11",
        held_usd=Decimal("2.89"),
        settled_usd=Decimal("0.1814"),
        rows=(
            ResultCharge(
                attempt=1,
                what="instances",
                seconds=462,
                units=1,
                rate_usd=Decimal("1.408"),
                rate_unit="instance-hour",
                usd=Decimal("0.1807"),
                cents_usd=Decimal("0.18"),
            ),
        ),
        total_usd=Decimal("0.18"),
        expected_usd=Decimal("0.31"),
        expected_low_usd=Decimal("0.16"),
        expected_high_usd=Decimal("0.48"),
        estimate_miss=-0.42,
        inside_range=True,
        spot_saving=0.65,
    )


def approved() -> ResultApproval:
    """A person said yes an hour after the question."""
    return ResultApproval(
        standing="approved",
        above_usd=Decimal("2.00"),
        requested_at=OPENED,
        expires_at=OPENED + timedelta(hours=72),
        answered_at=OPENED + timedelta(hours=1),
        answered_by="ann@example.com",
    )


def attempt(number: int, ending: str, **changes: object) -> Attempt:
    """One training job."""
    facts: dict[str, object] = {
        "attempt": number,
        "job_name": f"{RUN_ID}-{number:02d}",
        "instance_type": "ml.g5.xlarge",
        "instance_count": 1,
        "spot": True,
        "status": "Completed" if ending == "completed" else "Failed",
        "secondary_status": "Completed" if ending == "completed" else "Failed",
        "ending": ending,
        "failure_reason": None,
        "started_at": OPENED + timedelta(minutes=8),
        "ended_at": OPENED + timedelta(minutes=30),
        "training_seconds": 1320,
        "billable_seconds": 462,
        "interruptions": 1,
    }
    return Attempt.model_validate(facts | changes)
