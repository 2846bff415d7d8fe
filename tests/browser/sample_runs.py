"""Runs of a small stack, in the shapes of the API."""

from typing import Any

from tests.browser.sample_names import (
    ENDED,
    OPENED,
    RUN,
    TRAINING,
    WAITING,
    Answer,
)


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
