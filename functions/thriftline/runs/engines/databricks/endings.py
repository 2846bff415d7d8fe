"""What a run's code of termination means here: whether another attempt may go on."""

from collections.abc import Mapping

from thriftline.runs.domain.endings import Ending
from thriftline.runs.engines.databricks.answers import TerminationDetails

_BY_CODE: Mapping[str, Ending] = {
    "SUCCESS": Ending.COMPLETED,
    "USER_CANCELED": Ending.STOPPED,
    # Of the service, the node or the cloud: the program is not at fault.
    "CLOUD_FAILURE": Ending.INTERNAL_ERROR,
    "CLUSTER_ERROR": Ending.INTERNAL_ERROR,
    "DRIVER_ERROR": Ending.INTERNAL_ERROR,
    "INTERNAL_ERROR": Ending.INTERNAL_ERROR,
    "STORAGE_ACCESS_ERROR": Ending.INTERNAL_ERROR,
    "CLUSTER_REQUEST_LIMIT_EXCEEDED": Ending.QUOTA,
    "WORKSPACE_RUN_LIMIT_EXCEEDED": Ending.QUOTA,
    # The same request gets the same answer.
    "RUN_EXECUTION_ERROR": Ending.USER_ERROR,
    "INVALID_CLUSTER_REQUEST": Ending.USER_ERROR,
    "INVALID_RUN_CONFIGURATION": Ending.USER_ERROR,
    "UNAUTHORIZED_ERROR": Ending.USER_ERROR,
    "LIBRARY_INSTALLATION_ERROR": Ending.USER_ERROR,
    "RESOURCE_NOT_FOUND": Ending.USER_ERROR,
    "FEATURE_DISABLED": Ending.USER_ERROR,
    "BUDGET_POLICY_LIMIT_EXCEEDED": Ending.USER_ERROR,
}
# The code by which Databricks itself ends a run, for its time-out and for other reasons.
_CANCELED = "CANCELED"
# What the end of the cluster says of a failure that the run calls one of the service.
_BY_CLUSTER_REASON: Mapping[str, Ending] = {
    "AWS_INSUFFICIENT_INSTANCE_CAPACITY_FAILURE": Ending.CAPACITY,
    "CLOUD_PROVIDER_RESOURCE_STOCKOUT": Ending.CAPACITY,
    "SPOT_INSTANCE_TERMINATION": Ending.INTERRUPTED,
    "AWS_MAX_SPOT_INSTANCE_COUNT_EXCEEDED_FAILURE": Ending.QUOTA,
    "AWS_RESOURCE_QUOTA_EXCEEDED": Ending.QUOTA,
}
# A time-out shows some seconds late or early.
_TOLERANCE_MS = 30_000


def ending_of(
    details: TerminationDetails, cluster_reason: str, run_ms: int, timeout_seconds: int
) -> Ending:
    """Returns how a run ended; a code that is not known is a failure, which is not repeated."""
    if details.code == _CANCELED:
        reached = run_ms >= timeout_seconds * 1000 - _TOLERANCE_MS
        return Ending.OUT_OF_RUN_TIME_WITHOUT_CHECKPOINT if reached else Ending.STOPPED
    ending = _BY_CODE.get(details.code, Ending.UNKNOWN_FAILURE)
    if ending is Ending.INTERNAL_ERROR:
        return _BY_CLUSTER_REASON.get(cluster_reason, ending)
    return ending
