"""What Cost Explorer says that SageMaker cost; each request costs 0.01 USD."""

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from thriftline.core.aws.clients import translated

if TYPE_CHECKING:
    from mypy_boto3_ce import CostExplorerClient

_METRIC = "UnblendedCost"
_SERVICES = ["Amazon SageMaker"]
# None of these is a use of anything.
_NOT_USAGE = ["Credit", "Refund", "Tax"]


class CostExplorer:
    """The costs of one account in one region; a payer sees those of its members too."""

    def __init__(self, client: "CostExplorerClient", account: str, region: str) -> None:
        self._client = client
        self._account = account
        self._region = region

    def billed(self, start: date, end: date) -> Decimal:
        """Returns the dollars from a day to before another, without credits and taxes."""
        request: Any = {
            "TimePeriod": {"Start": start.isoformat(), "End": end.isoformat()},
            "Granularity": "MONTHLY",
            "Metrics": [_METRIC],
            "Filter": {
                "And": [
                    {"Dimensions": {"Key": "SERVICE", "Values": _SERVICES}},
                    {"Dimensions": {"Key": "LINKED_ACCOUNT", "Values": [self._account]}},
                    {"Dimensions": {"Key": "REGION", "Values": [self._region]}},
                    {"Not": {"Dimensions": {"Key": "RECORD_TYPE", "Values": _NOT_USAGE}}},
                ]
            },
        }
        total = Decimal(0)
        while True:
            with translated("asking Cost Explorer what SageMaker cost"):
                answer = self._client.get_cost_and_usage(**request)
            for result in answer["ResultsByTime"]:
                total += Decimal(result["Total"][_METRIC]["Amount"])
            token = answer.get("NextPageToken")
            if not token:
                return total
            request["NextPageToken"] = token
