"""How long a job may run where ``run.yaml`` leaves it open: the expected time with a margin."""

from math import ceil

from thriftline.runs.trainers.sagemaker.priced_instances import SHORTEST_ATTEMPT_SECONDS

# The estimate takes a quarter of a GPU's peak; the least that was measured is a third of that.
MARGIN = 3
# Downloads and slow starts do not grow with the work.
LEAST_SECONDS = 3600
# Where the time cannot be estimated.
USUAL_SECONDS = 7200
LONGEST_SECONDS = 2_419_200
_WHOLE = 600


def runtime_limit(expected_seconds: int | None, seconds_within_cap: int) -> int:
    """Returns the run time limit of a job, in seconds.

    It is within the run's cap wherever the cap allows what is expected; else it is what the work
    should have, and the run is refused with that figure.

    Args:
        expected_seconds: what the work is expected to need; None where that is not known.
        seconds_within_cap: the most seconds that the cap pays for.
    """
    least = SHORTEST_ATTEMPT_SECONDS if expected_seconds is None else expected_seconds
    wanted = _wanted(expected_seconds)
    return wanted if seconds_within_cap < least else min(wanted, seconds_within_cap)


def _wanted(expected_seconds: int | None) -> int:
    if expected_seconds is None:
        return USUAL_SECONDS
    with_margin = ceil(MARGIN * expected_seconds / _WHOLE) * _WHOLE
    # Never below what is expected: a job that needs longer than SageMaker allows is warned of.
    return min(LONGEST_SECONDS, max(LEAST_SECONDS, with_margin))
