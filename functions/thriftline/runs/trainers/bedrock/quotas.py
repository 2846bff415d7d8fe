"""What the account may do with custom models, by the names of Bedrock's quotas.

A quota's code differs from model to model, and a new account's numbers are small: 4 requests a
minute were seen, which is one evaluation of 400 records in 100 minutes.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import BotoCoreError, ClientError

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

    def __init__(self, client: "ServiceQuotasClient") -> None:
        self._client = client
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
        for operation in ("list_aws_default_service_quotas", "list_service_quotas"):
            pages: Any = self._client.get_paginator(cast("Any", operation))
            try:
                for page in pages.paginate(ServiceCode=SERVICE, PaginationConfig={"PageSize": 100}):
                    for quota in page["Quotas"]:
                        if "Value" in quota:
                            yield str(quota.get("QuotaName", "")), int(quota["Value"])
            except (BotoCoreError, ClientError):
                continue


def _letters(name: str) -> str:
    return _NOT_A_LETTER.sub("", name.lower())
