"""In which parts an account and region is collected: what one function reads, side by side."""

from collections.abc import Mapping
from enum import StrEnum

from thriftline.audit.domain.facts import ResourceKind


class Part(StrEnum):
    """One collector. Its kinds fail together when it is killed, and apart when a call fails."""

    ENDPOINTS = "endpoints"
    MODELS = "models"
    JOBS = "jobs"
    NOTEBOOKS = "notebooks"
    BEDROCK = "bedrock"
    BUCKETS = "buckets"
    LOG_GROUPS = "log_groups"
    COSTS = "costs"


KINDS: Mapping[Part, frozenset[ResourceKind]] = {
    Part.ENDPOINTS: frozenset({ResourceKind.ENDPOINT}),
    Part.MODELS: frozenset({ResourceKind.MODEL, ResourceKind.MODEL_PACKAGE}),
    Part.JOBS: frozenset({ResourceKind.TRAINING_JOB, ResourceKind.PROCESSING_JOB}),
    Part.NOTEBOOKS: frozenset({ResourceKind.NOTEBOOK, ResourceKind.STUDIO_APP}),
    Part.BEDROCK: frozenset(
        {
            ResourceKind.BEDROCK_MODEL,
            ResourceKind.PROVISIONED_THROUGHPUT,
            ResourceKind.CUSTOM_MODEL,
            ResourceKind.CUSTOM_MODEL_DEPLOYMENT,
            ResourceKind.IMPORTED_MODEL,
        }
    ),
    Part.BUCKETS: frozenset({ResourceKind.BUCKET}),
    Part.LOG_GROUPS: frozenset({ResourceKind.LOG_GROUP}),
    Part.COSTS: frozenset({ResourceKind.COST}),
}


class Scope(StrEnum):
    """What an audit looks at: all of an account, or its endpoints only."""

    ACCOUNT = "account"
    IDLE_ENDPOINTS = "idle_endpoints"


PARTS: Mapping[Scope, tuple[Part, ...]] = {
    Scope.ACCOUNT: tuple(Part),
    Scope.IDLE_ENDPOINTS: (Part.ENDPOINTS,),
}
