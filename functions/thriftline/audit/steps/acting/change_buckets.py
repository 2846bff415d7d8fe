"""Merges lifecycle rules with the existing ones, and aborts uploads that are still old."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from thriftline.audit.aws.acting.bucket_rules import (
    LifecycleConfiguration,
    bucket_tags,
    is_versioned,
    newest_write,
    put_rules,
    read_lifecycle,
)
from thriftline.audit.aws.acting.references import read_references
from thriftline.audit.aws.acting.uploads import begun_uploads, last_part
from thriftline.audit.domain.facts import tags_of
from thriftline.audit.domain.findings import ApiCall
from thriftline.audit.domain.guard import refusal
from thriftline.audit.domain.layout import audit_prefix, saved_lifecycle_key
from thriftline.audit.domain.lifecycle import (
    GOES_ON,
    abort_rule,
    expiration_rule,
    merge_rules,
    noncurrent_rule,
)
from thriftline.audit.steps.acting.case import ActionCase, Outcome, declined
from thriftline.core.aws.requests import plain
from thriftline.core.wording import counted

_PUT = "PutBucketLifecycleConfiguration"
_Rules = Sequence[Mapping[str, Any]]
# Lists hear of a new job a little later.
_OVERLAP = timedelta(hours=1)
# What Thriftline itself keeps for good.
_OWN = (audit_prefix("")[:-1], "saved/", "restores/", "training/", "runs/")


def apply_lifecycle_rules(case: ActionCase) -> Outcome:
    """Adds the planned rules that hold for a whole bucket; every rule that is there stays."""
    bucket = case.name
    kept = _kept(case, bucket)
    if kept is not None:
        return declined(kept)
    wanted = _planned_rules(case)
    noncurrent = noncurrent_rule(1)["ID"]
    if not is_versioned(case.clients, bucket):
        wanted = [rule for rule in wanted if rule["ID"] != noncurrent]
    allowed = {abort_rule(1)["ID"], noncurrent}
    return _merge(case, bucket, [rule for rule in wanted if rule["ID"] in allowed])


def delete_artifacts(case: ActionCase) -> Outcome:
    """Lets a rule expire one prefix that nothing refers to, and nobody writes to, still."""
    bucket, _, prefix = case.name.partition("/")
    reasons = _why_not_expire(case, bucket, prefix)
    if reasons:
        return declined(*reasons)
    name = expiration_rule(prefix)["ID"]
    merged = _merge(case, bucket, [rule for rule in _planned_rules(case) if rule["ID"] == name])
    if merged.outcome != "done":
        return merged
    return replace(merged, reason=f"{merged.reason} {GOES_ON}")


def abort_uploads(case: ActionCase) -> Outcome:
    """Aborts the planned uploads that are still incomplete, and old to their last part."""
    bucket = case.name
    kept = _kept(case, bucket)
    if kept is not None:
        return declined(kept)
    before = case.now - timedelta(days=case.parameters.upload_max_age_days)
    begun = begun_uploads(case.clients, bucket)
    planned = [call for call in case.planned.calls if call.operation == "AbortMultipartUpload"]
    old = [call for call in planned if _is_old(case, call, begun, before)]
    rules = [rule for rule in _planned_rules(case) if rule["ID"] == abort_rule(1)["ID"]]
    if not old and not rules:
        return declined("None of them is incomplete and old any more.")
    for call in old:
        case.executor.make(call)
    said = f"{counted(len(old), 'planned upload')} of {len(planned)} still old: aborted."
    undo = "None for the uploads: their parts are gone, and the files must be uploaded again."
    if not rules:
        return Outcome("done", said, undo)
    merged = _merge(case, bucket, rules)
    return Outcome("done", f"{said} {merged.reason}", f"{undo} {merged.undo}", merged.saved_uri)


def _is_old(
    case: ActionCase, call: ApiCall, begun: Mapping[tuple[str, str], datetime], before: datetime
) -> bool:
    upload = (call.parameters["Key"], call.parameters["UploadId"])
    if upload not in begun or begun[upload] >= before:
        return False
    part = last_part(case.clients, call.parameters["Bucket"], upload)
    return part is None or part < before


def _kept(case: ActionCase, bucket: str) -> str | None:
    tags = tags_of(bucket_tags(case.clients, bucket))
    return refusal(tags, case.now, case.parameters)


def _planned_rules(case: ActionCase) -> list[Mapping[str, Any]]:
    return [
        rule
        for call in case.planned.calls
        if call.operation == _PUT
        for rule in call.parameters["LifecycleConfiguration"]["Rules"]
        if "ID" in rule
    ]


def _merge(case: ActionCase, bucket: str, ours: _Rules) -> Outcome:
    if not ours:
        return declined("None of the planned rules would do anything here any more.")
    before = read_lifecycle(case.clients, bucket)
    rules = merge_rules(before.rules, ours)
    key = saved_lifecycle_key(case.target.account, bucket, case.audit_id, case.index)
    if plain(rules) == plain(before.rules):
        # A killed attempt of this action may have put them: its saved copy tells what was before.
        saved = case.artifacts.read(key)
        former = before if saved is None else LifecycleConfiguration.of(saved)
        uri = None if saved is None else case.artifacts.uri(key)
        return Outcome("done", "It has these rules.", _undo(case, bucket, former), uri)
    uri = case.executor.save(key, before.document())
    put_rules(case.executor, case.clients, bucket, before, rules)
    names = ", ".join(str(rule["ID"]) for rule in ours)
    why = f"{names} beside {counted(len(rules) - len(ours), 'other rule')}. {case.planned.reason}"
    return Outcome("done", why, _undo(case, bucket, before), uri)


def _undo(case: ActionCase, bucket: str, before: LifecycleConfiguration) -> str:
    call = before.undo(bucket)
    return ApiCall(call.service, call.operation, plain(call.parameters)).cli(case.target.region)


def _why_not_expire(case: ActionCase, bucket: str, prefix: str) -> list[str]:
    """Returns every reason to leave a prefix alone, after reading anew what refers to S3."""
    if not prefix.endswith("/"):
        return [f"{prefix!r} is not a folder: a rule for it might expire other objects too."]
    if bucket == case.artifacts.name and prefix.startswith(_OWN):
        return ["Thriftline keeps it for its own runs and restores."]
    reasons = []
    kept = _kept(case, bucket)
    if kept is not None:
        reasons.append(kept)
    if read_references(case.clients, case.audited - _OVERLAP).hold(bucket, prefix):
        reasons.append("A model, the registry, an endpoint or a job refers to it now.")
    days = case.parameters.checkpoint_max_age_days
    written = newest_write(case.clients, bucket, prefix)
    if written is not None and written > case.now - timedelta(days=days):
        reasons.append(f"Something was written there on {written:%Y-%m-%d}.")
    return reasons
