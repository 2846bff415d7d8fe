"""What a person is shown before a yes: the plan, its price and what the month has left."""

from datetime import datetime
from decimal import Decimal

from thriftline.core.dataclass import dataclass
from thriftline.core.text import plain
from thriftline.runs.domain.approvals import Approval, Part, Standing

_MOST_CHOICES = 6


@dataclass(frozen=True)
class Choice:
    """One way to train that was priced. What cannot be estimated is None."""

    name: str
    chosen: bool
    likely_usd: Decimal | None
    low_usd: Decimal | None
    high_usd: Decimal | None
    worst_case_usd: Decimal

    @property
    def range(self) -> str:
        """Dollars from low to high, as far as they are known."""
        return usd_range(self.low_usd, self.likely_usd, self.high_usd)


@dataclass(frozen=True)
class ApprovalView:
    """A request for approval, for a message, a page or a program."""

    approval: Approval
    project: str
    data_set: str
    base_model: str
    trainer: str
    ladder: tuple[str, ...]
    likely_hours: Decimal | None
    choices: tuple[Choice, ...]
    reason: str
    engine: str = ""

    @property
    def is_preparation(self) -> bool:
        """Whether it asks for a preparation alone."""
        return self.approval.part is Part.PREPARATION

    @property
    def facts(self) -> dict[str, str]:
        """What the dollars are for, by its name."""
        if self.is_preparation:
            return {
                "Prepared on": self.engine,
                "Then trained": f"{self.base_model}, trainer {self.trainer}: no price before the "
                "rows are known. You are asked again if the run may cost more than this.",
            }
        facts = {
            "Model": f"{self.base_model}, trained by {self.trainer}",
            "Ladder": "; then ".join(self.ladder),
        }
        return {"Prepared on": self.engine, **facts} if self.engine else facts

    @property
    def spent(self) -> str:
        """What was spent before the question, as a sentence."""
        if self.approval.spent_usd:
            return f"Its preparation took {usd(self.approval.spent_usd)}, which counts here."
        return "Nothing has been spent."

    @property
    def no_more(self) -> str:
        """What a no means for the dollars, as the end of a sentence."""
        return "no more is spent" if self.approval.spent_usd else "nothing is spent"

    @property
    def chosen(self) -> Choice | None:
        """The choice that the run begins with."""
        return next((one for one in self.choices if one.chosen), None)

    @property
    def shown_choices(self) -> tuple[Choice, ...]:
        """The choices that a person is shown: the first few, and always the chosen one."""
        first = self.choices[:_MOST_CHOICES]
        chosen = self.chosen
        return first if chosen is None or chosen in first else (*first[:-1], chosen)


def usd(amount: Decimal | None) -> str:
    """Dollars to the cent, below ten cents to the hundredth of a cent; unknown says so."""
    if amount is None:
        return "unknown"
    small = Decimal(0) < amount < Decimal("0.1")
    return f"${amount.quantize(Decimal('0.0001' if small else '0.01')):,}"


def usd_range(low: Decimal | None, likely: Decimal | None, high: Decimal | None) -> str:
    """``$1.20 to $3.40, likely $2.00``, or as much of it as is known."""
    if likely is None:
        return "unknown"
    if low is None or high is None:
        return f"about {usd(likely)}"
    return f"{usd(low)} to {usd(high)}, likely {usd(likely)}"


def moment(value: datetime) -> str:
    """A time in UTC to the minute."""
    return f"{value:%Y-%m-%d %H:%M} UTC"


def standing_text(view: ApprovalView, now: datetime) -> str:
    """Says in a sentence how far the request came."""
    approval = view.approval
    by = plain(approval.answered_by)
    when = moment(approval.answered_at) if approval.answered_at else ""
    if approval.standing is Standing.WAITING:
        if approval.is_open(now):
            return f"Waits for an answer until {moment(approval.expires_at)}."
        return f"Nobody answered before {moment(approval.expires_at)}: the run is rejected."
    return {
        Standing.APPROVED: f"Approved by {by} at {when}.",
        Standing.REJECTED: f"Rejected by {by} at {when}.",
        Standing.EXPIRED: f"Nobody answered before {moment(approval.expires_at)}: the run is "
        "rejected.",
        Standing.WITHDRAWN: "The run ended before it was approved.",
    }[approval.standing]
