"""What a request for approval shows, read from the documents of its run."""

from thriftline.core.aws.buckets import Bucket
from thriftline.runs.domain.approvals import Approval
from thriftline.runs.reports.approval_view import ApprovalView, Choice
from thriftline.runs.steps.run_documents import read_plan, read_run


def view_of(approval: Approval, artifacts: Bucket) -> ApprovalView:
    """Returns what a person is shown of a request.

    Raises:
        AwsRequestError: the run has no plan, or one that is not known here.
    """
    run, plan = read_run(artifacts, approval.run_id), read_plan(artifacts, approval.run_id)
    return ApprovalView(
        approval=approval,
        project=run.project,
        data_set=f"s3://{run.upload.bucket}/{run.upload.key}",
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
    )
