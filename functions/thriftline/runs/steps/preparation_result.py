"""What a result says of the run's preparation, out of its plan, its item and its report."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from thriftline.core.aws.buckets import Bucket
from thriftline.money.sums import sum_of
from thriftline.runs.domain.layout import run_prefix
from thriftline.runs.schemas.result_preparation import (
    ApprovedPreparation,
    PreparationAttempt,
    PreparedStage,
    ResultPreparation,
)
from thriftline.runs.steps.adopt_prepared import PREPARATION, PREPARATION_PAGE
from thriftline.runs.steps.preparation_attempts import attempts_on_record


def preparation_result(
    run_id: str, item: Mapping[str, Any], artifacts: Bucket
) -> ResultPreparation | None:
    """Returns how the raw data was prepared; None where the run prepares none."""
    found = attempts_on_record(run_id, item, artifacts)
    if found is None:
        return None
    plan = found.plan
    attempts = tuple(attempt_shown(number, found.noted[number]) for number in found.numbers)
    report = _report(artifacts, run_id)
    return ResultPreparation(
        engine=plan.engine,
        engine_reason=plan.reason,
        advice=plan.advice,
        left_out=plan.left_out,
        raw_files=plan.files,
        raw_bytes=plan.stored_bytes,
        expected_usd=plan.likely_usd,
        worst_case_usd=plan.worst_usd,
        usd=sum_of(one.usd for one in attempts),
        approved=_approved(item),
        attempts=attempts,
        rows_read=report.get("rows_read"),
        rows_written=report.get("rows_written"),
        stages=tuple(
            PreparedStage(name=one["name"], rows_in=one["rows_in"], rows_out=one["rows_out"])
            for one in report.get("stages", ())
        ),
        report=artifacts.uri(f"{run_prefix(run_id)}{PREPARATION_PAGE}") if report else None,
    )


def attempt_shown(number: int, facts: Mapping[str, Any]) -> PreparationAttempt:
    """Returns what the run's item has of an attempt; one that was never started cost nothing."""
    billed = facts.get("billed_usd")
    if billed is None and facts.get("started_id") is None:
        billed = 0
    return PreparationAttempt(
        attempt=number,
        status=facts.get("status"),
        ending=facts.get("ending"),
        reason=facts.get("reason"),
        started_at=facts.get("started_at"),
        ended_at=facts.get("ended_at"),
        usd=None if billed is None else Decimal(str(billed)),
    )


def _approved(item: Mapping[str, Any]) -> ApprovedPreparation | None:
    noted = item.get("preparation_approved")
    return ApprovedPreparation.model_validate(noted) if noted else None


def _report(artifacts: Bucket, run_id: str) -> dict[str, Any]:
    """Returns the program's own report; empty where there is none, or it cannot be read."""
    body = artifacts.read(f"{run_prefix(run_id)}{PREPARATION}")
    try:
        found = json.loads(body) if body else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
