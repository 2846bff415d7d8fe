"""Prices the run, and refuses it before anything is spent when it may not."""

from dataclasses import asdict, replace
from datetime import datetime
from decimal import Decimal

from thriftline.core.aws.buckets import Bucket
from thriftline.core.errors import InvalidRunSpecError
from thriftline.money.prices import Price, stale_warnings
from thriftline.runs.aws.finished_runs import FinishedRuns
from thriftline.runs.aws.model_registry import ModelRegistry
from thriftline.runs.domain.affordable import Room
from thriftline.runs.domain.approvals import (
    ASKS_NOBODY,
    ApprovalPolicy,
    asks_again_above,
    is_needed,
    threshold,
    wait_seconds,
)
from thriftline.runs.domain.ceilings import Ceilings
from thriftline.runs.domain.quotes import Quote, admit
from thriftline.runs.domain.work import Champion, TrainingWork
from thriftline.runs.schemas.plan import (
    Plan,
    PlannedChampion,
    PlannedTraining,
    planned_advice,
    planned_left_out,
    planned_quotes,
    planned_rungs,
    planned_search,
)
from thriftline.runs.schemas.planned_routing import PlannedRouting
from thriftline.runs.schemas.run import Run
from thriftline.runs.schemas.run_spec import AUTO, RunSpec
from thriftline.runs.schemas.steps.training import PlanRunResponse
from thriftline.runs.steps.base_models import encoder_of
from thriftline.runs.steps.dataset_volume import DatasetVolume, read_volume
from thriftline.runs.steps.route_run import Admitted, Taken, consider, routing_of, taken
from thriftline.runs.steps.run_documents import read_run, write_plan
from thriftline.runs.steps.stack_ceilings import admit_to_stack, allowed_names, trainers_of
from thriftline.runs.steps.training_work import work_to_plan
from thriftline.runs.trainers.port import Inputs, Quoter
from thriftline.runs.trainers.registry import Trainers


def plan_run(
    run_id: str,
    *,
    artifacts: Bucket,
    registry: ModelRegistry,
    trainers: Trainers,
    region: str,
    now: datetime,
    ceilings: Ceilings,
    finished: FinishedRuns,
    approval: ApprovalPolicy = ASKS_NOBODY,
) -> PlanRunResponse:
    """Writes ``plan.json``; the project's ``finished`` runs correct the estimates.

    Raises:
        UnknownInstanceTypeError: the trainer has no such type.
        UnpricedInstanceError: the catalogue has no rate for it here.
        BudgetExceededError: the worst case passes the run's cap, or the stack's limits.
        NoQuotaError: the account may have nothing of what the run may train on.
        InvalidRunSpecError: the base model in S3 cannot be used, or a split is empty.
    """
    run = read_run(artifacts, run_id)
    volume = read_volume(artifacts, run_id)
    champion = _champion(registry, run.project)
    earlier = finished.of(run.project)
    asked = [trainers.named(name) for name in trainers_of(ceilings, trainers.names, run.spec)]
    base_model = run.spec.base_model
    if run.spec.trainer == AUTO and any(one.abilities.encoder for one in asked):
        # A mistake in its name must not send the run another way.
        encoder_of(base_model, artifacts)

    def work_for(quoter: Quoter) -> TrainingWork:
        require_splits(volume, quoter.inputs)
        encoder = encoder_of(base_model, artifacts) if quoter.abilities.encoder else None
        work = work_to_plan(run, quoter.name, volume, encoder, champion, earlier)
        return replace(work, allowed=allowed_names(ceilings))

    considered = [
        consider(
            trainer,
            work_for=work_for,
            admit=lambda quote: _admitted(quote, run, ceilings),
            predictions=run.spec.needs.predictions_per_month or 0,
        )
        for trainer in asked
    ]
    routing = routing_of(run, volume, considered)
    chosen = taken(routing, considered, None if run.spec.trainer == AUTO else run.spec.trainer)
    allowance = chosen.admitted.allowance_usd
    plan = plan_document(run, chosen, region=region, now=now)
    above = threshold(approval.above_usd, run.spec.budget.approval_above_usd)
    write_plan(artifacts, plan.model_copy(update={"approval_above_usd": above}))
    return PlanRunResponse(
        worst_case_usd=allowance,
        expected_usd=plan.expected_usd,
        max_attempts=chosen.quote.max_attempts,
        needs_approval=_is_asked(run, allowance, above),
        approval_wait_seconds=wait_seconds(approval.answer_within),
    )


def _admitted(quote: Quote, run: Run, ceilings: Ceilings) -> Admitted:
    allowance, clamp = admit(quote, _room_of(run, quote, ceilings))
    admit_to_stack(ceilings, run, quote, allowance)
    return Admitted(allowance, clamp)


