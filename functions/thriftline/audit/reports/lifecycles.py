"""One printed command for the lifecycle rules of a bucket, whatever findings they are of.

S3 replaces a bucket's whole configuration: of two printed commands the second would undo the first.
Actions never come here: each does its own, and reads anew what is there.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from thriftline.audit.domain.actions import PlannedAction
from thriftline.audit.domain.findings import ActionKind, ApiCall, Finding
from thriftline.audit.domain.lifecycle import SIZE_DEFAULT, expiration_rule, with_filter

_PUT = "PutBucketLifecycleConfiguration"
_SETS = frozenset({_PUT, "DeleteBucketLifecycle"})
Place = tuple[str, str, str]


class BucketLifecycles:
    """The commands of buckets of which several findings would set the rules."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        by_place: dict[Place, list[Finding]] = defaultdict(list)
        for finding in findings:
            for place in {_place(finding.account, finding.region, one) for one in _puts(finding)}:
                by_place[place].append(finding)
        self._whole = {
            place: _merged(place, some) for place, some in by_place.items() if len(some) > 1
        }
        self._findings = {
            place: frozenset(one.id for one in some) for place, some in by_place.items()
        }

    def printed(self, of: Finding | PlannedAction) -> tuple[ApiCall, ...]:
        """Returns calls as they are printed: one that sets rules sets those of all findings."""
        finding, calls = (
            (of.id, of.change.calls) if isinstance(of, Finding) else (of.finding, of.calls)
        )
        return tuple(
            self._of(_place(of.account, of.region, call), finding) or call
            if call.operation in _SETS
            else call
            for call in calls
        )

    def _of(self, place: Place, finding: str | None) -> ApiCall | None:
        """Returns the whole call of a bucket, None for a finding that is not part of it."""
        return self._whole.get(place) if finding in self._findings.get(place, ()) else None

    def words(self, finding: Finding) -> str | None:
        """Returns what the command of a finding sets beside its own, None where that is nothing."""
        for call in _puts(finding):
            place = _place(finding.account, finding.region, call)
            whole = self._of(place, finding.id)
            if whole is not None:
                names = ", ".join(_names(whole))
                return (
                    "S3 replaces the bucket's whole configuration, so the command sets the rules "
                    f"of {len(self._findings[place])} findings on this bucket at once: "
                    f"{names or 'none'}. Leave out what you do not want."
                )
        return None


def _puts(finding: Finding) -> list[ApiCall]:
    return [call for call in finding.change.calls if call.operation in _SETS]


def _place(account: str, region: str, call: ApiCall) -> Place:
    return account, region, str(call.parameters.get("Bucket", ""))


def _merged(place: Place, findings: Iterable[Finding]) -> ApiCall:
    rules: dict[str, Mapping[str, Any]] = {}
    beside: dict[str, Any] = {}
    gone = set()
    for finding in findings:
        if finding.action is ActionKind.TAKE_EXPIRY_AWAY:
            gone.add(expiration_rule(finding.resource.partition("/")[2])["ID"])
        for call in _puts(finding):
            for rule in call.parameters.get("LifecycleConfiguration", {}).get("Rules", ()):
                rules.setdefault(str(rule.get("ID") or json.dumps(rule)), with_filter(rule))
            if SIZE_DEFAULT in call.parameters:
                beside[SIZE_DEFAULT] = call.parameters[SIZE_DEFAULT]
    kept = [dict(rule) for name, rule in rules.items() if name not in gone]
    if not kept:
        return ApiCall("s3", "DeleteBucketLifecycle", {"Bucket": place[2]})
    configuration = {"LifecycleConfiguration": {"Rules": kept}}
    return ApiCall("s3", _PUT, {"Bucket": place[2], **configuration, **beside})


def _names(call: ApiCall) -> list[str]:
    rules = call.parameters.get("LifecycleConfiguration", {}).get("Rules", ())
    return [str(rule.get("ID", "one without an ID")) for rule in rules]
