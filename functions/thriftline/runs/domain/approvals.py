"""When a person must say yes before a run may spend, and whose yes counts.

The answer is what the runs table says; a task token only wakes the workflow up. So an answer that
was accepted counts though Step Functions did not hear of it, and a wake-up without one does not.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from urllib.parse import urlencode

from thriftline.core.dataclass import dataclass

# The workflow waits so much longer than people may answer: an answer of the last minute is
# delivered by the sweep, which comes every five minutes.
_DELIVERY_GRACE = timedelta(minutes=15)
_MILLIONTH = Decimal("0.000001")
_PURPOSE = "thriftline approval 1"


class Standing(StrEnum):
    """How far an approval came."""

    WAITING = "waiting"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class Part(StrEnum):
    """What of a run is asked for: a preparation is asked for before its training has a price."""

    PREPARATION = "preparation"
    RUN = "run"


class Outcome(StrEnum):
    """What became of one answer, or of one look."""

    SHOWN = "shown"
    ACCEPTED = "accepted"
    ALREADY = "already"
    EXPIRED = "expired"
    ASKED_ANEW = "asked_anew"
    ENDED = "ended"
    FORGED = "forged"
    UNKNOWN = "unknown"
    NOT_AN_ANSWER = "not_an_answer"
    BAD_METHOD = "bad_method"
    UNAVAILABLE = "unavailable"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Approval:
    """One request for approval, as the runs table keeps it.

    ``announced``: people were told. ``delivered``: the workflow was woken up, or needs no call any
    more. ``counted``: the workflow has read the answer. ``month``, ``held_usd`` and ``left_usd``
    are what the ledger said when it was asked for. ``worst_case_usd`` is what the run has cost at
    the most when the ``part`` has ended, and ``spent_usd`` what it had cost when it asked.
    """

    run_id: str
    execution_arn: str
    task_token: str
    standing: Standing
    requested_at: datetime
    expires_at: datetime
    worst_case_usd: Decimal
    above_usd: Decimal
    month: str
    held_usd: Decimal
    left_usd: Decimal
    part: Part = Part.RUN
    spent_usd: Decimal = Decimal(0)
    answered_by: str | None = None
    answered_at: datetime | None = None
    announced: bool = False
    delivered: bool = False
    counted: bool = False

    def is_open(self, now: datetime) -> bool:
        """Whether somebody may still answer."""
        return self.standing is Standing.WAITING and now < self.expires_at

    def is_for(self, worst_case_usd: Decimal) -> bool:
        """Whether it asks for so many dollars, as documents write them: to a millionth."""
        return abs(self.worst_case_usd - worst_case_usd) < _MILLIONTH

    @property
    def is_to_deliver(self) -> bool:
        """Whether the workflow has to be woken up."""
        return self.standing is not Standing.WAITING and not (self.delivered or self.counted)


def asks_another_sum(request: Approval) -> str:
    """Says that a yes was to other dollars than those that a run asks for."""
    return (
        f"Run {request.run_id} asks for up to {request.worst_case_usd:f} USD, and the answer names "
        "another sum. Look at the request again, then answer that. Nothing was approved."
    )


def threshold(stack: Decimal | None, run: Decimal | None) -> Decimal | None:
    """Returns the worst case above which a person is asked; None asks nobody.

    Whoever writes run.yaml may ask for an approval more often than the stack, never less often.
    """
    given = [usd for usd in (stack, run) if usd is not None]
    return min(given, default=None)


def asks_again_above(above_usd: Decimal | None, approved_usd: Decimal | None) -> Decimal | None:
    """Returns the threshold for a run of which some dollars were approved before.

    A yes to so many dollars is one, whichever part of the run takes them.
    """
    if above_usd is None or approved_usd is None:
        return above_usd
    return max(above_usd, approved_usd)


def is_needed(worst_case_usd: Decimal, above_usd: Decimal | None) -> bool:
    """Whether a person is asked: the worst case is above the threshold, not equal to it."""
    return above_usd is not None and worst_case_usd > above_usd


@dataclass(frozen=True)
class ApprovalPolicy:
    """When the stack asks a person, and how long it waits; ``above_usd`` None asks nobody."""

    above_usd: Decimal | None = None
    answer_within: timedelta = timedelta(hours=72)


ASKS_NOBODY = ApprovalPolicy()


def wait_seconds(answer_within: timedelta) -> int:
    """Returns how long the workflow waits, which is longer than an answer is taken."""
    return int((answer_within + _DELIVERY_GRACE).total_seconds())


@dataclass(frozen=True)
class Link:
    """What a link to an approval holds; the task token is not in it."""

    run_id: str
    expires: int
    signature: str

    @property
    def query(self) -> str:
        """The link's query string."""
        return urlencode({"id": self.run_id, "expires": self.expires, "signature": self.signature})

    def is_genuine(self, secret: str) -> bool:
        """Whether this stack made it; compared in constant time."""
        return hmac.compare_digest(self.signature, _signature(secret, self.run_id, self.expires))

    @classmethod
    def made(cls, secret: str, run_id: str, expires_at: datetime) -> "Link":
        """Returns a signed link."""
        expires = int(expires_at.timestamp())
        return cls(run_id, expires, _signature(secret, run_id, expires))

    @classmethod
    def read(cls, query: Mapping[str, str]) -> "Link | None":
        """Returns the link of a query string, None when something is missing or no number."""
        expires = query.get("expires", "")
        # ASCII digits alone: others are numbers to Python, and were never signed.
        if not (expires.isascii() and expires.isdigit() and len(expires) <= 12):
            return None
        run_id, signature = query.get("id", ""), query.get("signature", "")
        if not (run_id and signature and run_id.isascii() and signature.isascii()):
            return None
        return cls(run_id, int(expires), signature)

    def is_of(self, approval: Approval) -> bool:
        """Whether it was made for this request: a run may ask twice, and its answers are two."""
        return self.expires == int(approval.expires_at.timestamp())

    @property
    def expires_at(self) -> datetime:
        """When it stops working."""
        return datetime.fromtimestamp(self.expires, UTC)


def _signature(secret: str, run_id: str, expires: int) -> str:
    # A line each, and no line break in any of them: two requests never give one text.
    text = "\n".join((_PURPOSE, run_id, str(expires)))
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
