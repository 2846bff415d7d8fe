"""What Cost Explorer says an account was billed in a region by day: by service, and by run.

Each request costs 0.01 USD, whoever asks and however little: one request (and its pages) is made
for the services, and one where the stack lies for its runs.
"""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from thriftline.audit.aws.collectors.reading import Answer, Collected, attempt, whole_kind
from thriftline.audit.domain.facts import ResourceKind
from thriftline.audit.domain.inventory import Window
from thriftline.audit.domain.resources.runs import RunBill
from thriftline.audit.domain.resources.spend import CostLine
from thriftline.core.aws.target_clients import TargetClients
from thriftline.core.tags import RUN_ID_TAG

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
    request = _request(account, window, regions)
    request["GroupBy"] = [{"Type": "DIMENSION", "Key": "SERVICE"}]
    lines: list[CostLine] = []
    client = clients.client("ce")
    failure = attempt(
        _OPERATION, lambda: _read(client, request, lambda *row: lines.append(_line(*row)))
    )
    unread = () if failure is None else (whole_kind(ResourceKind.COST, failure),)
    return Collected(tuple(lines), unread)


def collect_run_bills(
    clients: TargetClients, account: str, window: Window, runs_table: str | None
) -> Collected[RunBill]:
    """Returns what was billed by day under the tag of each of the stack's runs.

    Costs without the tag come too: where all are without it, the tag is not active. Elsewhere than
    where the stack lies nothing is asked.
    """
    if runs_table is None:
        return Collected((), ())
    request = _request(account, window, [clients.region])
    request["GroupBy"] = [{"Type": "TAG", "Key": RUN_ID_TAG}]
    bills: list[RunBill] = []
    client = clients.client("ce")
    failure = attempt(
        _OPERATION, lambda: _read(client, request, lambda *row: bills.append(_run_bill(*row)))
    )
    unread = () if failure is None else (whole_kind(ResourceKind.RUN_BILL, failure),)
    return Collected(tuple(bills), unread)


def _request(account: str, window: Window, regions: list[str]) -> dict[str, Any]:
    return {
        "TimePeriod": {
            "Start": window.start.date().isoformat(),
            "End": window.end.date().isoformat(),
        },
        "Granularity": "DAILY",
        "Metrics": [_METRIC],
        "Filter": {
            "And": [
                {"Dimensions": {"Key": "REGION", "Values": regions}},
                {"Dimensions": {"Key": "LINKED_ACCOUNT", "Values": [account]}},
                {"Not": {"Dimensions": {"Key": "RECORD_TYPE", "Values": list(_NOT_USAGE)}}},
            ]
        },
    }


def _run_bill(result: Answer, group: Answer) -> RunBill:
    # Cost Explorer writes a tag as its key, a dollar sign and its value, which may be absent.
    return RunBill(
        run_id=group["Keys"][0].partition("$")[2],
        day=date.fromisoformat(result["TimePeriod"]["Start"]),
        usd=Decimal(group["Metrics"][_METRIC]["Amount"]),
        is_estimated=result.get("Estimated", False),
    )


def _read(client: Any, request: dict[str, Any], keep: Callable[[Answer, Answer], None]) -> None:
    token: dict[str, str] = {}
    while True:
        page = client.get_cost_and_usage(**request, **token)
        for result in page["ResultsByTime"]:
            for group in result.get("Groups", ()):
                keep(result, group)
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
