"""In which parts an account and region is collected: what one function reads, side by side."""

from collections.abc import Mapping
from enum import StrEnum


class Part(StrEnum):
    """One collector. Its kinds fail together when it is killed, and apart when a call fails."""

    ENDPOINTS = "endpoints"
    MODELS = "models"
    JOBS = "jobs"
    READING_JOBS = "reading_jobs"
    NOTEBOOKS = "notebooks"
    BEDROCK = "bedrock"
    BUCKETS = "buckets"
    LOG_GROUPS = "log_groups"
    COSTS = "costs"


class Scope(StrEnum):
    """What an audit looks at: all of an account, or its endpoints only."""

    ACCOUNT = "account"
    IDLE_ENDPOINTS = "idle_endpoints"


PARTS: Mapping[Scope, tuple[Part, ...]] = {
    Scope.ACCOUNT: tuple(Part),
    Scope.IDLE_ENDPOINTS: (Part.ENDPOINTS,),
}
