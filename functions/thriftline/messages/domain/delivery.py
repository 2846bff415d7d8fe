"""What becomes of a message, by what the chat answered: it is there, or it comes later.

A message that fails stays in its queue and is invisible for a while; after ten tries the queue
moves it to the dead letters, and an alarm says so. Nothing waits or repeats inside the function.
"""

from datetime import datetime
from email.utils import parsedate_to_datetime

from thriftline.core.dataclass import dataclass

MOST_SECONDS = 3_600
_FIRST_SECONDS = 30
_BROKEN_SECONDS = 900


@dataclass(frozen=True, slots=True)
class Answer:
    """What the chat answered. ``status`` None: it could not be reached, or was silent."""

    status: int | None
    retry_after: str | None = None
    reason: str = ""

    @property
    def is_there(self) -> bool:
        """Whether the chat took the message."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def slows_down(self) -> bool:
        """Whether the chat wants fewer messages."""
        return self.status == 429

    @property
    def refuses_form(self) -> bool:
        """Whether a plainer form of the same message may be taken."""
        return self.status in {400, 413}


def wait_seconds(answer: Answer, tries: int, now: datetime) -> int:
    """Returns for how long a message that was not taken is invisible.

    Args:
        answer: what the chat said.
        tries: how often the queue handed the message out, this time included.
        now: the time, for a Retry-After that is a date.
    """
    if answer.retry_after is not None and (asked := _asked(answer.retry_after, now)) is not None:
        return min(max(asked, 1), MOST_SECONDS)
    grown: int = min(_FIRST_SECONDS * 2 ** min(max(tries, 1) - 1, 10), MOST_SECONDS)
    is_away = answer.status is None or answer.status == 429 or answer.status >= 500
    # An address that is refused is refused again until a person has put it right.
    return grown if is_away else max(grown, _BROKEN_SECONDS)


def _asked(retry_after: str, now: datetime) -> int | None:
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return int(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        return None
    return int((moment - now).total_seconds()) + 1
