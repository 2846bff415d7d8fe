"""Releases the instances that an ended job keeps for a next one."""

from datetime import timedelta

from thriftline.audit.domain.facts import tags_of
from thriftline.audit.domain.guard import refusal
from thriftline.audit.domain.rules.warm_pools import release_call
from thriftline.audit.steps.acting.case import ActionCase, Outcome, declined
from thriftline.core.aws.endpoints.copies import found, read_tags


def release_warm_pool(case: ActionCase) -> Outcome:
    """Ends the warm pool if it still waits, as long as the rule asks, and nobody wants it."""
    client = case.clients.client("sagemaker")
    job = found(lambda: client.describe_training_job(TrainingJobName=case.name))
    if job is None:
        return declined("Its job is gone.")
    status = job.get("WarmPoolStatus", {}).get("Status", "unknown")
    if status != "Available":
        return declined(f"Its warm pool is {status}.")
    ended = job["TrainingEndTime"]
    if case.now - ended <= timedelta(minutes=case.parameters.warm_pool_gap_minutes):
        return declined(f"It has waited only since {ended:%Y-%m-%d %H:%M} UTC.")
    tags = tags_of(read_tags(client, job["TrainingJobArn"]))
    kept = refusal(tags, case.now, case.parameters)
    if kept is not None:
        return declined(kept)
    case.executor.make(release_call(case.name))
    why = f"Its instances are released. {case.planned.reason}"
    return Outcome("done", why, case.planned.undo)
