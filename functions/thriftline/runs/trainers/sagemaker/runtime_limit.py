"""How long a job may run where ``run.yaml`` leaves it open: the high estimate with a margin."""

from math import ceil

from thriftline.runs.domain.quotes import Expectation
from thriftline.runs.trainers.sagemaker.priced_instances import SHORTEST_ATTEMPT_SECONDS

# The high end is where nine of ten runs should be below; a job that is stopped has cost its time.
MARGIN = 2
# Downloads and slow starts do not grow with the work.
LEAST_SECONDS = 3600
# Where the time cannot be estimated.
USUAL_SECONDS = 7200
LONGEST_SECONDS = 2_419_200
_WHOLE = 600


def runtime_limit(expected: Expectation, seconds_within_cap: int) -> int:
    """Returns the run time limit of a job, in seconds.

    It is within the run's cap wherever the cap allows what is likely; else it is what the work
    should have, and the run is refused with that figure.

    Args:
        expected: what the work is expected to need.
        seconds_within_cap: the most seconds that the cap pays for.
    """
    least = SHORTEST_ATTEMPT_SECONDS if expected.seconds is None else expected.seconds
    wanted = _wanted(expected)
    return wanted if seconds_within_cap < least else min(wanted, seconds_within_cap)


def _wanted(expected: Expectation) -> int:
    if expected.seconds is None:
        return USUAL_SECONDS
    most = expected.high.seconds if expected.high else expected.seconds
    with_margin = ceil(MARGIN * most / _WHOLE) * _WHOLE
    # Never below what is expected: a job that needs longer than SageMaker allows is warned of.
    return min(LONGEST_SECONDS, max(LEAST_SECONDS, with_margin))
