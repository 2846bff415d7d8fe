"""Chooses where raw data is prepared, and holds the run's dollars before anything can be spent."""

from datetime import datetime

from thriftline.core.aws.buckets import Bucket
from thriftline.core.dataclass import dataclass
from thriftline.money.ledger import Budgets, Ledger, reserve
from thriftline.money.month import Hold, month_key
from thriftline.runs.aws.runs_table import RunsTable
from thriftline.runs.domain.approvals import ApprovalPolicy, threshold, wait_seconds
from thriftline.runs.domain.ceilings import Ceilings
from thriftline.runs.domain.layout import run_prefix
from thriftline.runs.domain.prepared_money import (
    MOST_ATTEMPTS,
    Limit,
    PreparationMoney,
    admit_quote,
    limit_unasked,
    money_of,
)
from thriftline.runs.engines.registry import Engines
from thriftline.runs.schemas.preparation_plan import PreparationPlan
from thriftline.runs.schemas.prepare_section import PrepareSection
from thriftline.runs.schemas.run import Run
from thriftline.runs.schemas.steps.preparation import PlanPreparationResponse
from thriftline.runs.steps.choose_engine import chosen_engine, work_of, worst_of
from thriftline.runs.steps.look_at_raw import refuse_what_is_no_data
from thriftline.runs.steps.preparation_attempts import PLAN
from thriftline.runs.steps.raw_sources import RawSources
from thriftline.runs.steps.run_documents import document_if_made, read_run


@dataclass(frozen=True)
class Money:
    """The month's dollars and what the stack allows of them."""

    ledger: Ledger
    budgets: Budgets
    ceilings: Ceilings
    approval: ApprovalPolicy


def plan_preparation(
    run_id: str,
    *,
    artifacts: Bucket,
    engines: Engines,
    runs: RunsTable,
    money: Money,
    raw: RawSources,
    now: datetime,
) -> PlanPreparationResponse:
    """Writes ``preparation_plan.json`` and holds the run's dollars; safe to repeat.

    What is held is the run's cap, or what the month has left of it: it pays for the preparation
    and for the training, which is planned with what the preparation leaves. The response says
    whether a person is asked first.

    Raises:
        DatasetRejectedError: a raw file is not what its name says, lacks a column, or begins with
            labels that the label map lacks and that are to be refused.
        InvalidRunSpecError: the engine cannot do the work, or none can.
        UnpricedInstanceError: what the engine may cost is not known.
        BudgetExceededError: its worst case passes what the run may cost, or the month has left.
        RunSettledError: the run was settled already.
    """
    run = read_run(artifacts, run_id)
    plan = document_if_made(artifacts, run_id, PLAN, PreparationPlan)
    key = runs.keep_first(run_id, "ledger_month", month_key(now))
    if plan is None:
        prepare = _prepare_of(run)
        refuse_what_is_no_data(run.raw_files, prepare, raw)
        plan = _plan(run, prepare, engines, money, key, now)
        # Before the hold, so that Clean up and Settle budget know of it whatever happens.
        document = plan.model_dump_json(indent=2)
        artifacts.write_json(f"{run_prefix(run_id)}{PLAN}", document)
    hold = Hold(run_id, run.project, plan.held_usd, now)
    held = reserve(money.ledger, key, hold, money.budgets)
    runs.update(
        run_id,
        held_usd=str(held.usd),
        # Until its training is planned, a run may cost what is held for both parts.
        worst_case_usd=f"{held.usd:.6f}",
        state="Plan preparation",
        preparation_engine=plan.engine,
    )
    return PlanPreparationResponse(
        engine=plan.engine,
        worst_case_usd=plan.worst_usd,
        month=key,
        held_usd=held.usd,
        left_usd=money.budgets.left(money.ledger.month(key), run.project),
        needs_approval=plan.needs_approval,
        approval_wait_seconds=wait_seconds(money.approval.answer_within),
    )


def _prepare_of(run: Run) -> PrepareSection:
    if run.spec.prepare is None:
        raise AssertionError("Open run lets only a run that prepares come here.")
    return run.spec.prepare


def _plan(
    run: Run,
    prepare: PrepareSection,
    engines: Engines,
    money: Money,
    key: str,
    now: datetime,
) -> PreparationPlan:
    dollars = _dollars(run, prepare, money, key)
    work = work_of([(file.key, file.size) for file in run.raw_files], prepare)
    chosen = chosen_engine(work, prepare, engines, dollars.limit)
    worst = worst_of(chosen.quote)
    admit_quote(chosen.quote, worst, dollars.limit)
    above = threshold(money.approval.above_usd, run.spec.budget.approval_above_usd)
    limit = limit_unasked(worst, dollars.limit, above)
    return PreparationPlan(
        run_id=run.run_id,
        project=run.project,
        planned_at=now,
        engine=chosen.quote.engine,
        reason=chosen.reason,
        advice=chosen.advice,
        left_out=chosen.left_out,
        likely_usd=chosen.quote.likely_usd,
        likely_minutes=chosen.quote.likely_minutes,
        worst_usd=worst,
        usd_per_hour=chosen.quote.usd_per_hour,
        limit_usd=limit.usd,
        limit_name=limit.name,
        held_usd=dollars.held_usd,
        most_attempts=MOST_ATTEMPTS,
        max_minutes=prepare.max_minutes,
        basis=chosen.quote.basis,
        warnings=chosen.quote.warnings,
        terms=dict(chosen.quote.terms),
        files=work.files,
        stored_bytes=work.stored_bytes,
        approval_above_usd=above,
    )


def _dollars(run: Run, prepare: PrepareSection, money: Money, key: str) -> PreparationMoney:
    left = money.budgets.left(money.ledger.month(key), run.project)
    return money_of(
        Limit(run.spec.budget.max_usd, "the cap budget.max_usd"),
        Limit(money.ceilings.max_usd_per_run, "the stack's parameter MaxUsdPerRun"),
        Limit(left, f"the budget of {key}"),
        prepare.max_usd,
    )
