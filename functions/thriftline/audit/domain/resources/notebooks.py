"""Notebook instances and Studio apps."""

from dataclasses import dataclass
from datetime import datetime

from thriftline.audit.domain.facts import Fact, Tags


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
    """An app of a Studio space or user; ``last_user_activity`` is what Studio itself records."""

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
    idle_timeout_minutes: Fact[int | None]
    tags: Fact[Tags]
