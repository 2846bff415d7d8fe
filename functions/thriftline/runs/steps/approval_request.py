"""What a request for approval shows, read from the documents of its run."""

from decimal import Decimal

from thriftline.core.aws.buckets import Bucket
from thriftline.runs.domain.approvals import Approval, Part
from thriftline.runs.reports.approval_view import ApprovalView, Choice
from thriftline.runs.schemas.preparation_plan import PreparationPlan
from thriftline.runs.schemas.run import Run
from thriftline.runs.steps.preparation_attempts import PLAN
from thriftline.runs.steps.run_documents import read_document, read_plan, read_run


def view_of(approval: Approval, artifacts: Bucket) -> ApprovalView:
    """Returns what a person is shown of a request.

    Raises:
        AwsRequestError: the run has no plan.
        UnreadableDocumentError: it has one that is not known here.
    """
    run = read_run(artifacts, approval.run_id)
    if approval.part is Part.PREPARATION:
        return _of_preparation(approval, run, artifacts)
    plan = read_plan(artifacts, approval.run_id)
    return ApprovalView(
        approval=approval,
        project=run.project,
        data_set=_data_set(run),
        base_model=plan.base_model,
        trainer=plan.trainer,
        ladder=tuple(rung.name for rung in plan.rungs),
        likely_hours=plan.expected_hours,
        choices=tuple(
            Choice(
                name=quote.name,
                chosen=quote.chosen,
                likely_usd=quote.expected_usd,
                low_usd=quote.low_usd,
                high_usd=quote.high_usd,
                worst_case_usd=quote.worst_case_usd,
            )
            for quote in plan.quotes
        ),
        reason=plan.expected_reason,
        engine=run.preparation.engine if run.preparation else "",
    )


def _of_preparation(approval: Approval, run: Run, artifacts: Bucket) -> ApprovalView:
    plan = read_document(artifacts, approval.run_id, PLAN, PreparationPlan)
    minutes = plan.likely_minutes
    return ApprovalView(
        approval=approval,
        project=run.project,
        data_set=_data_set(run),
        base_model=run.spec.base_model,
        trainer=run.spec.trainer,
        ladder=(),
        likely_hours=None if minutes is None else _hours(minutes),
        choices=(
            Choice(
                name=f"{plan.engine}, {plan.basis}",
                chosen=True,
                likely_usd=plan.likely_usd,
                low_usd=None,
                high_usd=None,
                worst_case_usd=plan.worst_usd,
            ),
        ),
        reason=plan.reason,
        engine=plan.engine,
    )


def _hours(minutes: int) -> Decimal:
    return (Decimal(minutes) / 60).quantize(Decimal("0.01"))


def _data_set(run: Run) -> str:
    return f"s3://{run.upload.bucket}/{run.upload.key}"
