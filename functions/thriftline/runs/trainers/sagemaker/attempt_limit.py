"""How long one attempt may run: its rung's limit, or less where less of what it needs is left."""

from datetime import datetime
from decimal import Decimal

from thriftline.core.errors import AllowanceSpentError, NoQuotaError
from thriftline.core.wording import counted
from thriftline.runs.domain.quotes import Rung
from thriftline.runs.trainers.sagemaker.documents import instances_of
from thriftline.runs.trainers.sagemaker.priced_instances import SHORTEST_ATTEMPT_SECONDS
from thriftline.runs.trainers.sagemaker.training_plans import name_of, seconds_until


def attempt_limit(rung: Rung, left_usd: Decimal) -> int:
    """Returns the run time limit of an attempt, in seconds.

    Raises:
        AllowanceSpentError: what is left pays for too little on this rung.
    """
    terms, instances = instances_of(rung)
    affordable = instances.seconds_within(left_usd)
    if affordable < min(SHORTEST_ATTEMPT_SECONDS, terms.max_runtime_seconds):
        raise AllowanceSpentError(
            f"Of the dollars that the run may cost, {left_usd:.4f} USD are left, which pay for "
            f"{counted(affordable, 'second')} of {rung.name}: too few for another attempt."
        )
    return min(terms.max_runtime_seconds, affordable)


def within_plan(rung: Rung, seconds: int, now: datetime) -> int:
    """Returns a limit within which an attempt has ended when its training plan does.

    Raises:
        NoQuotaError: the plan ends before the attempt is worth its start.
    """
    terms, _ = instances_of(rung)
    if terms.plan_ends_at is None:
        return seconds
    left = seconds_until(terms.plan_ends_at, now)
    if left < min(SHORTEST_ATTEMPT_SECONDS, seconds):
        raise NoQuotaError(
            f"The training plan {name_of(terms.training_plan or '')} ends at "
            f"{terms.plan_ends_at:%Y-%m-%d %H:%M} UTC, too soon for another attempt."
        )
    return min(seconds, left)
