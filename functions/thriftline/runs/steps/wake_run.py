"""Ends the wait between two looks when the service says that the job has ended."""

from thriftline.core.aws.executions import Executions
from thriftline.runs.aws.runs_table import RunsTable
from thriftline.runs.domain.layout import run_of_job
from thriftline.runs.schemas.waking import WakeRunRequest, WakeRunResponse


def wake_run(
    request: WakeRunRequest, *, runs: RunsTable, executions: Executions
) -> WakeRunResponse:
    """Brings a token and an event of one job together, whichever comes first; safe to repeat.

    An event is used once: what is left of it would end every later wait for the same job at once.
    A job of somebody else is ignored.
    """
    job = request.job_name
    run_id = run_of_job(job)
    if run_id is None:
        return WakeRunResponse(woken=False)
    news = {"ended_job": job} if request.task_token is None else _waiting(job, request.task_token)
    item = runs.note(run_id, news)
    if item is None or item.get("ended_job") != job or item.get("waiting_job") != job:
        return WakeRunResponse(woken=False)
    if not executions.wake(item["wait_token"], {}):
        # That wait was over already; the event is for the next one.
        return WakeRunResponse(woken=False)
    runs.update(run_id, ended_job=None)
    return WakeRunResponse(woken=True)


def _waiting(job: str, token: str) -> dict[str, str]:
    return {"waiting_job": job, "wait_token": token}
