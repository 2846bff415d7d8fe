"""How many vCPUs of EMR Serverless the account may use at a time."""

from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from thriftline.runs.engines.emr_serverless.quoting import QUOTA_CODE

_SERVICE = "emr-serverless"


class ServiceQuotas(Protocol):
    """What is asked of the client of Service Quotas."""

    def get_service_quota(self, **arguments: Any) -> Any:
        """Returns the value that the account was given."""

    def get_aws_default_service_quota(self, **arguments: Any) -> Any:
        """Returns the value that accounts begin with."""


def vcpu_quota(client: ServiceQuotas) -> int | None:
    """Returns the quota; None where it cannot be read, which refuses nothing."""
    # A quota that nobody has changed may have no value of the account's own.
    for ask in (client.get_service_quota, client.get_aws_default_service_quota):
        try:
            return int(ask(ServiceCode=_SERVICE, QuotaCode=QUOTA_CODE)["Quota"]["Value"])
        except (ClientError, KeyError):
            continue
        except BotoCoreError:
            # A service that does not answer is not waited for twice: a plan has a minute.
            return None
    return None
