"""One run with all that is known of it: its item, its approval, its documents and its result."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any

from thriftline.api.documents import documents_of
from thriftline.api.schemas.runs import (
    LossPoint,
    RunApproval,
    RunAttempt,
    RunDetail,
    RunPreparation,
    RunProgress,
    ValidationPoint,
)
from thriftline.core.aws.buckets import Bucket
from thriftline.core.aws.executions import StartedExecution
from thriftline.core.errors import ThriftlineError
from thriftline.core.kept import reading
from thriftline.money.sums import sum_of
from thriftline.runs.aws.approvals_table import ApprovalsTable
from thriftline.runs.domain.approvals import Approval
from thriftline.runs.domain.layout import run_prefix
from thriftline.runs.domain.learning import Learning
from thriftline.runs.domain.listed_runs import READ_IT_THERE, ListedRun
from thriftline.runs.domain.uploads import classify
from thriftline.runs.schemas.result_preparation import PreparationAttempt
from thriftline.runs.steps.preparation_attempts import noted_of
from thriftline.runs.steps.preparation_result import attempt_shown
from thriftline.runs.steps.run_costs import numbered_attempts


def detail_of(
    item: Mapping[str, Any],
    *,
    approvals: ApprovalsTable,
    artifacts: Bucket,
    learning: Callable[[str], Learning | None],
    now: datetime,
) -> RunDetail:
    """Returns the run of an item with what lies beside it.

    Args:
        item: the run's, of the table.
        approvals: what persons were asked.
        artifacts: the bucket of the run's documents.
        learning: says how far a training job is, by its name.
        now: the time of the request.
    """
    run = ListedRun.of(item)
    with reading(f"The item of run {run.run_id}", READ_IT_THERE):
        attempts = tuple(_attempt(number, facts) for number, facts in numbered_attempts(item))
        noted = sorted(noted_of(item).items())
        prepared = [attempt_shown(number, facts) for number, facts in noted]
        preparation = _preparation(item, prepared)
    approval = approvals.get(run.run_id)
    return RunDetail.with_all(
        run,
        progress=None if run.has_ended else _progress(run, attempts, prepared, learning, now),
        approval=_approval(approval) if approval else None,
        preparation=preparation,
        attempts=attempts,
        documents=documents_of(run.run_id, artifacts),
        result=_result(run.run_id, artifacts) if run.has_ended else None,
    )


def early_of(run_id: str, execution: StartedExecution | None) -> RunDetail | None:
    """Returns a run that was asked for and that the workflow has not opened, or did not open."""
    if execution is None:
        return None
    key = str(execution.input.get("detail", {}).get("object", {}).get("key", ""))
    runs_on = execution.status == "RUNNING"
    reason = execution.output.get("reason") or execution.output.get("status")
    return RunDetail(
        run_id=run_id,
        project=classify(key).project,
        status="starting" if runs_on else "not_started",
        state="Open run",
        opened_at=None,
        ended_at=None,
        trainer=None,
        instance_type=None,
        expected_usd=None,
        worst_case_usd=None,
        cost_usd=None,
        saved_usd=None,
        model_version=None,
        key=key,
        summary=None if runs_on else str(reason or "The workflow ended before it opened a run."),
        execution_arn=None,
        belongs_to=execution.output.get("run_id"),
        progress=None,
        approval=None,
        attempts=(),
        documents=(),
        result=None,
    )


def _result(run_id: str, artifacts: Bucket) -> dict[str, Any] | None:
    body = artifacts.read(f"{run_prefix(run_id)}result.json")
    if body is None:
        return None
    with reading(f"result.json of run {run_id}", READ_IT_THERE):
        return dict(json.loads(body))


def _progress(
    run: ListedRun,
    attempts: tuple[RunAttempt, ...],
    prepared: Sequence[PreparationAttempt],
    learning: Callable[[str], Learning | None],
    now: datetime,
) -> RunProgress:
    last = attempts[-1] if attempts else None
    started = last.started_at if last and last.ending is None else None
    learned = None if started is None or last is None else _learned(last, learning)
    seconds = None if started is None else max(0, int((now - started).total_seconds()))
    return RunProgress(
        state=run.state,
        attempt=last.attempt if last else None,
        phase=last.phase if last else None,
        seconds=max(0, int((now - run.opened_at).total_seconds())),
        training_seconds=seconds,
        cost_so_far_usd=sum_of(
            (
                _preparation_so_far(run, prepared, now),
                _cost_so_far(run, attempts, seconds),
            )
        ),
        **({} if learned is None else _shown(learned)),
    )


def _preparation_so_far(
    run: ListedRun, prepared: Sequence[PreparationAttempt], now: datetime
) -> Decimal | None:
    """Returns what its attempts were billed; of one that runs, what it costs by its rate."""
    rate = run.rate_usd_per_hour
    return sum_of(
        one.usd
        if one.ending is not None or one.started_at is None or rate is None
        else rate * max(0, int((now - one.started_at).total_seconds())) / 3600
        for one in prepared
    )


def _learned(attempt: RunAttempt, learning: Callable[[str], Learning | None]) -> Learning | None:
    # Only jobs on instances of the account write a log that is known here.
    if attempt.job_name is None or attempt.instance_type is None:
        return None
    try:
        return learning(attempt.job_name)
    except ThriftlineError:
        # The run is shown all the same; how far it is, is unknown.
        return None


def _shown(learned: Learning) -> dict[str, Any]:
    left = learned.seconds_left
    return {
        "step": learned.step,
        "steps": learned.steps,
        "seconds_left": None if left is None else max(0, round(left)),
        "curve": tuple(LossPoint(**asdict(one)) for one in learned.curve),
        "validation": tuple(ValidationPoint(**asdict(one)) for one in learned.validation),
    }


def _cost_so_far(
    run: ListedRun, attempts: tuple[RunAttempt, ...], seconds: int | None
) -> Decimal | None:
    """Returns what ended attempts were billed, and what the present one costs by its rate."""
    billed = [one.billed_usd for one in attempts if one.ending is not None]
    if any(usd is None for usd in billed):
        return None
    before = sum((usd for usd in billed if usd is not None), Decimal(0))
    if seconds is None:
        return before
    rate = run.rate_usd_per_hour
    return None if rate is None else before + rate * seconds / 3600


def _preparation(
    item: Mapping[str, Any], made: Sequence[PreparationAttempt]
) -> RunPreparation | None:
    engine = item.get("preparation_engine")
    if engine is None:
        return None
    last = made[-1] if made else None
    approved = item.get("preparation_approved") or {}
    return RunPreparation(
        engine=str(engine),
        attempt=last.attempt if last else None,
        status=last.status if last else None,
        ending=last.ending if last else None,
        reason=last.reason if last else None,
        started_at=last.started_at if last else None,
        ended_at=last.ended_at if last else None,
        billed_usd=sum_of(one.usd for one in made),
        approved_usd=approved.get("usd"),
        approved_by=approved.get("by"),
        approved_at=approved.get("at"),
    )


def _approval(approval: Approval) -> RunApproval:
    return RunApproval(
        standing=str(approval.standing),
        part=approval.part.value,
        requested_at=approval.requested_at,
        expires_at=approval.expires_at,
        worst_case_usd=approval.worst_case_usd,
        spent_usd=approval.spent_usd,
        above_usd=approval.above_usd,
        answered_at=approval.answered_at,
        answered_by=approval.answered_by,
    )


def _attempt(number: int, facts: Mapping[str, Any]) -> RunAttempt:
    # Empty texts are what the trainer did not say.
    known = {name: facts.get(name) or None for name in _TEXTS}
    counts = {name: _whole(facts.get(name)) for name in _COUNTS}
    billed = facts.get("billed_usd")
    return RunAttempt(
        attempt=number,
        phase=facts.get("secondary_status") or None,
        spot=facts.get("spot"),
        billed_usd=None if billed is None else Decimal(str(billed)),
        **known,
        **counts,
    )


_TEXTS = (
    "job_name",
    "rung_name",
    "instance_type",
    "status",
    "ending",
    "reason",
    "started_at",
    "ended_at",
)
_COUNTS = ("rung", "instance_count", "interruptions")


def _whole(value: object) -> int | None:
    return None if value is None else int(Decimal(str(value)))
