"""MLflow tracking servers."""

from datetime import datetime

from thriftline.audit.domain.facts import Fact, Tags
from thriftline.core.dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class MlflowServer:
    """A managed MLflow tracking server: billed by the hour of its size until it is stopped.

    ``artifact_s3_uri`` is where it keeps what experiments log.
    """

    name: str
    arn: str
    status: str
    is_active: bool
    size: str
    artifact_s3_uri: str
    created: datetime
    last_modified: datetime
    tags: Fact[Tags]
