"""Writes how a run ended, and reports it to whoever wants to know, once."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

from thriftline.core.aws.buckets import Bucket
from thriftline.core.aws.event_bus import EventBus
from thriftline.core.aws.topic import Topic
from thriftline.core.causes import read_cause
from thriftline.core.message import Message, facts_of
from thriftline.core.text import plain
from thriftline.evaluation.document import Scores
from thriftline.runs.aws.approvals_table import ApprovalsTable
from thriftline.runs.aws.finished_runs import FinishedRuns
from thriftline.runs.aws.model_registry import ModelRegistry
from thriftline.runs.aws.runs_table import RunsTable
from thriftline.runs.domain.listed_runs import status_facts
from thriftline.runs.reports.message import EndedRun, message_of
from thriftline.runs.reports.routing_view import routing_line
from thriftline.runs.schemas.events import TrainingEnded
from thriftline.runs.schemas.result import Result
from thriftline.runs.schemas.steps.ending import PublishResultRequest, PublishResultResponse
from thriftline.runs.steps.finished_run import keep_finished
from thriftline.runs.steps.gather_result import gather_result
from thriftline.runs.steps.listed_facts import ended_facts
from thriftline.runs.steps.own_run import own_run_id
from thriftline.runs.steps.result_documents import write_result

_METRICS = {
    "succeeded": "RunSucceeded",
    "not_promoted": "RunNotPromoted",
    "rejected": "RunRejected",
    "failed": "RunFailed",
}

_DECIDED = {"ending", "failure", "model_package_arn", "deployment"}


def publish_result(
    request: PublishResultRequest,
    *,
    artifacts: Bucket,
    runs: RunsTable,
    approvals: ApprovalsTable,
    registry: ModelRegistry,
    finished: FinishedRuns,
    alerts: Topic,
    bus: EventBus,
    measure: Callable[[str, float], None],
    now: datetime,
    retention_days: int = 0,
) -> PublishResultResponse:
    """Writes ``result.json`` and ``report.html``, then reports to the table, the bus and the topic.

    How a run ends is decided once: whoever publishes later, be it a repetition or the machine
    that tidies up after a stop, completes that ending, and what was announced is not announced
    twice. A run that failed has no approved model: a version that it registered is withdrawn
    first. ``measure`` takes a metric's name and value.
    """
    run_id = own_run_id(request.run_id, request.upload, request.execution_arn, runs=runs, now=now)
    if run_id is None:
        return _nobodys_run(request, runs, alerts)
    request, ended_at = _decided(request, run_id, runs, now)
    item = runs.get(run_id) or {}
    # Whoever answers from now on is told that it is too late.
    approval = approvals.withdraw(run_id)
    result = gather_result(
        request, run_id, item, artifacts=artifacts, approval=approval, ended_at=ended_at
    )
    if item.get("announced") == result.status:
        return _response(result)
    if result.status == "failed" and result.gate and result.project and result.opened_at:
        arn = registry.withdraw(run_id, result.project, result.opened_at, result.reason)
        result = result.model_copy(update={"model_package_arn": arn})
    write_result(result, artifacts)
    runs.update(
        run_id,
        **status_facts(str(item.get("project", "")), result.status),
        **ended_facts(result),
        ended_at=ended_at.isoformat(),
        reason=result.reason,
        **_kept(ended_at, retention_days),
    )
    keep_finished(result, artifacts, finished)
    _announce(result, alerts, bus)
    _measure(result, measure)
    runs.update(run_id, announced=result.status)
    return _response(result)


def _kept(ended_at: datetime, retention_days: int) -> dict[str, int]:
    """Returns when the table lets the item go, in epoch seconds; nothing where it keeps it."""
    if not retention_days:
        return {}
    return {"kept_until": int((ended_at + timedelta(days=retention_days)).timestamp())}


def _decided(
    request: PublishResultRequest, run_id: str, runs: RunsTable, now: datetime
) -> tuple[PublishResultRequest, datetime]:
    """Returns the request as it was when the run's ending was decided, and when that was."""
    wanted = request.model_dump(mode="json", include=_DECIDED)
    decided = runs.decide_ending(run_id, {**wanted, "ended_at": now.isoformat()})
    ended_at = datetime.fromisoformat(decided["ended_at"])
    # An ending that a former version decided says nothing of a deployment.
    known = {name: decided.get(name) for name in wanted}
    return PublishResultRequest.model_validate({**request.model_dump(), **known}), ended_at


def _response(result: Result) -> PublishResultResponse:
    return PublishResultResponse(
        run_id=result.run_id,
        status=result.status,
        reason=result.reason,
        result_uri=result.reports.result,
        report_uri=result.reports.report,
    )


def _announce(result: Result, alerts: Topic, bus: EventBus) -> None:
    bus.put(_event(result))
    alerts.send(message_of(_ended(result)))


