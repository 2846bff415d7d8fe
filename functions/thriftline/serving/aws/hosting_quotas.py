"""How many instances of a type the account may have behind endpoints."""

from typing import TYPE_CHECKING

from thriftline.core.aws.quota_lists import ACCOUNTS_OWN, DEFAULTS, QuotaLists

if TYPE_CHECKING:
    from mypy_boto3_service_quotas import ServiceQuotasClient

SERVICE = "sagemaker"


def quota_name(instance_type: str) -> str:
    """Returns what Service Quotas calls the quota of a type for endpoints."""
    return f"{instance_type} for endpoint usage"


class HostingQuotas:
    """The account's quotas, found by their names; one that is not found is not known."""

    def __init__(self, client: "ServiceQuotasClient") -> None:
        self._client = client

    def limit(self, instance_type: str) -> int | None:
        """Returns the quota of a type."""
        wanted = quota_name(instance_type)
        lists = QuotaLists(self._client, SERVICE)
        for quota in lists.quotas((ACCOUNTS_OWN, DEFAULTS)):
            if quota.get("QuotaName") == wanted:
                return int(quota["Value"])
        return None
