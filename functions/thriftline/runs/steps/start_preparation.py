"""Starts one attempt at a preparation, once."""

import json
from datetime import datetime, timedelta
from decimal import Decimal

from thriftline.core.aws.buckets import Bucket
from thriftline.core.errors import (
    AllowanceSpentError,
    LadderExhaustedError,
    QuotaExceededError,
)
from thriftline.core.wording import counted
from thriftline.runs.aws.runs_table import RunsTable
from thriftline.runs.domain.layout import preparation_prefix, prepared_prefix
from thriftline.runs.domain.prepared_config import preparation_config
from thriftline.runs.domain.raw_data import read_from
from thriftline.runs.engines.registry import Engines
from thriftline.runs.schemas.preparation_plan import PreparationPlan
from thriftline.runs.schemas.run import Run
from thriftline.runs.schemas.steps.preparation import StartPreparationResponse
from thriftline.runs.steps.preparation_attempts import (
    PLAN,
    PreparationAttempts,
    config_key,
    facts_of,
    field_of,
    noted_of,
)
from thriftline.runs.steps.project_folder import folder_of
from thriftline.runs.steps.run_documents import read_document, read_run

_TURN_SECONDS = 300
_LONGEST_TURN = timedelta(hours=6)


def start_preparation(
    run_id: str,
    attempt: int,
    *,
    artifacts: Bucket,
    engines: Engines,
    runs: RunsTable,
    program: bytes,
    now: datetime,
) -> StartPreparationResponse:
    """Asks the plan's engine for an attempt; a second call finds the same one again.

    The attempt is noted before it is asked for, so that whatever happens in between is found by
    Clean up and paid for by Settle budget. Where the account may not have more now, the response
    says how long to wait.

    Raises:
        AllowanceSpentError: the earlier attempts have left less than another may cost.
        LadderExhaustedError: it is one attempt too many.
        QuotaExceededError: the quota was in use for six hours.
        InvalidRunSpecError: the engine refuses what the run spec asks for.
    """
    plan = read_document(artifacts, run_id, PLAN, PreparationPlan)
    attempts = PreparationAttempts(plan, noted_of(runs.get(run_id) or {}), artifacts)
    known = attempts.noted.get(attempt) or {}
    asked_at = str(known.get("asked_at") or now.isoformat())
    if not known:
        _require_money(attempts, attempt)
        runs.update(
            run_id,
            **{field_of(attempt): {"asked_at": asked_at, "started_id": None}},
            state="Start preparation",
        )
    if known.get("started_id") is None:
        _write_order(read_run(artifacts, run_id), attempt, program, artifacts)
    order = attempts.order(attempt)
    try:
        state = engines.named(plan.engine).start(order)
    except QuotaExceededError as error:
        if now - datetime.fromisoformat(asked_at) > _LONGEST_TURN:
            raise
        return StartPreparationResponse(
            attempt=attempt, wait_seconds=_TURN_SECONDS, reason=str(error)
        )
    facts = facts_of(state, order, {**known, "asked_at": asked_at}, now)
    runs.update(run_id, **{field_of(attempt): facts}, rate_usd_per_hour=_exact(plan.usd_per_hour))
    return StartPreparationResponse(attempt=attempt, wait_seconds=0, reason=state.status)


def _require_money(attempts: PreparationAttempts, attempt: int) -> None:
    plan, used = attempts.plan, attempts.charged_usd()
    if attempt > plan.most_attempts:
        raise LadderExhaustedError(
            f"The preparation on {plan.engine} was not done in "
            f"{counted(plan.most_attempts, 'attempt')}.{_account(attempts)}"
        )
    left = plan.limit_usd - used
    if plan.worst_usd > left:
        raise AllowanceSpentError(
            f"Another attempt at the preparation may cost {plan.worst_usd} USD and "
            f"{_cents(left)} USD of the {plan.limit_usd} USD are left ({plan.limit_name})."
            f"{_account(attempts)}"
        )


def _account(attempts: PreparationAttempts) -> str:
    said = [
        f" Attempt {number}: {attempts.noted[number].get('reason') or 'it said nothing'}"
        for number in attempts.numbers
    ]
    return "".join(said)


def _exact(usd: Decimal | None) -> str | None:
    return None if usd is None else f"{usd:.6f}"


def _cents(usd: Decimal) -> str:
    return f"{max(Decimal(0), usd):.2f}"


def _write_order(run: Run, attempt: int, program: bytes, artifacts: Bucket) -> None:
    """Writes what the engine's program reads: itself, and its configuration."""
    if run.spec.prepare is None:
        raise AssertionError("Open run lets only a run that prepares come here.")
    config = preparation_config(
        run.spec.prepare.model_dump(mode="json"),
        run_id=run.run_id,
        seed=run.spec.seed,
        sources=read_from(
            run.spec.prepare.source,
            f"s3://{run.upload.bucket}/{folder_of(run.project)}",
            [file.uri for file in run.raw_files],
        ),
        output=artifacts.uri(prepared_prefix(run.run_id, attempt)),
    )
    artifacts.write(f"{preparation_prefix(run.run_id)}prepare.py", program, "text/x-python")
    artifacts.write_json(config_key(run.run_id, attempt), json.dumps(config))