def _room_of(run: Run, quote: Quote, ceilings: Ceilings) -> Room:
    """Returns what the run may cost; after a preparation, what that left of the run's hold.

    The hold was made before the training was planned, so what may come on top lies inside it.
    """
    if run.preparation is None:
        return _room(run.spec.budget.max_usd, ceilings)
    charged, held = run.preparation.charged_usd, run.preparation.held_usd
    taken = charged + quote.stop_grace_usd + quote.upload_grace_usd
    whose = "the cap budget.max_usd" if held == run.spec.budget.max_usd else "the dollars held"
    name = f"{whose}, of whose {held} USD the preparation took {charged:.2f} USD,"
    return Room(max(Decimal(0), held - taken), name, taken_usd=taken)


def _room(cap_usd: Decimal, ceilings: Ceilings) -> Room:
    own, most = "the cap budget.max_usd", "the stack's parameter MaxUsdPerRun"
    if cap_usd <= ceilings.max_usd_per_run:
        return Room(cap_usd, own, ((most, ceilings.max_usd_per_run),))
    return Room(ceilings.max_usd_per_run, most, ((own, cap_usd),))


def _is_asked(run: Run, allowance: Decimal, above: Decimal | None) -> bool:
    """Whether a person is asked for the run: its preparation counts, and so does a yes to it."""
    prepared = run.preparation
    if prepared is None:
        return is_needed(allowance, above)
    again_above = asks_again_above(above, prepared.approved_usd)
    return is_needed(allowance + prepared.charged_usd, again_above)


def _champion(registry: ModelRegistry, project: str) -> Champion | None:
    found = registry.champion(project)
    if found is None:
        return None
    return Champion(found.package_arn, found.model_uri, found.trainer, found.run_id, found.job_name)


def plan_document(run: Run, taken: Taken, *, region: str, now: datetime) -> Plan:
    """Returns ``plan.json`` of a run that is trained the way that was taken."""
    work, quote = taken.work, taken.quote
    expected, champion = quote.chosen.expected, work.champion
    plan = Plan(
        run_id=run.run_id,
        planned_at=now,
        region=region,
        trainer=quote.trainer,
        base_model=quote.base_model or run.spec.base_model,
        splits=dict(work.splits),
        training=PlannedTraining(**asdict(work.chosen)) if taken.offer.abilities.encoder else None,
        search=planned_search(work.search, work.chosen.steps),
        cap_usd=work.cap_usd,
        allowance_usd=taken.admitted.allowance_usd,
        stop_grace_usd=quote.stop_grace_usd,
        upload_grace_usd=quote.upload_grace_usd,
        expected_usd=expected.usd,
        expected_hours=expected.hours,
        expected_low_usd=expected.low.usd if expected.low else None,
        expected_high_usd=expected.high.usd if expected.high else None,
        expected_low_hours=expected.low.hours if expected.low else None,
        expected_high_hours=expected.high.hours if expected.high else None,
        expected_reason=expected.reason,
        max_attempts=quote.max_attempts,
        longest_seconds=quote.longest_seconds,
        goes_on=quote.goes_on,
        rungs=planned_rungs(quote),
        left_out=planned_left_out(quote),
        quotes=planned_quotes(quote, work.cap_usd),
        warnings=(
            *_unread(run.spec),
            *quote.warnings,
            *stale_warnings(_rates(quote), now.date()),
        ),
        workload=dict(quote.workload),
        **planned_advice(quote),
        routing=PlannedRouting.of(taken.routing),
        champion=champion and PlannedChampion.of(champion),
    )
    clamp = taken.admitted.clamp
    return plan.shortened(clamp) if clamp else plan


def _unread(spec: RunSpec) -> tuple[str, ...]:
    return tuple(
        f"run.yaml says trainer: {spec.trainer}, which does not read the section {name}. Take the "
        "section out, or name the other trainer."
        for name in spec.unread_sections()
    )


def _rates(quote: Quote) -> tuple[Price, ...]:
    return (quote.chosen.rate, *(rung.rate for rung in quote.rungs))


def require_splits(volume: DatasetVolume, inputs: Inputs) -> None:
    """Refuses a data set of which the trainer would get an empty split.

    Raises:
        InvalidRunSpecError: with the splits, and what would fill them.
    """
    # An empty one fails only when it is paid for.
    empty = [split for split in inputs.splits if not volume.splits.get(split)]
    if empty:
        raise InvalidRunSpecError(
            f"dataset: the data set has no {' and no '.join(empty)} rows. Give it a file, or a "
            f"{' and a '.join(f'{split}_fraction' for split in empty if split != 'train')} above "
            "0. Nothing was spent."
        )
