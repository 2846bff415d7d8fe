"""Leaves nothing behind: no running job, no scratch, nothing that only the attempts needed."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from thriftline.core.aws.buckets import Bucket
from thriftline.core.errors import ThriftlineError
from thriftline.runs.aws.runs_table import RunsTable
from thriftline.runs.aws.training_queue import TrainingQueue
from thriftline.runs.domain.attempts import AttemptState
from thriftline.runs.domain.endings import Ending
from thriftline.runs.domain.ladder import Tried
from thriftline.runs.domain.layout import (
    job_name_of,
    progress_prefix,
    scratch_prefix,
    splits_prefix,
)
from thriftline.runs.engines.registry import Engines
from thriftline.runs.schemas.plan import Plan
from thriftline.runs.schemas.run import Run
from thriftline.runs.schemas.steps.ending import CleanUpRequest, CleanUpResponse
from thriftline.runs.steps.attempt_facts import attempt_facts
from thriftline.runs.steps.end_preparation import end_preparation
from thriftline.runs.steps.express_copy import BucketOf, delete_copy, express_bucket
from thriftline.runs.steps.own_run import own_run_id
from thriftline.runs.steps.run_documents import document_if_made, problem_of
from thriftline.runs.steps.run_ladder import RunLadder
from thriftline.runs.steps.training_turns import TrainingTurns
from thriftline.runs.trainers.port import Trainer
from thriftline.runs.trainers.registry import Trainers


def clean_up(
    request: CleanUpRequest,
    *,
    runs: RunsTable,
    artifacts: Bucket,
    trainers: Trainers,
    engines: Engines,
    queue: TrainingQueue,
    report: Callable[[str, Exception], None],
    bucket_of: BucketOf,
    now: datetime,
) -> CleanUpResponse:
    """Stops the run's preparation and jobs that still run, deletes what only the run itself needed.

    Splits stay where run.yaml says ``dataset.keep_splits``.

    Safe to repeat: what is gone already is not an error. Another execution's run is left alone.
    While a job is still stopping its name is returned and nothing is deleted: call again. What an
    attempt left with its trainer and cannot be taken away now is reported, and the hourly sweep
    takes it away: the run has its result all the same.
    """
    run_id = own_run_id(request.run_id, request.upload, request.execution_arn, runs=runs, now=now)
    if run_id is None:
        return CleanUpResponse(stopped_jobs=(), deleted_objects=0)
    preparing = end_preparation(run_id, runs=runs, artifacts=artifacts, engines=engines, now=now)
    if preparing:
        return CleanUpResponse(stopped_jobs=preparing, deleted_objects=0)
    plan = document_if_made(artifacts, run_id, "plan.json", Plan)
    left: tuple[str, ...] = ()
    # No attempt is made without a plan.
    if plan is not None:
        item = runs.get(run_id) or {}
        ladder = RunLadder.of(run_id, plan.ladder, item)
        trainer = trainers.named(plan.trainer)
        made = ladder.tried(trainer)
        _leave_the_line(ladder, len(made) + 1, TrainingTurns(queue, now))
        stopping = _stop(trainer, made)
        if stopping:
            # Until it has ended, a job may write, and what it costs is not known.
            return CleanUpResponse(stopped_jobs=stopping, deleted_objects=0)
        has_version = item.get("model_package_arn") is not None
        left = _release(trainer, made, report, has_version=has_version)
        if any(one.state.ending is Ending.STOPPED for one in made):
            # What a trainer had counted late of a stopped attempt, it counts as it lets it go.
            made = ladder.tried(trainer)
        _record_endings(ladder, made, runs, now)
    deleted, in_copy = _delete(run_id, plan, artifacts, bucket_of, report)
    return CleanUpResponse(stopped_jobs=(), deleted_objects=deleted, left=left + in_copy)


def _delete(
    run_id: str,
    plan: Plan | None,
    artifacts: Bucket,
    bucket_of: BucketOf,
    report: Callable[[str, Exception], None],
) -> tuple[int, tuple[str, ...]]:
    """Deletes what only the run needed; returns how many objects, and what could not be deleted.

    Splits that run.yaml wants to be kept are ended by the bucket's rules. So are those of a run of
    which the run.json cannot be read: what it says of them is not known then.
    """
    problem = problem_of(artifacts, run_id, "run.json", Run)
    run = None if problem else document_if_made(artifacts, run_id, "run.json", Run)
    copied = express_bucket(run, plan)
    deleted, left = delete_copy(run_id, bucket_of(copied), report) if copied else (0, ())
    is_kept = problem or (run is not None and run.spec.dataset.keep_splits)
    kept = splits_prefix(run_id) if is_kept else None
    deleted += artifacts.delete_prefix(scratch_prefix(run_id), but=kept)
    deleted += artifacts.delete_prefix(progress_prefix(run_id))
    return deleted, left


def _release(
    trainer: Trainer,
    made: Sequence[Tried],
    report: Callable[[str, Exception], None],
    *,
    has_version: bool,
) -> tuple[str, ...]:
    """Lets the trainer take away what the attempts left; returns those that still have something.

    Of a run that has a version in the registry, the attempt that completed made its model.
    """
    left = []
    for one in made:
        state = one.state
        registered = has_version and state.ending is Ending.COMPLETED
        try:
            trainer.release(state.name, state.run_id, registered=registered)
        except ThriftlineError as error:
            report(state.name, error)
            left.append(state.name)
    return tuple(left)


def _leave_the_line(ladder: RunLadder, attempt: int, turns: TrainingTurns) -> None:
    """Gives up the place in line of an attempt that never started."""
    if attempt in ladder.chosen:
        turns.leave(job_name_of(ladder.run_id, attempt), ladder.rung_of(attempt))


def _stop(trainer: Trainer, made: Sequence[Tried]) -> tuple[str, ...]:
    active = tuple(one.state.name for one in made if one.state.is_active)
    for name in active:
        trainer.stop(name)
    return active


def _record_endings(
    ladder: RunLadder, made: Sequence[Tried], runs: RunsTable, now: datetime
) -> None:
    """Keeps how an attempt ended that nobody polled to its end, and what it cost."""
    item = runs.get(ladder.run_id) or {}
    for attempt, one in enumerate(made, start=1):
        known = item.get(f"attempt_{attempt:02d}") or {}
        # The former version kept no dollars of an attempt.
        if known.get("ending") is None or _bill_differs(known, one.state):
            facts = attempt_facts(one.state, one.rung, ladder.rung_of(attempt), now)
            runs.record_attempt(ladder.run_id, attempt, facts)


def _bill_differs(known: Mapping[str, Any], state: AttemptState) -> bool:
    """Whether the trainer says another bill, such as for what was made after the attempt."""
    if "billed_usd" not in known:
        return True
    billed, noted = state.billed_usd, known["billed_usd"]
    if billed is None:
        return False
    return noted is None or Decimal(str(noted)) != billed.quantize(Decimal("1e-9"))
