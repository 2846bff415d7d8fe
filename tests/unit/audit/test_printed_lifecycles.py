"""Findings on one bucket print one command: S3 replaces the whole configuration."""

import json

from tests.unit.audit.accounts import NOW, bucket, days_ago, inventory
from thriftline.audit.domain.audit import audit
from thriftline.audit.domain.findings import Finding
from thriftline.audit.domain.lifecycle import abort_rule, expiration_rule, noncurrent_rule
from thriftline.audit.domain.parameters import AuditParameters
from thriftline.audit.domain.resources.storage import IncompleteUpload
from thriftline.audit.reports.documents import finding_document
from thriftline.audit.reports.lifecycles import BucketLifecycles
from thriftline.audit.schemas.report_parts import ReportFinding
from thriftline.money.price_catalogue import price_catalogue

SPENT = expiration_rule("checkpoints/old/")
OWN = {"ID": "own", "Status": "Enabled", "Prefix": "logs/", "Expiration": {"Days": 9}}


def _found() -> list[Finding]:
    """Old versions, uploads that never ended, and an expiry rule of ours whose work is done."""
    upload = IncompleteUpload(key="a", upload_id="1", initiated=days_ago(40), size_bytes=10**9)
    kept = bucket(
        "kept",
        versioning="Enabled",
        lifecycle_rules=(json.dumps(OWN), json.dumps(SPENT)),
        incomplete_uploads=(upload,),
    )
    told = audit(
        inventory(region="us-east-1", buckets=(kept,)), price_catalogue(), AuditParameters()
    )
    return [one for one in told.findings if "lifecycle" in str(one.change.calls).lower()]


def _written(found: list[Finding], whole: BucketLifecycles) -> list[ReportFinding]:
    return [
        finding_document(one, counted=True, first_told=NOW.date(), is_new=True, lifecycles=whole)
        for one in found
    ]


def _printed(document: ReportFinding) -> str:
    (line,) = [one for one in document.change.cli if "lifecycle" in one]
    return line


def test_each_finding_prints_the_rules_of_all_and_says_which() -> None:
    found = _found()
    assert len(found) == 3
    documents = _written(found, BucketLifecycles(found))
    assert len({_printed(one) for one in documents}) == 1
    line = _printed(documents[0])
    for name in ("own", abort_rule(1)["ID"], noncurrent_rule(1)["ID"]):
        assert name in line
        assert all(name in one.change.text for one in documents)
    assert SPENT["ID"] not in line
    # A rule with a Filter and one with a top-level Prefix cannot stand side by side.
    assert '"Prefix": "logs/"}' in line.replace("\\", "")
    assert all("the rules of 3 findings" in one.change.text for one in documents)


def test_calls_stay_those_of_the_finding_so_that_an_action_does_its_own_only() -> None:
    found = _found()
    for finding, document in zip(found, _written(found, BucketLifecycles(found)), strict=True):
        assert [one.parameters for one in document.change.calls] == [
            dict(one.parameters) for one in finding.change.calls
        ]


def test_what_was_accepted_is_no_part_of_the_command() -> None:
    found = _found()
    accepted = found[0]
    rest = [one for one in found if one is not accepted]
    whole = BucketLifecycles(rest)
    (document,) = _written([accepted], whole)
    assert document.change.cli == tuple(one.cli("us-east-1") for one in accepted.change.calls)
    assert all("the rules of 2 findings" in one.change.text for one in _written(rest, whole))


def test_one_finding_alone_prints_its_own_command() -> None:
    (first, *_) = _found()
    (document,) = _written([first], BucketLifecycles([first]))
    assert document.change.cli == tuple(one.cli("us-east-1") for one in first.change.calls)
    assert "at once" not in document.change.text
