"""A termination that was begun."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from thriftline.audit.domain.findings import ActionKind


class PendingTermination(BaseModel):
    """A termination that was begun: its saved copy is the truth on what was taken away already."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    account: str
    region: str
    endpoint: str
    created: datetime
    saved_key: str
    action: ActionKind
    audit_id: str
    since: datetime
    reason: str
    finding: str | None
