"""The month, the approvals, the projects and the models of a small stack, in the API's shapes.

With the other samples it is what the page shows in its tests, and a test of its own holds all of
them equal to docs/openapi.json.
"""

from tests.browser.sample_names import AUDIT, ENDED, OPENED, PACKAGE, RUN, WAITING, Answer


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
        "running_parts": {
            "training_usd_per_hour": "1.178",
            "preparation_usd_per_hour": "0",
            "endpoints_usd_per_hour": "0.23",
            "unknown": [],
        },
        "at_risk_usd": "38.75",
        "running": 2,
        "waiting_for_approval": 1,
        "projects": [
            {"project": "reviews", "cap_usd": "200", "committed_usd": "96.1", "left_usd": "103.9"},
            {"project": "claims", "cap_usd": None, "committed_usd": "65.5", "left_usd": "276.35"},
        ],
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


def beside(name: str, items: list[Answer]) -> Answer:
    """Returns what a list has beside its items."""
    if name != "findings":
        return {}
    return {"audit_id": AUDIT, "total": len(items), "problem": None}
