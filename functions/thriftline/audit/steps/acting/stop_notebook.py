"""Stops a notebook instance that runs on."""

from datetime import timedelta

from thriftline.audit.aws.acting.notebooks import read_notebook
from thriftline.audit.domain.facts import tags_of
from thriftline.audit.domain.findings import ApiCall
from thriftline.audit.domain.guard import refusal
from thriftline.audit.steps.acting.case import ActionCase, Outcome, declined
from thriftline.core.aws.endpoints.copies import read_tags

_STOPPED = ("Stopping", "Stopped")


def stop_notebook(case: ActionCase) -> Outcome:
    """Stops it if it is still in service, untouched for as long, and nobody wants to keep it."""
    notebook = read_notebook(case.clients, case.name)
    if notebook is None:
        return declined("It is gone.")
    name = {"NotebookInstanceName": case.name}
    undo = ApiCall("sagemaker", "StartNotebookInstance", name).cli(case.target.region)
    line = f"{undo} (what was only in memory is gone)"
    status = notebook["NotebookInstanceStatus"]
    if status in _STOPPED:
        return Outcome("done", f"Its status is {status}.", line)
    reasons = [] if status == "InService" else [f"Its status is {status}."]
    before = case.now - timedelta(days=case.parameters.notebook_idle_days)
    changed = notebook["LastModifiedTime"]
    if changed > before:
        reasons.append(f"It was started or changed at {changed:%Y-%m-%d %H:%M}.")
    if notebook.get("NotebookInstanceLifecycleConfigName"):
        reasons.append("It has a lifecycle config by now, which may stop it by itself.")
    arn = notebook["NotebookInstanceArn"]
    tags = tags_of(read_tags(case.clients.client("sagemaker"), arn))
    kept = refusal(tags, case.now, case.parameters)
    reasons += [kept] if kept else []
    if reasons:
        return declined(*reasons)
    case.executor.call("sagemaker", "StopNotebookInstance", name)
    return Outcome("done", f"It is being stopped; its volume stays. {case.planned.reason}", line)
