"""An audit in numbers, as its report and its event say it."""

from typing import Literal

from pydantic import Field

from thriftline.core.document import Document
from thriftline.money.usd import Usd

SeverityWord = Literal["high", "medium", "low", "info"]


class ReportTotals(Document):
    """The report in numbers."""

    findings: int
    by_severity: dict[SeverityWord, int]
    sure_monthly_usd: Usd = Field(description="Savings with medium or high confidence.")
    possible_monthly_usd: Usd = Field(description="What candidates of low confidence would add.")
    unpriced_findings: int = Field(description="Findings without dollars: they are not zero.")
    new: int | None = Field(description="Null without a last report.")
    gone: int | None
    accepted: int
    unknown: int
    not_evaluated: int = Field(description="Rules without an answer for at least one target.")
    planned_actions: int
    executing_actions: int
    done_actions: int
    declined_actions: int
    failed_actions: int
