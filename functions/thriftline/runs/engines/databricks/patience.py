"""How long one call goes on asking a workspace that does not answer, or asks for a pause."""

from typing import Any, Self

from urllib3.exceptions import MaxRetryError, ResponseError
from urllib3.util import Retry, Timeout

# A function has a minute; for a longer pause the state machine calls it again.
_LONGEST_PAUSE_SECONDS = 10
PAUSE_SECONDS = 1.0
_RETRIED = (429, 503)


class Patience(Retry):
    """urllib3's, with the pause that Databricks names where it names none, and an end to pauses."""

    def get_backoff_time(self) -> float:
        """Returns the pause after an answer without ``Retry-After``, or after none."""
        return max(self.backoff_factor, super().get_backoff_time())

    def increment(self, *args: Any, **named: Any) -> Self:
        """Counts a try; a pause that is too long for one call ends it with what was answered."""
        response = named.get("response")
        pause = self.get_retry_after(response) if response is not None else None
        if pause is not None and pause > _LONGEST_PAUSE_SECONDS:
            raise MaxRetryError(
                named["_pool"], str(args[1] if len(args) > 1 else ""), ResponseError("a long pause")
            )
        return super().increment(*args, **named)


def patience(pause_seconds: float) -> Patience:
    """Returns what every call is made with: each may be repeated, a start by its token."""
    return Patience(
        total=2,
        backoff_factor=pause_seconds,
        status_forcelist=_RETRIED,
        allowed_methods=None,
        raise_on_status=False,
        redirect=False,
    )


def timeout(seconds: float) -> Timeout:
    """Returns how long one try waits, for the connection and again for the answer."""
    return Timeout(connect=min(5.0, seconds), read=seconds)
