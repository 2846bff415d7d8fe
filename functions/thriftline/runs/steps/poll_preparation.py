"""Looks at one attempt at a preparation once; a good end makes its output the run's data set."""

from datetime import datetime, timedelta

from thriftline.core.aws.buckets import Bucket
from thriftline.core.dataclass import dataclass
from thriftline.core.errors import (
    DatasetChangedError,
    DatasetRejectedError,
    ServiceUnavailableError,
    ThriftlineError,
)
from thriftline.runs.aws.runs_table import RunsTable
from thriftline.runs.domain.endings import Ending, error_of
from thriftline.runs.domain.preparation import PreparationOrder, PreparationState
from thriftline.runs.domain.raw_data import is_each_named, kind_of
from thriftline.runs.domain.uploads import is_data_file
from thriftline.runs.engines.registry import Engines
from thriftline.runs.schemas.preparation_plan import PreparationPlan
from thriftline.runs.schemas.run import Run
from thriftline.runs.schemas.steps.preparation import PollPreparationResponse
from thriftline.runs.steps.adopt_prepared import adopt_prepared
from thriftline.runs.steps.preparation_attempts import (
    PLAN,
    PreparationAttempts,
    facts_of,
    field_of,
    judged,
    noted_of,
)
from thriftline.runs.steps.project_folder import files_beside, folder_of
from thriftline.runs.steps.raw_sources import RawSources
from thriftline.runs.steps.run_documents import read_document, read_run

# What an engine takes to start and to end, beside the time that it was given.
_GRACE = timedelta(minutes=15)
# A service may say some minutes after an end what it billed.
_BILL_WITHIN = timedelta(minutes=5)
_SHARE_OF_ELAPSED = 0.05
_SHORTEST_SECONDS, _LONGEST_SECONDS = 15, 300


@dataclass(frozen=True)
class RawData:
    """Where raw data lies."""

    data: Bucket
    sources: RawSources


def poll_preparation(
    run_id: str,
    attempt: int,
    *,
    artifacts: Bucket,
    engines: Engines,
    runs: RunsTable,
    raw: RawData,
    now: datetime,
) -> PollPreparationResponse:
    """Keeps what the engine reports; says whether to look again, and when.

    An attempt that takes longer than it may is stopped, whatever its service made of its limit.

    Raises:
        CapacityError, TrainingInternalError, OutOfWaitTimeError, QuotaExceededError: another
            attempt may do it.
        DatasetRejectedError: the program refuses the raw data, with the reason.
        DatasetChangedError: the raw data were changed meanwhile.
        TrainingFailedError, TrainingStoppedError, OutOfRunTimeError: it has ended, and not well.
        ServiceUnavailableError: the engine does not show the attempt.
    """
    plan = read_document(artifacts, run_id, PLAN, PreparationPlan)
    attempts = PreparationAttempts(plan, noted_of(runs.get(run_id) or {}), artifacts)
    order = attempts.order(attempt)
    state = engines.named(plan.engine).look(order)
    if state is None:
        raise ServiceUnavailableError(f"{plan.engine} shows no preparation {order.name}.")
    known = attempts.noted.get(attempt) or {}
    state = judged(state, known, plan)
    taken_at = datetime.fromisoformat(known.get("taken_at") or now.isoformat())
    is_overdue = state.is_active and now > _latest(state, taken_at, plan)
    facts = facts_of(state, order, {**known, "overdue": known.get("overdue") or is_overdue}, now)
    # Noted first: what the service then calls a stop is known to be the end of its time.
    runs.update(run_id, **{field_of(attempt): facts}, state="Poll preparation")
    if is_overdue:
        engines.named(plan.engine).stop(order)
    if state.is_active or _awaits_bill(state, now):
        wait = _wait_seconds(taken_at, now) if state.is_active else _SHORTEST_SECONDS
        return PollPreparationResponse(done=False, wait_seconds=wait, status=state.status)
    if error := _error(state, order, plan):
        raise error
    run = read_run(artifacts, run_id)
    _require_unchanged(run, raw)
    noted = PreparationAttempts(plan, {**attempts.noted, attempt: facts}, artifacts)
    adopt_prepared(run, attempt, plan, noted.charged_usd(), artifacts)
    return PollPreparationResponse(done=True, wait_seconds=0, status=state.status)


def _latest(state: PreparationState, taken_at: datetime, plan: PreparationPlan) -> datetime:
    begun = state.started_at or taken_at
    return begun + timedelta(minutes=plan.max_minutes) + _GRACE


def _awaits_bill(state: PreparationState, now: datetime) -> bool:
    """Whether a good end should wait for its bill: what is not known is counted at its worst."""
    if state.ending is not Ending.COMPLETED or state.billed_usd is not None:
        return False
    return state.ended_at is not None and now - state.ended_at < _BILL_WITHIN


def _wait_seconds(taken_at: datetime, now: datetime) -> int:
    elapsed = (now - taken_at).total_seconds()
    return max(_SHORTEST_SECONDS, min(_LONGEST_SECONDS, int(elapsed * _SHARE_OF_ELAPSED)))


def _error(
    state: PreparationState, order: PreparationOrder, plan: PreparationPlan
) -> ThriftlineError | None:
    if state.ending is None:
        return None
    cost = "" if state.billed_usd is None else f" It cost {state.billed_usd:.4f} USD."
    if state.ending is Ending.USER_ERROR:
        return DatasetRejectedError(
            f"prepare: {state.reason or 'the program gave no reason.'}{cost}"
        )
    said = state.reason or f"it ended as {state.status}"
    text = f"The preparation {order.name} on {plan.engine}: {said}{cost}"
    if state.ending.name.startswith("OUT_OF_RUN_TIME"):
        text += (
            " Raise prepare.max_minutes or prepare.max_vcpus; preparing starts anew each time, so "
            "another attempt of the same length would end the same way."
        )
    return error_of(state.ending, text)


def _require_unchanged(run: Run, raw: RawData) -> None:
    """Spark reads what lies at an address, not a version: so what was read is checked afterwards.

    Raises:
        DatasetChangedError: a raw file was changed, deleted or added after the run was opened.
    """
    prepare = run.spec.prepare
    data_format = prepare.format if prepare else "auto"
    now, known = _versions_now(run, raw), {file.uri: file.version_id for file in run.raw_files}
    for uri, version in known.items():
        # What the program passes over by its name may change.
        if now.get(uri) != version and kind_of(uri, data_format):
            raise DatasetChangedError(
                f"{uri} was changed while the run prepared it, so which version was read is not "
                "known; upload run.yaml again to start a new run."
            )
    added = sorted(uri for uri in now.keys() - known.keys() if kind_of(uri, data_format))
    if added and not is_each_named(prepare.source if prepare else None, len(known)):
        raise DatasetChangedError(
            f"{added[0]} was added while the run prepared its folder, so whether it was read is "
            "not known; upload run.yaml again to start a new run."
        )


def _versions_now(run: Run, raw: RawData) -> dict[str, str]:
    prepare = run.spec.prepare
    if prepare is not None and prepare.source is not None:
        return {one.uri: one.identity for one in raw.sources.listing(prepare).files}
    folder = raw.data.uri(folder_of(run.project))
    found = files_beside(raw.data, run.project)
    return {folder + name: one.version_id for name, one in found.items() if is_data_file(name)}
