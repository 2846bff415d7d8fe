"""Puts a run's result together from whatever its steps have left, much or little."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from thriftline.core.aws.buckets import Bucket
from thriftline.core.causes import read_cause
from thriftline.core.dataclass import dataclass
from thriftline.core.text import plain
from thriftline.evaluation.document import Evaluation
from thriftline.runs.domain.approvals import Approval
from thriftline.runs.domain.layout import run_prefix
from thriftline.runs.domain.uploads import classify
from thriftline.runs.schemas.plan import Plan
from thriftline.runs.schemas.result import (
    Baseline,
    Result,
    ResultApproval,
    ResultDataset,
    ResultDeployment,
    ResultError,
    ResultPlan,
    ResultReports,
    ResultUpload,
)
from thriftline.runs.schemas.run import Run
from thriftline.runs.schemas.steps.ending import PublishResultRequest
from thriftline.runs.steps.dataset_summary import dataset_result
from thriftline.runs.steps.kept_models import kept_models
from thriftline.runs.steps.ladder_result import ladder_result
from thriftline.runs.steps.preparation_result import preparation_result
from thriftline.runs.steps.result_documents import REPORT, RESULT
from thriftline.runs.steps.run_costs import attempts_of, cost_of_attempts, model_uri_of
from thriftline.runs.steps.run_documents import Document, document_if_made
from thriftline.runs.steps.settlement_result import settlement_of

_DATASET_REPORT = "dataset.html"
_MOST_NAMES = 100
_COMPLETED = {"succeeded", "not_promoted"}


@dataclass(frozen=True)
class _Documents:
    """The documents that exist; a step that did not come so far left None."""

    run: Run | None
    dataset: ResultDataset | None
    plan: Plan | None
    evaluation: Evaluation | None
    baseline: Baseline | None


def gather_result(
    request: PublishResultRequest,
    run_id: str,
    item: Mapping[str, Any],
    *,
    artifacts: Bucket,
    approval: Approval | None,
    ended_at: datetime,
) -> Result:
    """Returns the result of a run, from its documents and its item in the runs table."""
    found = _read(artifacts, run_id)
    attempts = attempts_of(item)
    cost = cost_of_attempts(attempts)
    error = _error(request)
    evaluation = found.evaluation
    opened_at = _opened_at(found.run, item)
    return Result(
        run_id=run_id,
        project=found.run.project if found.run else classify(request.upload.key).project or None,
        status=request.ending,
        reason=_reason(request, error, evaluation, item),
        error=error,
        execution_arn=request.execution_arn,
        upload=_upload(request),
        opened_at=opened_at,
        ended_at=ended_at,
        seconds=round((ended_at - opened_at).total_seconds()) if opened_at else None,
        left_out=_shown_names(found.run.left_out) if found.run else (),
        spec=found.run.spec if found.run else None,
        preparation=preparation_result(run_id, item, artifacts),
        dataset=found.dataset,
        plan=ResultPlan.of(found.plan) if found.plan else None,
        approval=ResultApproval.of(approval) if approval else None,
        cost=cost,
        settlement=settlement_of(item, found.plan, cost, completed=request.ending in _COMPLETED),
        attempts=attempts,
        ladder=ladder_result(found.plan, attempts, item),
        metrics=evaluation.candidate if evaluation else None,
        champion_metrics=evaluation.champion if evaluation else None,
        comparison=evaluation.comparison if evaluation else None,
        baselines=evaluation.baselines if evaluation else (),
        answers=evaluation.answers if evaluation else None,
        gate=evaluation.gate if evaluation else None,
        training=evaluation.training if evaluation else None,
        baseline=found.baseline,
        model_package_arn=request.model_package_arn or item.get("model_package_arn"),
        deployment=_deployment(request),
        kept=kept_models(
            run_id,
            found.run.project if found.run else None,
            found.plan,
            evaluation.gate if evaluation else None,
            artifacts,
        ),
        reports=_reports(artifacts, run_id, found, model_uri_of(item)),
    )


def _read(artifacts: Bucket, run_id: str) -> _Documents:
    def read(name: str, model: type[Document]) -> Document | None:
        return document_if_made(artifacts, run_id, name, model)

    return _Documents(
        run=read("run.json", Run),
        dataset=dataset_result(artifacts, run_id),
        plan=read("plan.json", Plan),
        evaluation=read("evaluation.json", Evaluation),
        baseline=read("baseline.json", Baseline),
    )


def _error(request: PublishResultRequest) -> ResultError | None:
    failure = request.failure
    if failure is None:
        return None
    cause = read_cause(failure.error, failure.message)
    return ResultError(name=cause.error, message=cause.message, state=failure.state)


def _reason(
    request: PublishResultRequest,
    error: ResultError | None,
    evaluation: Evaluation | None,
    item: Mapping[str, Any],
) -> str:
    if error and item.get("stopped_by"):
        return f"Stopped by {item['stopped_by']} (StopRunsAtBudget). {error.message}"
    if error:
        return error.message
    if evaluation:
        return evaluation.gate.reason
    return f"The run ended as {request.ending.replace('_', ' ')}."


def _deployment(request: PublishResultRequest) -> ResultDeployment | None:
    asked = request.deployment
    return ResultDeployment(**asked.model_dump()) if asked else None


def _shown_names(names: tuple[str, ...]) -> tuple[str, ...]:
    shown = tuple(plain(name) for name in names[:_MOST_NAMES])
    more = len(names) - len(shown)
    return (*shown, f"and {more:,} more") if more else shown


def _opened_at(run: Run | None, item: Mapping[str, Any]) -> datetime | None:
    if run:
        return run.opened_at
    noted = item.get("opened_at")
    return datetime.fromisoformat(noted) if noted else None


def _upload(request: PublishResultRequest) -> ResultUpload:
    upload = request.upload
    return ResultUpload(
        bucket=upload.bucket, key=upload.key, version_id=upload.version_id, size=upload.size
    )


def _reports(
    artifacts: Bucket, run_id: str, found: _Documents, model_uri: str | None
) -> ResultReports:
    def uri(name: str) -> str:
        return artifacts.uri(f"{run_prefix(run_id)}{name}")

    return ResultReports(
        result=uri(RESULT),
        report=uri(REPORT),
        dataset_report=uri(_DATASET_REPORT) if found.dataset else None,
        evaluation=uri("evaluation.json") if found.evaluation else None,
        model=model_uri,
    )
