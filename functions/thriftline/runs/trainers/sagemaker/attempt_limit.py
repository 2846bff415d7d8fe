"""How long one attempt may run: its rung's limit, or less where less of the dollars is left."""

from decimal import Decimal

from thriftline.core.errors import AllowanceSpentError
from thriftline.core.wording import counted
from thriftline.runs.domain.quotes import Rung
from thriftline.runs.trainers.sagemaker.documents import instances_of
from thriftline.runs.trainers.sagemaker.priced_instances import SHORTEST_ATTEMPT_SECONDS


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
