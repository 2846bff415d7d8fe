"""Audits of a small stack, their findings and what can be restored, in the shapes of the API."""

from typing import Any

from tests.browser.sample_names import (
    AUDIT,
    ENDED,
    OPENED,
    Answer,
)


def audits() -> list[Answer]:
    """Returns audits, the newest first."""
    facts = {"scope": "account", "started_at": OPENED, "ended_at": ENDED, "reason": ""}
    counts = ("mode", "findings", "monthly_usd", "planned_actions", "done_actions", "unknown")
    good = ("report", 2, "412.30", 1, 0, 0)
    failed = {**facts, **dict.fromkeys(counts), "reason": "Collect failed: AccessDenied."}
    return [
        {**facts, **dict(zip(counts, good, strict=True)), "audit_id": AUDIT, "status": "succeeded"},
        {**failed, "audit_id": "audit-20261129T0400", "status": "failed"},
    ]


def audit_detail() -> Answer:
    """Returns one audit."""
    zeros = ("by_severity", "new", "gone", "accepted", "not_evaluated", "executing_actions")
    more = ("done_actions", "declined_actions", "failed_actions")
    totals = {
        **dict.fromkeys((*zeros, *more), 0),
        "by_severity": {"high": 1, "low": 1},
        "findings": 2,
        "sure_monthly_usd": "412.30",
        "possible_monthly_usd": "88.10",
        "unpriced_findings": 1,
        "unknown": 0,
        "planned_actions": 1,
    }
    action = {
        "index": 0,
        "action": "terminate_endpoint",
        "step": "mark",
        "resource_type": "endpoint",
        "resource": "sentiment-old",
        "account": "123456789012",
        "region": "us-east-1",
        "reason": "idle for 14 days",
        "finding": None,
        "cli": [],
        "undo": "thriftline restore sentiment-old",
        "due": "2026-12-03T00:00:00Z",
        "executes": False,
        "withheld": None,
        "result": None,
    }
    report: Answer = {
        "audit_id": AUDIT,
        "scope": "account",
        "is_whole": True,
        **dict.fromkeys(("mode", "asked_mode", "allowed_mode"), "report"),
        "generated_at": ENDED,
        "window": {"start": "2026-11-16", "end": "2026-11-29"},
        **{name: [] for name in ("targets", "waste_by_rule", "prices")},
        "summary": ["412.30 USD a month can be saved for sure, 88.10 USD perhaps."],
        "alerts": ["Spend of 2026-11-29 is twice that of the days before."],
        "totals": totals,
        "planned_actions": [action],
        "reconciliation": {
            "explained_usd": "1204.00",
            **dict.fromkeys(("billed_usd", "residual_usd")),
            **{name: [] for name in ("rows", "targets", "without_bill", "assumptions")},
        },
        "difference": None,
    }
    kept = ("audit_id", "status", "started_at", "ended_at", "reason")
    return {
        **{name: audits()[0][name] for name in kept},
        "report": report,
        "documents": [{"name": "report.html", "uri": f"s3://artifacts/audits/{AUDIT}/report.html"}],
    }


def finding(**more: Any) -> Answer:
    """Returns a finding."""
    return {
        "id": "ml.sagemaker.endpoint.idle|123456789012|us-east-1|sentiment-old",
        "key": "bWwuc2FnZW1ha2Vy",
        "audit_id": AUDIT,
        "rule": "ml.sagemaker.endpoint.idle",
        "title": "Endpoint without requests",
        "resource_type": "endpoint",
        "resource": "sentiment-old",
        "account": "123456789012",
        "region": "us-east-1",
        "summary": "No request in 14 days; two instances of ml.m5.xlarge run.",
        "severity": "high",
        "confidence": "high",
        "effort": "call",
        "when": "now",
        "document": "docs/audit_rules/ml.sagemaker.endpoint.idle.md",
        "evidence": {"signals_used": [], "signals_missing": [], "start": OPENED, "end": ENDED},
        "counted": True,
        "first_told": "2026-11-20",
        "is_new": False,
        "action": "terminate_endpoint",
        "monthly_usd": "412.30",
        "change": {
            "text": "Delete the endpoint; its configuration is kept.",
            "calls": [],
            "cli": ["aws sagemaker delete-endpoint --endpoint-name sentiment-old"],
            "undo": "thriftline restore sentiment-old",
        },
        "accepted": None,
        **more,
    }


def findings() -> list[Answer]:
    """Returns findings, the most expensive first."""
    accepted = {
        "reason": "the yearly audit needs it",
        "until": "2027-01-31",
        "accepted_by": "ada",
        "on": None,
    }
    return [
        finding(),
        finding(
            key="b", id="b", title="Bucket without lifecycle", severity="low", monthly_usd=None
        ),
        finding(key="c", id="c", resource="archive", accepted=accepted),
    ]


def restores() -> list[Answer]:
    """Returns endpoints that can come back."""
    saved = {
        "key": "cmVzdG9yZQ",
        "project": "sentiment",
        "endpoint": "sentiment-old",
        "account": "123456789012",
        "region": "us-east-1",
        "created": "2026-01-02T00:00:00Z",
        "saved_at": ENDED,
        "state": "saved",
        "restored_at": None,
        "usd_per_hour": "0.5648",
        "month_usd": "412.30",
    }
    return [saved, {**saved, "key": "b", "endpoint": "other", "state": "restored"}]