def _ended(result: Result) -> EndedRun:
    scores = result.metrics
    return EndedRun(
        run_id=result.run_id,
        project=result.project,
        status=result.status,
        reason=result.reason,
        state=result.error.state if result.error else None,
        error=result.error.name if result.error else None,
        uploaded=f"s3://{result.upload.bucket}/{plain(result.upload.key)}",
        metrics=_measured(scores) + _beside(result) if scores else None,
        billed_usd=result.billed_usd,
        prepared=_prepared(result),
        prepared_usd=result.preparation.usd if result.preparation else Decimal(0),
        expected_usd=result.plan.expected_usd if result.plan else None,
        expected_range_usd=_expected_range(result),
        budget=_budget(result),
        routing=_ways(result),
        worst_case_usd=result.plan.worst_case_usd if result.plan else None,
        spot_saving=result.cost.spot_saving,
        model_package_arn=result.model_package_arn,
        report=result.reports.report,
        left_out=result.left_out,
    )


def _expected_range(result: Result) -> tuple[Decimal, Decimal] | None:
    settlement = result.settlement
    if settlement is None or settlement.expected_low_usd is None:
        return None
    return settlement.expected_low_usd, settlement.expected_high_usd or settlement.expected_low_usd


def _ways(result: Result) -> str | None:
    routing = result.plan.routing if result.plan else None
    return routing_line(routing) if routing else None


def _budget(result: Result) -> str | None:
    settlement = result.settlement
    if settlement is None or settlement.held_usd is None:
        return None
    held = f"${settlement.held_usd:.2f} were held in {settlement.month}{_grace(result)}"
    if settlement.settled_usd is None:
        return f"{held} and stay held until what was billed is known"
    given_back = max(Decimal(0), settlement.held_usd - settlement.settled_usd)
    return f"{held}, ${given_back:.2f} of them given back"


def _grace(result: Result) -> str:
    """Says why more than the worst case was held."""
    held = result.settlement.held_usd if result.settlement else None
    if held is None or result.plan is None or result.preparation is not None:
        return ""
    more = held - result.plan.worst_case_usd
    if more <= 0:
        return ""
    return f" (the worst case, and ${more:.2f} for a stop at the limit and its upload)"


def _prepared(result: Result) -> str | None:
    made = result.preparation
    if made is None:
        return None
    cost = "what it cost is not known yet" if made.usd is None else f"${made.usd:.4f}"
    if made.rows_read is None:
        return f"not to its end, on {made.engine}, {cost}"
    return (
        f"{made.rows_read:,} raw rows became {made.rows_written or 0:,}, on {made.engine}, {cost}"
    )


def _measured(scores: Scores) -> str:
    if scores.micro_f1 is None:
        return f"accuracy {scores.accuracy:.4f}, macro-F1 {scores.macro_f1:.4f}"
    return (
        f"micro-F1 {scores.micro_f1:.4f}, macro-F1 {scores.macro_f1:.4f}, "
        f"all labels right in {scores.accuracy:.4f}"
    )


def _beside(result: Result) -> str:
    """What the baselines reach by the gate's metric."""
    told = [f"{each.name} {each.value:.4f}" for each in result.baselines]
    if not told:
        return ""
    metric = {"macro_f1": "macro-F1", "micro_f1": "micro-F1"}.get(
        result.baselines[0].metric, "accuracy"
    )
    return f" (baselines by {metric}: {', '.join(told)})"


def _event(result: Result) -> TrainingEnded:
    """The event names the run and its figures; the rest is in the document that it points to."""
    scores = result.metrics
    return TrainingEnded(
        run_id=result.run_id,
        project=result.project,
        status=result.status,
        reason=result.reason,
        error=result.error,
        accuracy=scores.accuracy if scores else None,
        macro_f1=scores.macro_f1 if scores else None,
        micro_f1=scores.micro_f1 if scores else None,
        cost=result.cost,
        model_package_arn=result.model_package_arn,
        result_uri=result.reports.result,
        report_uri=result.reports.report,
    )


def _measure(result: Result, measure: Callable[[str, float], None]) -> None:
    measure(_METRICS[result.status], 1)
    if result.billed_usd is not None:
        measure("BilledUsd", float(result.billed_usd))
    settlement = result.settlement
    if settlement and settlement.estimate_miss is not None:
        measure("EstimateMissPercent", 100 * settlement.estimate_miss)


def _nobodys_run(
    request: PublishResultRequest, runs: RunsTable, alerts: Topic
) -> PublishResultResponse:
    """An execution failed before it had a run: there is no place for a result, so say it."""
    failure = request.failure
    reason = "The execution had no run of its own."
    if failure:
        reason = read_cause(failure.error, failure.message).message
    where = f" in {failure.state}" if failure else ""
    if runs.is_first(request.execution_arn):
        upload = f"s3://{request.upload.bucket}/{plain(request.upload.key)}"
        sentence = f"{request.execution_arn} failed{where} before it had a run."
        alerts.send(
            Message(
                kind="run",
                tone="problem",
                thread=request.execution_arn,
                title=f"Thriftline: an execution failed{where}",
                sentence=sentence,
                detail=reason,
                facts=facts_of({"Upload": upload}),
                text=f"{sentence}\n\n{reason}\n\nUpload: {upload}\n",
            )
        )
    return PublishResultResponse(
        run_id="", status=request.ending, reason=reason, result_uri="", report_uri=""
    )
