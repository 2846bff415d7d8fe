"""Answers of a small stack, in the API's shapes: what the page shows in its tests.

Held equal to docs/openapi.json by a test of its own.
"""

from typing import Any

OPENED, ENDED = "2026-11-30T05:10:00Z", "2026-11-30T05:31:00Z"
RUN, WAITING, TRAINING = "reviews-0a1b2c3d", "reviews-77aa88bb", "claims-4e5f6a7b"
ENDPOINT = "thriftline-reviews"
AUDIT = "audit-20261130T0400"
PACKAGE = "arn:aws:sagemaker:us-east-1:123456789012:model-package/reviews"
WHO = "arn:aws:sts::123456789012:assumed-role/Reviews/ada"
EXPERIMENT = "x-20261129-3f"
Answer = dict[str, Any]


def budget() -> Answer:
    """Returns the month's dollars."""
    return {
        "month": "2026-11",
        "as_of": ENDED,
        "cap_usd": "500.00",
        "spent_usd": "182.4471",
        "settled_usd": "120.4471",
        "external_usd": "62.00",
        "held_usd": "41.20",
        "left_usd": "276.3529",
        "running_usd_per_hour": "1.408",
        "at_risk_usd": "38.75",
        "running": 2,
        "waiting_for_approval": 1,
        "projects": [
            {"project": "reviews", "cap_usd": "200", "committed_usd": "96.1", "left_usd": "103.9"},
            {"project": "claims", "cap_usd": None, "committed_usd": "65.5", "left_usd": "276.35"},
        ],
    }


def run(run_id: str = RUN, status: str = "succeeded", **more: Any) -> Answer:
    """Returns a run as a list shows it."""
    has_ended = status not in ("running", "waiting_for_approval", "starting")
    project = run_id.partition("-")[0]
    # Its data were refused before anything was planned.
    unplanned = {"trainer": None, "instance_type": None, "expected_usd": None}
    unplanned |= {"worst_case_usd": None, "cost_usd": None, "saved_usd": None}
    if status == "rejected":
        more = {**unplanned, **more}
    return {
        "run_id": run_id,
        "project": project,
        "status": status,
        "state": None if status == "succeeded" else "Start training",
        "opened_at": OPENED,
        "ended_at": ENDED if has_ended else None,
        "trainer": "sagemaker",
        "instance_type": "ml.g5.xlarge",
        "expected_usd": "0.1312",
        "worst_case_usd": "1.4080",
        "cost_usd": "0.0431" if has_ended else None,
        "saved_usd": "0.0912" if has_ended else None,
        "model_version": 4 if status == "succeeded" else None,
        "key": f"datasets/{project}/train.csv",
        "summary": "Better than the champion: accuracy +0.021 (+0.004 to +0.038)."
        if has_ended
        else None,
        **more,
    }


def runs() -> list[Answer]:
    """Returns one run of each status."""
    statuses = ("succeeded", "not_promoted", "rejected", "failed", "starting")
    others = [run(f"reviews-{at:08x}", status) for at, status in enumerate(statuses, 1)]
    first = [run(WAITING, "waiting_for_approval"), run(TRAINING, "running"), run()]
    return [*first, *others]


def many_runs(number: int) -> list[Answer]:
    """Returns so many runs."""
    return [run(f"reviews-{at:08x}") for at in range(number)]


def _attempt(number: int, ending: str | None, **more: Any) -> Answer:
    return {
        "attempt": number,
        "job_name": f"{RUN}-{number}",
        "rung": 1,
        "rung_name": "ml.g5.xlarge, Spot",
        "instance_type": "ml.g5.xlarge",
        "instance_count": 1,
        "spot": True,
        "status": "Completed",
        "phase": "Completed",
        "ending": ending,
        "reason": "Spot took the instance away after 4 minutes; its checkpoint goes on.",
        "started_at": OPENED,
        "ended_at": ENDED,
        "interruptions": 1,
        "billed_usd": "0.0210",
        **more,
    }


