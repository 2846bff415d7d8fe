"""What a run that trained to its end teaches the plans of the project's later ones."""

from collections.abc import Mapping, Sequence
from typing import Any

from thriftline.core.aws.buckets import Bucket
from thriftline.runs.aws.finished_runs import FinishedRuns
from thriftline.runs.domain.endings import Ending
from thriftline.runs.domain.finished_runs import FinishedRun
from thriftline.runs.schemas.plan import Plan
from thriftline.runs.schemas.result import Attempt, Result
from thriftline.runs.steps.run_documents import document_if_made


def keep_finished(result: Result, artifacts: Bucket, finished: FinishedRuns) -> None:
    """Keeps what the run took and where, if its machines were of one kind; safe to repeat."""
    working = [one for one in result.attempts if one.training_seconds != 0]
    if result.project is None or not _are_alike(working):
        return
    seconds = [one.training_seconds for one in working if one.training_seconds is not None]
    plan = document_if_made(artifacts, result.run_id, "plan.json", Plan)
    if len(seconds) < len(working) or plan is None or not plan.workload:
        return
    finished.add(
        result.project,
        FinishedRun(
            run_id=result.run_id,
            trainer=plan.trainer,
            workload=plan.workload,
            place=_place(working),
            seconds=sum(seconds),
            ended_at=result.ended_at.isoformat(),
            undisturbed=len(working) == 1 and not working[0].interruptions,
        ),
    )


def _are_alike(working: Sequence[Attempt]) -> bool:
    """Whether the last attempt completed, and all of them had machines of one kind."""
    if not working or working[-1].ending != Ending.COMPLETED.value:
        return False
    return len({(one.instance_type, one.instance_count, one.spot) for one in working}) == 1


def _place(working: Sequence[Attempt]) -> Mapping[str, Any]:
    billed = [one.billable_seconds for one in working if one.billable_seconds is not None]
    last = working[-1]
    return {
        "instance_type": last.instance_type,
        "instance_count": last.instance_count,
        "spot": last.spot,
        "billed_seconds": sum(billed) if len(billed) == len(working) else None,
        # Each attempt after the first went on where one had been lost.
        "interruptions": sum(one.interruptions or 0 for one in working) + len(working) - 1,
    }
