"""Notebook instances, Studio apps, and the spaces that keep their files."""

from datetime import datetime, timedelta

from thriftline.audit.domain.facts import Fact, Tags
from thriftline.core.dataclass import dataclass

# Studio writes both times when it checks an app; between checks lie some minutes.
_CHECKS_APART = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notebook:
    """A notebook instance; ``lifecycle_config`` is what could stop it by itself."""

    name: str
    arn: str
    status: str
    instance_type: str
    volume_gib: int | None
    created: datetime
    last_modified: datetime
    lifecycle_config: str | None
    tags: Fact[Tags]


@dataclass(frozen=True, slots=True, kw_only=True)
class StudioApp:
    """An app of a Studio space or user; ``last_user_activity`` is what Studio itself records.

    Its health checks renew that time too: where it is the time of the last check, it says nothing
    of a user.
    """

    domain_id: str
    owner: str
    owner_is_space: bool
    app_type: str
    name: str
    arn: str
    status: str
    instance_type: str | None
    created: datetime
    last_user_activity: datetime | None
    last_health_check: datetime | None
    idle_timeout_minutes: Fact[int | None]
    tags: Fact[Tags]

    @property
    def is_canvas(self) -> bool:
        """Whether it is a Canvas session, which is billed by the hour without an instance."""
        return self.app_type == "Canvas"

    @property
    def knows_activity(self) -> bool:
        """Whether the recorded activity can only have come from a user."""
        activity, check = self.last_user_activity, self.last_health_check
        return activity is not None and (check is None or check - activity > _CHECKS_APART)


@dataclass(frozen=True, slots=True, kw_only=True)
class StudioSpace:
    """A Studio space; its volume is billed until the space is deleted, whether an app runs or not.

    ``volume_gib`` is None where AWS tells of no volume of its own.
    """

    domain_id: str
    name: str
    owner: str | None
    status: str
    volume_gib: int | None
    created: datetime
    last_modified: datetime

    @property
    def key(self) -> str:
        """Names it: spaces of two domains may have one name."""
        return f"{self.domain_id}/{self.name}"