def run_detail(run_id: str = RUN) -> Answer:
    """Returns one run with all that is known of it."""
    details = {WAITING: _waiting, TRAINING: _training}
    return details.get(run_id, _ended)(run_id)


def _waiting(run_id: str) -> Answer:
    return {
        **run(run_id, "waiting_for_approval", state="Wait for approval"),
        "execution_arn": "arn:aws:states:us-east-1:123456789012:execution:training:w",
        "progress": _progress("Wait for approval", None),
        "approval": {
            "standing": "waiting",
            "requested_at": OPENED,
            "expires_at": "2026-12-01T05:10:00Z",
            "part": "run",
            "worst_case_usd": "41.20",
            "spent_usd": "0",
            "above_usd": "25",
            "answered_at": None,
            "answered_by": None,
        },
        "attempts": [],
        "documents": [],
        "result": None,
    }


def _training(run_id: str) -> Answer:
    return {
        **run(run_id, "running", state="Poll training"),
        "execution_arn": "arn:aws:states:us-east-1:123456789012:execution:training:t",
        "preparation": {
            "engine": "emr_serverless",
            "attempt": 1,
            "status": "SUCCESS",
            "ending": "completed",
            "reason": "The preparation completed.",
            "started_at": OPENED,
            "ended_at": OPENED,
            "billed_usd": "0.0213",
        },
        "progress": _progress("Poll training", 2),
        "approval": None,
        "attempts": [
            _attempt(1, "interrupted"),
            _attempt(2, None, phase="Training", reason=None, ended_at=None, billed_usd=None),
        ],
        "documents": [],
        "result": None,
    }


def _progress(state: str, attempt: int | None) -> Answer:
    return {
        "state": state,
        "attempt": attempt,
        "phase": "Training" if attempt else None,
        "seconds": 1260,
        "training_seconds": 540 if attempt else None,
        "cost_so_far_usd": "0.0633",
    }


def _ended(run_id: str) -> Answer:
    names = {"report.html": "text/html; charset=utf-8", "result.json": "application/json"}
    documents = [
        {
            "name": name,
            "href": f"/runs/{run_id}/documents/{name}",
            "content_type": kind,
            "size_bytes": 4321,
        }
        for name, kind in names.items()
    ]
    return {
        **run(run_id),
        "execution_arn": "arn:aws:states:us-east-1:123456789012:execution:training:e",
        "progress": None,
        "approval": None,
        "attempts": [_attempt(1, "interrupted"), _attempt(2, "completed", reason="It completed.")],
        "documents": documents,
        "result": result(),
    }


def result() -> Answer:
    """Returns the parts of result.json that the page reads."""
    return {
        "reason": "Better than the champion: accuracy +0.021 (+0.004 to +0.038).",
        "error": None,
        "plan": {
            "expected_usd": "0.1312",
            "worst_case_usd": "1.4080",
            "price_source": "AWS Price List, us-east-1",
            "price_date": "2026-11-21",
            "expected_reason": "800 rows, 10 epochs at the measured rate of the instance.",
        },
        "cost": {"usd": "0.0431"},
        "spec": {"base_model": "distilbert/distilbert-base-uncased"},
        "dataset": {"splits": {"train": 800, "validation": 100, "test": 600}},
        "metrics": {"accuracy": 0.871, "macro_f1": 0.868},
        "champion_metrics": {"accuracy": 0.850, "macro_f1": 0.846},
        "baselines": [{"name": "TF-IDF", "accuracy": 0.742, "macro_f1": 0.739}],
        "comparison": {
            "metric": "accuracy",
            "difference": 0.021,
            "interval": {"low": 0.004, "high": 0.038},
        },
        "gate": {"promotion": "approved", "reason": "Better than the champion by 0.021."},
        "ladder": [
            {
                "rung": 1,
                "name": "ml.g5.xlarge, Spot",
                "chosen_because": "the cheapest that fits the cap",
                "outcome": "completed",
                "reason": "Its second attempt completed.",
                "attempts": [1, 2],
                "waited_seconds": 190,
                "usd": "0.0431",
            }
        ],
        "training": {
            "curve": [
                {"step": 10 * at, "epoch": at / 5, "loss": 0.72 / (1 + at / 12)}
                for at in range(1, 61)
            ],
            "validation": [
                {
                    "step": 60 * at,
                    "epoch": at,
                    "loss": 0.55 / (1 + at / 4),
                    "accuracy": 0.88 - 0.2 / at,
                    "macro_f1": 0.87 - 0.22 / at,
                }
                for at in range(1, 11)
            ],
        },
    }


