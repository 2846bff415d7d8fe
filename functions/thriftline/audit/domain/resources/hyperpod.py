"""HyperPod clusters."""

from datetime import datetime

from thriftline.audit.domain.facts import Fact, Tags
from thriftline.core.dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceGroup:
    """Instances of one type; ``is_prepaid`` says that a training plan paid for them."""

    name: str
    instance_type: str | None
    count: int
    is_prepaid: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HyperPodCluster:
    """A cluster that is billed by the hour of its instances, whether anything runs on it or not."""

    name: str
    arn: str
    status: str
    groups: tuple[InstanceGroup, ...]
    created: datetime
    tags: Fact[Tags]
