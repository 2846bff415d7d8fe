"""Takes an expiry rule of our own away again, and leaves every other rule of the bucket."""

from thriftline.audit.aws.acting.bucket_rules import (
    LifecycleConfiguration,
    put_rules,
    read_lifecycle,
)
from thriftline.audit.domain.findings import ApiCall
from thriftline.audit.domain.layout import saved_lifecycle_key
from thriftline.audit.domain.lifecycle import expiring_prefix
from thriftline.audit.steps.acting.case import ActionCase, Outcome, declined
from thriftline.core.aws.requests import plain
from thriftline.core.wording import counted


def take_expiry_away(case: ActionCase) -> Outcome:
    """Removes the one rule from the configuration as it is by now.

    Whether its prefix is empty is not asked again: without the rule nothing is deleted.
    """
    bucket, _, prefix = case.name.partition("/")
    before = read_lifecycle(case.clients, bucket)
    rest = [rule for rule in before.rules if expiring_prefix(rule) != prefix]
    key = saved_lifecycle_key(case.target.account, bucket, case.audit_id, case.index)
    if len(rest) == len(before.rules):
        saved = case.artifacts.read(key)
        if saved is None:
            return declined("The rule is gone already, and not by this action.")
        # A killed attempt of this action took it away.
        uri, former = case.artifacts.uri(key), LifecycleConfiguration.of(saved)
        return Outcome("done", "The rule is gone.", _undo(case, bucket, former), uri)
    uri = case.executor.save(key, before.document())
    if rest:
        put_rules(case.executor, case.clients, bucket, before, rest)
    else:
        case.executor.call("s3", "DeleteBucketLifecycle", {"Bucket": bucket})
    why = (
        f"Its expiry rule is gone; {counted(len(rest), 'other rule')} stayed. {case.planned.reason}"
    )
    return Outcome("done", why, _undo(case, bucket, before), uri)


def _undo(case: ActionCase, bucket: str, before: LifecycleConfiguration) -> str:
    call = before.undo(bucket)
    return ApiCall(call.service, call.operation, plain(call.parameters)).cli(case.target.region)
