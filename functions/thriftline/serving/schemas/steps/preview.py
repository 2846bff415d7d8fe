"""What a deployment would do and cost."""

from typing import Literal

from thriftline.core.payload import Payload
from thriftline.serving.schemas.deployment import CheckedThing


class MonthRow(Payload):
    """What one choice costs in a month, in US dollars as decimal strings; null: unknown."""

    choice: str
    least_usd: str | None
    most_usd: str | None
    note: str
    chosen: bool


class PreviewDeploymentResponse(Payload):
    """What a request would do and cost. Nothing was changed and nothing was written.

    ``reason`` is what the deployment would answer: why it is refused, or what it comes to.
    """

    would_deploy: bool
    reason: str
    action: Literal["deploy", "rollback"]
    endpoint: str
    project: str
    kind: str
    version: int
    former: str | None
    wanted: str
    instance_type: str | None
    rate_usd_per_hour: str | None
    seconds: int | None
    rollout_usd: str | None
    month_usd: str | None
    price_source: str | None
    checks: tuple[CheckedThing, ...]
    months: tuple[MonthRow, ...]
