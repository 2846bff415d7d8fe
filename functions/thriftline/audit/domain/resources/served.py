"""The stack's own endpoints as its deployments record them, and configs of endpoints."""

from datetime import datetime

from thriftline.audit.domain.facts import Fact
from thriftline.core.dataclass import dataclass

# Storage classes that nothing can be read from before it was restored, for hours.
ARCHIVED = ("GLACIER", "DEEP_ARCHIVE")
GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointConfig:
    """One endpoint config; ``models`` are those that its variants name."""

    name: str
    arn: str
    created: datetime
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedVersion:
    """One entry of an endpoint's history: it can be brought back while all of it exists.

    ``artifact`` is the storage class of the model's archive, GONE where it is not there, and None
    where nobody looked: only what was deployed last is looked at.
    """

    number: int
    config: str
    model: str
    artifact_s3_uri: str
    artifact: Fact[str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedEndpoint:
    """One endpoint of the stack. ``versions`` are in their order.

    ``breaches`` of live quality are open, each with the time since when. ``quality_document`` is
    the key of the last window that was judged.
    """

    name: str
    project: str
    kind: str
    in_use: int | None
    is_asleep: bool
    versions: tuple[ServedVersion, ...]
    breaches: tuple[tuple[str, str], ...]
    quality_document: str | None
