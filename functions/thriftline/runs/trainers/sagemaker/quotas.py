"""What the account may have of each instance type at once.

SageMaker has a quota for each type and market. Most are 0 in a new account, and a job that would
pass one is refused before it exists.
"""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from thriftline.core.aws.clients import code_of
from thriftline.core.aws.quota_lists import ACCOUNTS_OWN, DEFAULTS, QuotaLists
from thriftline.core.dataclass import dataclass
from thriftline.core.errors import NoQuotaError, ThriftlineError
from thriftline.core.wording import counted

if TYPE_CHECKING:
    from mypy_boto3_service_quotas import ServiceQuotasClient

SERVICE = "sagemaker"
# What SageMaker says of a job that it refuses for a quota.
_REFUSAL = re.compile(r"(?:'(?P<name>[^']+)' is|limit is) (?P<limit>\d+) instances", re.IGNORECASE)


def quota_name(instance_type: str, *, spot: bool) -> str:
    """Returns what Service Quotas calls the quota of a type for training."""
    return f"{instance_type} for {'spot ' if spot else ''}training job usage"


def pool_quota_name(instance_type: str) -> str:
    """Returns what Service Quotas calls the quota of a type for warm pools."""
    return f"{instance_type} for training warm pool usage"


@dataclass(frozen=True)
class QuotaLimit:
    """What the account may have by one quota, and the code by which to ask for more."""

    name: str
    value: int
    code: str
    region: str

    def ask(self, wanted: int) -> str:
        """Returns how to ask for so many, for the end of a sentence."""
        return (
            f" (aws service-quotas request-service-quota-increase --service-code {SERVICE} "
            f"--quota-code {self.code} --desired-value {wanted} --region {self.region})"
        )


class QuotaBook:
    """The account's quotas, found by their names: codes differ from list to list."""

    def __init__(
        self,
        client: "ServiceQuotasClient",
        region: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lists = QuotaLists(client, SERVICE, clock)
        self._region = region

    def limits(self, names: Sequence[str]) -> dict[str, QuotaLimit]:
        """Returns the quotas of some names; what cannot be found out is left out.

        A quota that is not known refuses nothing: SageMaker decides when a job is asked for.
        """
        found: dict[str, QuotaLimit] = {}
        missing = set(names)
        if not missing:
            return found
        # A quota without an applied value stands in the list of defaults alone.
        for quota in self._lists.quotas((ACCOUNTS_OWN, DEFAULTS)):
            name = quota.get("QuotaName")
            if name in missing:
                found[name] = self._limit(quota)
                missing.remove(name)
            if not missing:
                break
        return found

    def _limit(self, quota: Mapping[str, Any]) -> QuotaLimit:
        return QuotaLimit(
            quota["QuotaName"], int(quota["Value"]), str(quota.get("QuotaCode", "")), self._region
        )


def too_small(name: str, limit: int, instances: int, ask: str = "") -> str:
    """Says that a quota is smaller than one job needs, and what to do about it."""
    return (
        f"The quota {name!r} of the account is {limit}, and a job needs "
        f"{counted(instances, 'instance')}: waiting does not help. Ask for {instances} or more in "
        f"Service Quotas{ask}, or name another type in run.yaml."
    )


def quota_refusal(error: ClientError, instances: int) -> ThriftlineError | None:
    """Returns our error where a job was refused because the quota is too small for any such job.

    A quota that is only in use is left to the common translation, as is every other error.
    """
    if code_of(error) != "ResourceLimitExceeded":
        return None
    said = str(error.response.get("Error", {}).get("Message", ""))
    found = _REFUSAL.search(said)
    if found is None:
        return None
    limit = int(found["limit"])
    if limit >= instances:
        return None
    return NoQuotaError(f"{too_small(found['name'] or 'of this type', limit, instances)} ({said})")
