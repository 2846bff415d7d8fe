"""Where the documents of an audit lie in the artifacts bucket."""

import hashlib
from datetime import UTC, datetime

from thriftline.audit.domain.parts import Part

# Points at the last whole audit; read for the difference to it.
LATEST = "audits/latest.json"
# What the hourly audit of endpoints told last: it tells only what is new.
TOLD_OF_ENDPOINTS = "audits/told_of_endpoints.json"
# What people accepted; they edit it themselves.
ACCEPTED_FINDINGS = "audits/accepted_findings.yaml"


def audit_id_of(started: datetime, execution_arn: str) -> str:
    """Returns a name that sorts by time and is the same for the same execution."""
    digest = hashlib.sha256(execution_arn.encode()).hexdigest()[:8]
    return f"{started.astimezone(UTC):%Y-%m-%dT%H%M%SZ}-{digest}"


def audit_prefix(audit_id: str) -> str:
    """All of one audit."""
    return f"audits/{audit_id}/"


def settings_key(audit_id: str) -> str:
    """What the audit was asked for, with every default filled in."""
    return f"{audit_prefix(audit_id)}settings.json"


def targets_key(audit_id: str) -> str:
    """The list of targets that the Distributed Map reads."""
    return f"{audit_prefix(audit_id)}targets.json"


def _place(account: str, region: str) -> str:
    return f"{account}/{region}"


def part_key(audit_id: str, account: str, region: str, part: Part) -> str:
    """What one collector read."""
    return f"{audit_prefix(audit_id)}collected/{_place(account, region)}/{part}.json"


def inventory_key(audit_id: str, account: str, region: str) -> str:
    """The whole inventory of one account and region, with its metrics."""
    return f"{audit_prefix(audit_id)}inventory/{_place(account, region)}.json"


def result_key(audit_id: str, account: str, region: str) -> str:
    """What the rules said about one account and region, and what would be done."""
    return f"{audit_prefix(audit_id)}results/{_place(account, region)}.json"


def plan_key(audit_id: str) -> str:
    """The actions of all targets, under the caps of the whole run."""
    return f"{audit_prefix(audit_id)}plan.json"


def record_key(audit_id: str, index: int) -> str:
    """What was done about one planned action, by its place in the plan."""
    return f"{audit_prefix(audit_id)}actions/{index:04d}.json"


def report_key(audit_id: str, kind: str) -> str:
    """The report; ``kind`` is json, md, csv or html."""
    return f"{audit_prefix(audit_id)}report.{kind}"


def published_key(audit_id: str) -> str:
    """What was told of an audit already: nothing is told twice."""
    return f"{audit_prefix(audit_id)}published.json"


# account/region/endpoint/time of creation.json; never expires by itself.
SAVED_ENDPOINTS = "saved/endpoints/"


def saved_endpoint_prefix(account: str, region: str, endpoint: str) -> str:
    """What is kept to restore an endpoint; never expires by itself."""
    return f"{SAVED_ENDPOINTS}{account}/{region}/{endpoint}/"


def saved_endpoint_key(account: str, region: str, endpoint: str, created: datetime) -> str:
    """One life of an endpoint: a name may come back, with another time of creation."""
    return f"{saved_endpoint_prefix(account, region, endpoint)}{created:%Y%m%dT%H%M%S%f}.json"


# One document for each termination that was begun and is not known to have ended.
PENDING_PREFIX = "saved/pending/"


def pending_key(account: str, region: str, endpoint: str) -> str:
    """Says that an endpoint is being taken apart; gone when it is deleted, or whole again."""
    return f"{PENDING_PREFIX}{account}/{region}/{endpoint}.json"


def saved_lifecycle_key(account: str, bucket: str, audit_id: str, index: int) -> str:
    """The lifecycle configuration that a bucket had before an action changed it."""
    return f"saved/lifecycle/{account}/{bucket}/{audit_id}-{index:04d}.json"


def restore_records_prefix(account: str, region: str, endpoint: str) -> str:
    """What restores did; not under ``saved/``, which only what acts may write."""
    return f"restores/{account}/{region}/{endpoint}/"


def restore_record_key(account: str, region: str, endpoint: str, when: datetime) -> str:
    """What a restore did."""
    return f"{restore_records_prefix(account, region, endpoint)}{when:%Y%m%dT%H%M%S%f}.json"
