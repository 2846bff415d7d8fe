"""How long to wait before the next look at a training job.

Two wishes pull apart: a short job's end should be seen at once, and the history of an execution
holds 25,000 events, of which one round of wait, Poll training and Choice takes ``EVENTS_PER_POLL``.
So the wait is a share of the time that has gone by: a look is never later than that share of the
job's length, and the number of looks grows with the logarithm of it until the longest wait. The
service's event that a job has ended cuts a wait short; this is how late a lost one makes it.
"""

from datetime import datetime
from math import ceil

from thriftline.runs.domain.attempts import AttemptState

# Of the wait: TaskStateEntered, TaskScheduled, TaskStarted, TaskSubmitted, TaskTimedOut,
# TaskStateExited; of the look: TaskStateEntered, TaskScheduled, TaskStarted, TaskSucceeded,
# TaskStateExited; ChoiceStateEntered, ChoiceStateExited.
EVENTS_PER_POLL = 13

SHARE_OF_ELAPSED = 0.045
SHORTEST_SECONDS = 15
LONGEST_SECONDS = 3600
# What is stopped at a limit gets a minute or two to stop; the first look after a limit is soon.
_AFTER_LIMIT_SECONDS = 30


def next_wait_seconds(attempt: AttemptState, now: datetime) -> int:
    """Returns the seconds until the next look at an attempt that is not done.

    A limit of the job is looked at when it passes, and from then on as closely as a new job. Where
    the trainer says when it has something to do, that decides.
    """
    if attempt.look_again_seconds is not None:
        return _clamp(attempt.look_again_seconds)
    passed = [limit for limit in attempt.limits if limit <= now]
    elapsed = (now - max([attempt.created_at, *passed])).total_seconds()
    wait = _clamp(elapsed * SHARE_OF_ELAPSED)
    ahead = [(limit - now).total_seconds() for limit in attempt.limits if limit > now]
    if ahead:
        wait = min(wait, max(SHORTEST_SECONDS, ceil(min(ahead)) + _AFTER_LIMIT_SECONDS))
    return wait


def _clamp(seconds: float) -> int:
    return max(SHORTEST_SECONDS, min(LONGEST_SECONDS, int(seconds)))
