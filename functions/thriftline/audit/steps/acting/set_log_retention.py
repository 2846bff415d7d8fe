"""Lets a log group that keeps everything for ever forget."""

from thriftline.audit.aws.acting.log_groups import log_group_tags, read_log_group
from thriftline.audit.domain.facts import tags_of
from thriftline.audit.domain.findings import ApiCall
from thriftline.audit.domain.guard import refusal
from thriftline.audit.steps.acting.case import ActionCase, Outcome, declined
from thriftline.core.errors import ServiceUnavailableError
from thriftline.core.wording import counted


def set_log_retention(case: ActionCase) -> Outcome:
    """Sets the planned retention unless somebody has set one, or wants to keep the group."""
    call = next(one for one in case.planned.calls if one.operation == "PutRetentionPolicy")
    days = call.parameters["retentionInDays"]
    undo = ApiCall("logs", "DeleteRetentionPolicy", {"logGroupName": case.name})
    line = f"{undo.cli(case.target.region)} (what has expired by then is gone)"
    group = read_log_group(case.clients, case.name)
    if group is None:
        return declined("It is gone.")
    if group.get("retentionInDays") == days:
        return Outcome("done", f"It keeps {counted(days, 'day')}.", line)
    if "retentionInDays" in group:
        return declined(f"Somebody has set {counted(group['retentionInDays'], 'day')}.")
    kept = refusal(tags_of(log_group_tags(case.clients, group)), case.now, case.parameters)
    if kept is not None:
        return declined(kept)
    case.executor.make(call)
    if not case.executor.dry_run:
        after = read_log_group(case.clients, case.name)
        if after is None or after.get("retentionInDays") != days:
            raise ServiceUnavailableError(
                f"{case.name} does not have a retention of {counted(days, 'day')} after it was set."
            )
    return Outcome("done", f"It keeps {counted(days, 'day')} now. {case.planned.reason}", line)