def approvals() -> list[Answer]:
    """Returns what waits for a person."""
    return [
        {
            "id": WAITING,
            "run_id": WAITING,
            "project": "reviews",
            "key": "datasets/reviews/train.csv",
            "trainer": "sagemaker",
            "instance_type": "ml.g5.12xlarge",
            "expected_usd": "18.10",
            "part": "run",
            "worst_case_usd": "41.20",
            "spent_usd": "0",
            "above_usd": "25",
            "month": "2026-11",
            "held_usd": "41.20",
            "left_usd": "276.35",
            "requested_at": OPENED,
            "expires_at": "2026-12-01T05:10:00Z",
        }
    ]


def projects() -> list[Answer]:
    """Returns the projects of the stack."""
    return [{"project": name, "href": f"/projects/{name}/models"} for name in ("reviews", "claims")]


def models() -> list[Answer]:
    """Returns the versions of a project, the newest first."""
    facts = ((4, "Approved", 0.871), (3, "Rejected", 0.722), (2, "PendingManualApproval", 0.858))
    unsaid = ("approval_reason", "source_run_id", "job_name", "micro_f1", "dataset_uri")
    unknown = ("dataset_version", "champion", "promotion", "registered_by", "changed", "why")
    return [
        {
            **dict.fromkeys((*unsaid, *unknown)),
            "version": number,
            "model_package_arn": f"{PACKAGE}/{number}",
            "approval_status": status,
            "in_use": number == 4,
            "created_at": ENDED,
            "reason": "Better than the champion by 0.021.",
            "run_id": RUN,
            "href": f"/runs/{RUN}",
            "trainer": "sagemaker",
            "task": "text-classification",
            "base_model": "distilbert/distilbert-base-uncased",
            "instance_type": "ml.g5.xlarge",
            "spot": True,
            "accuracy": accuracy,
            "macro_f1": accuracy - 0.003,
            "test_records": 600,
            "billed_seconds": 110,
            "cost_usd": "0.0431",
        }
        for number, status, accuracy in facts
    ]


def endpoint(**more: Any) -> Answer:
    """Returns an endpoint as a list shows it."""
    return {
        "endpoint": ENDPOINT,
        "project": "reviews",
        "kind": "real-time",
        "status": "InService",
        "registry_version": 4,
        "in_use": 3,
        "usd_per_hour": "0.2300",
        "month_usd": "335.80",
        "under_way": None,
        **more,
    }


def endpoints() -> list[Answer]:
    """Returns one endpoint that serves, one that changes and one that sleeps."""
    changing = {"status": "Updating", "under_way": "d-20261130-9c"}
    return [
        endpoint(),
        endpoint(endpoint="thriftline-claims", project="claims", **changing),
        endpoint(endpoint="thriftline-mail", project="mail", status="asleep", usd_per_hour=None),
    ]


def endpoint_detail(name: str = ENDPOINT) -> Answer:
    """Returns one endpoint; that of claims is in a canary."""
    changes = name == "thriftline-claims"
    state = {"status": "Updating", "under_way": "d-20261130-9c"} if changes else {}
    schedule = {
        "endpoint": name,
        "on": "cron(0 7 ? * MON-FRI *)",
        "off": "cron(0 19 ? * MON-FRI *)",
        "timezone": "Europe/Paris",
        "phase": "awake",
        "requested_by": WHO,
        "changed_at": OPENED,
    }
    versions = [
        {
            "number": number,
            "registry_version": registry,
            "model_package_arn": f"{PACKAGE}/{registry}",
            "deployment_id": f"d-2026112{number}-1f",
            "requested_by": WHO,
            "why": "the week's labels",
            "deployed_at": ENDED,
            "in_use": number == 3,
        }
        for number, registry in ((3, 4), (2, 2), (1, 1))
    ]
    return {
        **endpoint(endpoint=name, **state),
        "stages": ["Creating", "ActivatingTraffic", "Baking"] if changes else [],
        "failure_reason": "",
        "instance_type": "ml.c6i.large",
        "instances": {"main": 2},
        "price_source": "AWS Price List, us-east-1, 2026-11-21",
        "months": [],
        "versions": versions,
        "schedule": None if changes else schedule,
        "experiment_id": None if changes else EXPERIMENT,
    }


