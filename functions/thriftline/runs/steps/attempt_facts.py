"""What the runs table keeps of each attempt."""

from datetime import datetime
from typing import Any

from thriftline.runs.trainers.job import TrainingJob
from thriftline.runs.trainers.sagemaker.endings import Outcome


def attempt_facts(job: TrainingJob, outcome: Outcome | None = None) -> dict[str, Any]:
    """Returns an attempt's facts for DynamoDB; what is not known yet is None."""
    return {
        "job_name": job.name,
        "image": job.image,
        "instance_type": job.instance_type,
        "instance_count": job.instance_count,
        "spot": job.spot,
        "max_runtime_seconds": job.max_runtime_seconds,
        "max_wait_seconds": job.max_wait_seconds,
        "status": job.status,
        "secondary_status": job.secondary_status,
        "ending": outcome.ending.value if outcome else None,
        "reason": outcome.reason if outcome else None,
        "failure_reason": job.failure_reason or None,
        "created_at": job.created_at.isoformat(),
        "started_at": _text(job.started_at),
        "ended_at": _text(job.ended_at),
        "training_seconds": job.training_seconds,
        "billable_seconds": job.billable_seconds,
        "interruptions": job.interruptions,
    }


def _text(time: datetime | None) -> str | None:
    return time.isoformat() if time else None
