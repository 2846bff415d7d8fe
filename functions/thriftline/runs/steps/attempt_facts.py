"""What the runs table keeps of each attempt."""

from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any

from thriftline.money.settlement import Charge
from thriftline.runs.domain.attempts import AttemptState
from thriftline.runs.domain.ladder import waited_seconds
from thriftline.runs.domain.quotes import Rung


def attempt_facts(attempt: AttemptState, number: int, rung: Rung, now: datetime) -> dict[str, Any]:
    """Returns an attempt's facts for DynamoDB; what is not known yet is None.

    The trainer's own facts stand beside those that every trainer has. ``number`` is of the rung.
    """
    return {
        **attempt.facts,
        "job_name": attempt.name,
        "rung": number,
        "rung_name": rung.name,
        "status": attempt.status,
        "secondary_status": attempt.phase,
        "ending": attempt.ending.value if attempt.ending else None,
        "reason": attempt.reason or None,
        "model_uri": attempt.model_uri,
        "created_at": attempt.created_at.isoformat(),
        "started_at": _time(attempt.started_at),
        "ended_at": _time(attempt.ended_at),
        "waited_seconds": waited_seconds(attempt, now),
        "billed_usd": _usd(attempt.billed_usd),
        "undiscounted_usd": _usd(attempt.undiscounted_usd),
        "charges": [_charge(one) for one in attempt.charges],
    }


def _charge(charge: Charge) -> dict[str, Any]:
    return {**asdict(charge), "rate_usd": str(charge.rate_usd), "usd": _usd(charge.usd)}


def _time(time: datetime | None) -> str | None:
    return time.isoformat() if time else None


def _usd(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:.9f}"