def deployments() -> list[Answer]:
    """Returns deployments, the newest first."""
    endings = (None, "deployed", "rolled_back")
    return [
        {
            "deployment_id": f"d-2026113{at}-9c",
            "endpoint": ENDPOINT,
            "project": "reviews",
            "action": "deploy",
            "registry_version": 5 - at,
            "model_package_arn": None,
            "requested_by": WHO,
            "aborted_by": None,
            "why": "the week's labels",
            "opened_at": OPENED,
            "ended_at": ENDED if ending else None,
            "ending": ending,
            "reason": "The alarm on server errors rolled it back: 0.041 of the requests failed."
            if ending == "rolled_back"
            else "",
        }
        for at, ending in enumerate(endings)
    ]


def previewed(action: str = "rollback", *, would_deploy: bool = True) -> Answer:
    """Returns what a dry run of a change answers."""
    check = {
        "name": "quota",
        "passed": would_deploy,
        "sentence": "The account may have 4 instances of ml.c6i.large and uses 4.",
        "fix": "Ask AWS for more, or name another instance type in serve.yaml.",
    }
    return {
        "would_deploy": would_deploy,
        "reason": "It would be rolled out." if would_deploy else "A check failed.",
        "action": action,
        "endpoint": ENDPOINT,
        "project": "reviews",
        "kind": "real-time",
        "version": 2,
        "former": "thriftline-reviews-3",
        "wanted": "thriftline-reviews-2",
        "price": {
            "instance_type": "ml.c6i.large",
            "rate_usd_per_hour": "0.2300",
            "seconds": 720,
            "rollout_usd": "0.0920",
            "month_usd": "167.90",
            "price_source": "AWS Price List",
        },
        "checks": [check],
        "months": [],
    }


def experiment() -> Answer:
    """Returns the newest comparison of an endpoint."""
    return {
        "experiment_id": EXPERIMENT,
        "endpoint": ENDPOINT,
        "state": "running",
        "reason": "",
        "kind": "ab",
        "deadline": "2026-12-02T00:00:00Z",
        "stopping": None,
        "result": None,
    }


def quality() -> list[Answer]:
    """Returns hours of captured requests, the last with a window's verdict."""
    variant = {
        "requests": 4100,
        "rows": 4150,
        "broken": 0,
        "signals": [],
        "estimated_accuracy": 0.862,
        "test_accuracy": 0.871,
        "live_accuracy": {"right": 410, "rows": 500, "share": 0.82, "low": 0.78, "high": 0.85},
        "breaches": ["labels: measured accuracy 0.820 is below 0.840"],
        "note": "",
    }
    window = {
        "start": "2026-11-29T05:00:00Z",
        "end": "2026-11-30T05:00:00Z",
        "hours": 24,
        "false_alarm_rate": 0.01,
        "variants": {"main": variant},
    }
    hour = {
        "hour": "2026-11-30T04:00:00Z",
        "version": 3,
        "state": "done",
        "requests": 180,
        "texts": 182,
        "broken": 0,
        "window": window,
        "note": "",
    }
    return [hour, {**hour, "hour": "2026-11-30T03:00:00Z", "window": None}]


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


def beside(name: str, items: list[Answer]) -> Answer:
    """Returns what a list has beside its items."""
    if name != "findings":
        return {}
    return {"audit_id": AUDIT, "total": len(items), "problem": None}
