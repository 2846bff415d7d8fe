"""What the account may do with custom models, by the names of Bedrock's quotas.

A quota's code differs from model to model, and a new account's numbers are small: 4 requests a
minute were seen, which is one evaluation of 400 records in 100 minutes.
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from thriftline.core.aws.quota_lists import ACCOUNTS_OWN, DEFAULTS, QuotaLists
from thriftline.core.dataclass import dataclass

if TYPE_CHECKING:
    from mypy_boto3_service_quotas import ServiceQuotasClient

SERVICE = "bedrock"
_RATE = re.compile(
    r"on[- ]demand custom model deployment (?P<what>requests|tokens) per minute for (?P<model>.+)",
    re.IGNORECASE,
)
_DEPLOYMENTS = re.compile(
    r"custom model deployments?\b(?!.*(request|token|progress|minute|day))", re.IGNORECASE
)
_NOT_A_LETTER = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class DeploymentQuotas:
    """What is known of the quotas for one model; None is not known, and refuses nothing."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    deployments: int | None = None


class CustomModelQuotas:
    """Bedrock's quotas of one account and region, listed once."""

    def __init__(
        self, client: "ServiceQuotasClient", clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._lists = QuotaLists(client, SERVICE, clock)
        self._values: Mapping[str, int] | None = None

    def of(self, model: str) -> DeploymentQuotas:
        """Returns the quotas of a model by the name that Bedrock shows, such as ``Nova Micro``."""
        if self._values is None:
            self._values = dict(self._listed())
        rates: dict[str, int] = {}
        deployments: int | None = None
        for name, value in self._values.items():
            rate = _RATE.search(name)
            if rate and _letters(model) and _letters(model) in _letters(rate["model"]):
                rates[rate["what"].lower()] = value
            elif not rate and _DEPLOYMENTS.search(name):
                deployments = value
        return DeploymentQuotas(rates.get("requests"), rates.get("tokens"), deployments)

    def _listed(self) -> Iterator[tuple[str, int]]:
        # The account's own value comes last, so that it stands where both lists have one.
        for quota in self._lists.quotas((DEFAULTS, ACCOUNTS_OWN)):
            yield str(quota.get("QuotaName", "")), int(quota["Value"])


def _letters(name: str) -> str:
    return _NOT_A_LETTER.sub("", name.lower())
