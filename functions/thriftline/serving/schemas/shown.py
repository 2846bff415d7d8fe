"""What is answered about endpoints, their deployments, comparisons and live quality.

What is not known is null. Money is US dollars as decimal strings; times are UTC.
"""

from datetime import datetime
from typing import Literal

from pydantic import Field

from thriftline.core.payload import Payload
from thriftline.core.unread import Unreadable
from thriftline.money.usd import Usd
from thriftline.serving.schemas.deployment import Action, CheckedThing, Ending
from thriftline.serving.schemas.experiment import ExperimentResult
from thriftline.serving.schemas.quality import WindowVerdict
from thriftline.serving.schemas.steps.preview import MonthRow


class ShownEndpoint(Payload):
    """An endpoint in a list."""

    endpoint: str
    project: str
    kind: str
    status: str | None = Field(
        description="SageMaker's word, or asleep, or missing; null where it could not be read."
    )
    registry_version: int | None = Field(description="Of the version in use.")
    in_use: int | None = Field(description="The entry of the history that serves.")
    usd_per_hour: Usd | None = Field(description="Of one instance, as it was priced last.")
    month_usd: Usd | None = Field(description="The most that a month may cost.")
    under_way: str | None = Field(description="The deployment or comparison that has it now.")


class ShownVersion(Payload):
    """An entry of an endpoint's history: what a rollback can bring back."""

    number: int = Field(description="Of the entry; a rollback's to_version.")
    registry_version: int
    model_package_arn: str
    deployment_id: str
    requested_by: str
    why: str
    deployed_at: datetime
    in_use: bool


class ShownSchedule(Payload):
    """When an endpoint is on; without ``on`` it always is."""

    endpoint: str
    on: str | None
    off: str | None
    timezone: str
    phase: Literal["awake", "falling asleep", "asleep"]
    requested_by: str
    changed_at: datetime | None


class ShownScheduleAct(Payload):
    """A sleep or a waking that was asked for: how it stands, or how it ended."""

    id: str
    endpoint: str
    action: Literal["sleep", "wake"]
    outcome: Literal["waiting", "asleep", "awake", "nothing", "refused", "reported"] = Field(
        description="waiting: it goes on; nothing: it was so; reported: it failed, people know."
    )
    reason: str


class ShownEndpointDetail(ShownEndpoint):
    """One endpoint with what it runs on and costs."""

    stages: tuple[str, ...] = Field(description="Of the change under way, in SageMaker's words.")
    failure_reason: str
    instance_type: str | None
    instances: dict[str, int] = Field(description="By variant.")
    price_source: str | None
    months: tuple[MonthRow, ...]
    versions: tuple[ShownVersion, ...] = Field(description="The newest first.")
    schedule: ShownSchedule | None
    experiment_id: str | None = Field(description="The newest comparison, ended or not.")


class EndpointPage(Payload):
    """Some endpoints, by name."""

    items: tuple[ShownEndpoint, ...]
    unreadable: tuple[Unreadable, ...]
    last: str | None = Field(description="Go on after this one; null at the end.")


class ShownDeployment(Payload):
    """A deployment in a list; ``ending`` is null while it is under way."""

    deployment_id: str
    endpoint: str
    project: str
    action: Action
    registry_version: int | None
    model_package_arn: str | None
    requested_by: str
    why: str
    opened_at: datetime
    ended_at: datetime | None
    ending: Ending | None
    reason: str
    aborted_by: str | None = Field(description="Who asked to stop it.")


class ChangePrice(Payload):
    """What a change should cost; dollars are null where a rate is not known."""

    instance_type: str | None
    rate_usd_per_hour: Usd | None = Field(description="Of one instance.")
    seconds: int | None = Field(description="How long the roll-out should take.")
    rollout_usd: Usd | None = Field(description="Both fleets until the roll-out ends.")
    month_usd: Usd | None = Field(description="The most that a month may cost then.")
    price_source: str | None


class ShownDeploymentDetail(Payload):
    """One deployment: how it stands, or how it ended.

    One that is being opened, or was refused, is known by what was asked for alone.
    """

    deployment_id: str
    endpoint: str
    project: str
    state: Literal["opening", "refused", "running", "ended"]
    action: Action | None
    registry_version: int | None
    requested_by: str | None
    why: str | None
    opened_at: datetime | None
    ended_at: datetime | None
    ending: Ending | Literal["ended"] | None = Field(
        description="Null until it has ended; ended: a rollback that only had to stop another."
    )
    reason: str = Field(description="Why it ended so, or why it was refused.")
    error: str | None = Field(description="What it was refused by.")
    stages: tuple[str, ...] = Field(description="In SageMaker's words, in order of their coming.")
    requests: int | None = Field(description="That the new fleet saw.")
    checks: tuple[CheckedThing, ...]
    price: ChangePrice | None
    document_uri: str | None = Field(description="Where all of it lies.")
    aborted_by: str | None = Field(description="Who asked to stop it.")


class DeploymentPage(Payload):
    """Some deployments of one endpoint, the newest first."""

    items: tuple[ShownDeployment, ...]
    unreadable: tuple[Unreadable, ...]
    last: str | None


class PreviewedChange(Payload):
    """What a deployment or a rollback would do and cost. Nothing was changed."""

    would_deploy: bool
    reason: str = Field(description="What the deployment would answer.")
    action: Action
    endpoint: str
    project: str
    kind: str
    version: int
    former: str | None
    wanted: str
    price: ChangePrice
    checks: tuple[CheckedThing, ...]
    months: tuple[MonthRow, ...]


class ShownExperiment(Payload):
    """A comparison: how it stands, or how it ended."""

    experiment_id: str
    endpoint: str
    state: Literal["opening", "refused", "starting", "running", "ending", "ended"]
    kind: Literal["shadow", "ab"] | None
    deadline: datetime | None
    reason: str = Field(description="Why it was refused, or what was counted so far says.")
    stopping: str | None = Field(description="Why somebody asked to stop it.")
    result: ExperimentResult | None = Field(description="Null until something was counted.")


class ShownQualityHour(Payload):
    """An hour of captured requests that was read."""

    hour: datetime
    version: int | None = Field(description="In use then; null where it changed in the hour.")
    state: Literal["reading", "done"]
    requests: int
    texts: int
    broken: int = Field(description="Captured lines that could not be measured.")
    window: WindowVerdict | None = Field(description="Where the hour is a window's last.")
    note: str


class QualityPage(Payload):
    """Some hours, the newest first."""

    items: tuple[ShownQualityHour, ...]
    unreadable: tuple[Unreadable, ...]
    last: str | None
