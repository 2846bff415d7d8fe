"""What a run that trained undisturbed teaches the estimates of the project's later ones."""

from thriftline.core.aws.buckets import Bucket
from thriftline.runs.aws.finished_runs import FinishedRuns
from thriftline.runs.domain.endings import Ending
from thriftline.runs.domain.finished_runs import FinishedRun
from thriftline.runs.schemas.plan import Plan
from thriftline.runs.schemas.result import Attempt, Result
from thriftline.runs.steps.run_documents import document_if_made


def keep_finished(result: Result, artifacts: Bucket, finished: FinishedRuns) -> None:
    """Keeps what the run took, where one attempt did all of it; safe to repeat."""
    attempt = _undisturbed(result)
    if attempt is None or result.project is None or not attempt.training_seconds:
        return
    plan = document_if_made(artifacts, result.run_id, "plan.json", Plan)
    if plan is None or not plan.workload:
        return
    finished.add(
        result.project,
        FinishedRun(
            run_id=result.run_id,
            trainer=plan.trainer,
            workload=plan.workload,
            place={
                "instance_type": attempt.instance_type,
                "instance_count": attempt.instance_count,
            },
            seconds=attempt.training_seconds,
            ended_at=result.ended_at.isoformat(),
        ),
    )


def _undisturbed(result: Result) -> Attempt | None:
    """Returns the attempt that trained from the first step to the last, None where several did.

    One that never got a machine did nothing.
    """
    working = [one for one in result.attempts if one.training_seconds != 0]
    if len(working) != 1:
        return None
    (only,) = working
    completed = only.ending == Ending.COMPLETED.value and not only.interruptions
    return only if completed else None
