"""How many requests and tokens a minute and a day are let through.

A call reserves its input and all of its maxTokens when it begins; when it has answered, only what
it used counts.
"""

import threading
from collections import defaultdict, deque
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta

from local_aws.http.own_calls import AwsError

_MINUTE, _DAY = timedelta(minutes=1), timedelta(days=1)


@dataclass(frozen=True)
class Limits:
    """The quotas of one base model's deployments, all of them together."""

    requests_per_minute: int
    tokens_per_minute: int
    tokens_per_day: int


@dataclass
class Reservation:
    """What one call takes of the allowance; `tokens` is set to what it used at its end."""

    at: datetime
    tokens: int


class Allowances:
    """What was taken lately; a minute is shorter where the time scale is larger."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken: defaultdict[Hashable, deque[Reservation]] = defaultdict(deque)

    def reserve(
        self, key: Hashable, tokens: int, limits: Limits, now: datetime, time_scale: float
    ) -> Reservation:
        """Take a request and so many tokens.

        Raises:
            AwsError: a quota would be passed; nothing is taken.
        """
        with self._lock:
            taken = self._taken[key]
            while taken and now - taken[0].at >= _DAY / time_scale:
                taken.popleft()
            minute = [each for each in taken if now - each.at < _MINUTE / time_scale]
            if len(minute) >= limits.requests_per_minute:
                raise _throttled("Too many requests, please wait before trying again.")
            if sum(each.tokens for each in minute) + tokens > limits.tokens_per_minute:
                raise _throttled("Too many tokens, please wait before trying again.")
            if sum(each.tokens for each in taken) + tokens > limits.tokens_per_day:
                raise _throttled("Too many tokens per day, please wait before trying again.")
            reservation = Reservation(now, tokens)
            taken.append(reservation)
            return reservation


def _throttled(message: str) -> AwsError:
    return AwsError("ThrottlingException", message, 429)
