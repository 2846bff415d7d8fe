"""Requests for a person's yes."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from thriftline.api.answers import Answer, Ask
from thriftline.core.unread import UNREADABLE, Unreadable
from thriftline.money.usd import Usd


class Approval(Answer):
    """A run that waits for an answer; its id is that of the run."""

    id: str
    run_id: str
    project: str
    key: str = Field(description="The upload in the data bucket.")
    trainer: str | None
    instance_type: str | None
    expected_usd: Usd | None
    part: Literal["preparation", "run"] = Field(
        description="What is asked for: a preparation, whose training has no price yet, or the run."
    )
    worst_case_usd: Usd = Field(description="Of the run until the end of that part.")
    spent_usd: Usd = Field(description="What the run's preparation took before it asked.")
    above_usd: Usd = Field(description="A person is asked when the worst case is above it.")
    month: str
    held_usd: Usd = Field(description="Held for the run when it asked.")
    left_usd: Usd = Field(description="What the month had left when it asked.")
    requested_at: datetime
    expires_at: datetime


class ApprovalPage(Answer):
    """Some requests, in order of their ids; a page may be short, or empty, before the last."""

    items: tuple[Approval, ...]
    unreadable: tuple[Unreadable, ...] = UNREADABLE
    next_token: str | None


class ApproveAsk(Ask):
    """A yes to so many dollars: a run may ask twice, and its questions have other worst cases."""

    worst_case_usd: Usd = Field(
        ge=0, description="Of the request that was read. Another one that is open is not approved."
    )


class ApprovalAnswer(Answer):
    """The answer was the first, and counts."""

    id: str
    run_id: str
    standing: Literal["approved", "rejected"]
    answered_by: str | None
    answered_at: datetime | None
    href: str
