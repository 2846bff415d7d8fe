"""What Cost Explorer says an account was billed in a region, by service and day.

Each request costs 0.01 USD, whoever asks and however little: one request (and its pages) is made.
"""

from datetime import date
from decimal import Decimal
from typing import Any

from thriftline.audit.aws.collectors.reading import Answer, Collected, attempt, whole_kind
from thriftline.audit.aws.target_clients import TargetClients
from thriftline.audit.domain.facts import ResourceKind
from thriftline.audit.domain.inventory import Window
from thriftline.audit.domain.resources.spend import CostLine

_OPERATION = "GetCostAndUsage"
_METRIC = "UnblendedCost"
# What is billed in no region: both words are Cost Explorer's own.
_NO_REGION = ("global", "NoRegion")
# No resource explains these.
_NOT_USAGE = ("Credit", "Refund", "Tax")


def collect_costs(
    clients: TargetClients, account: str, window: Window, *, is_home: bool
) -> Collected[CostLine]:
    """Returns the window's lines; the home region of an account has those of no region too.

    Only the account's own costs count: a payer sees those of all its members.
    """
    regions = [clients.region, *(_NO_REGION if is_home else ())]
    request = {
        "TimePeriod": {
            "Start": window.start.date().isoformat(),
            "End": window.end.date().isoformat(),
        },
        "Granularity": "DAILY",
        "Metrics": [_METRIC],
        "GroupBy": [{"Type": "DIMENSION", "Key": "SERVICE"}],
        "Filter": {
            "And": [
                {"Dimensions": {"Key": "REGION", "Values": regions}},
                {"Dimensions": {"Key": "LINKED_ACCOUNT", "Values": [account]}},
                {"Not": {"Dimensions": {"Key": "RECORD_TYPE", "Values": list(_NOT_USAGE)}}},
            ]
        },
    }
    lines: list[CostLine] = []
    client = clients.client("ce")
    failure = attempt(_OPERATION, lambda: _read(client, request, lines))
    unread = () if failure is None else (whole_kind(ResourceKind.COST, failure),)
    return Collected(tuple(lines), unread)


def _read(client: Any, request: dict[str, Any], lines: list[CostLine]) -> None:
    token: dict[str, str] = {}
    while True:
        page = client.get_cost_and_usage(**request, **token)
        for result in page["ResultsByTime"]:
            lines.extend(_line(result, group) for group in result.get("Groups", ()))
        if not page.get("NextPageToken"):
            return
        token = {"NextPageToken": page["NextPageToken"]}


def _line(result: Answer, group: Answer) -> CostLine:
    return CostLine(
        service=group["Keys"][0],
        usage_type=None,
        start=date.fromisoformat(result["TimePeriod"]["Start"]),
        end=date.fromisoformat(result["TimePeriod"]["End"]),
        usd=Decimal(group["Metrics"][_METRIC]["Amount"]),
        is_estimated=result.get("Estimated", False),
    )
