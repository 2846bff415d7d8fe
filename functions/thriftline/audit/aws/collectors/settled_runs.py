"""What the stack's own runs settled, out of its table of runs."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from thriftline.audit.aws.collectors.reading import Collected, list_all
from thriftline.audit.domain.facts import ResourceKind, UnreadResource
from thriftline.audit.domain.resources.runs import SettledAttempt, SettledRun
from thriftline.core.aws.target_clients import TargetClients

_ATTEMPT = "attempt_"
_deserialize = TypeDeserializer().deserialize


def collect_settled_runs(clients: TargetClients, runs_table: str | None) -> Collected[SettledRun]:
    """Returns the runs that were settled; elsewhere than where the stack lies there are none."""
    if runs_table is None:
        return Collected((), ())
    kind = ResourceKind.SETTLED_RUN
    listed = list_all(
        clients.client("dynamodb"),
        "Scan",
        "Items",
        TableName=runs_table,
        FilterExpression="attribute_exists(settled_usd)",
    )
    found: list[SettledRun] = []
    unread = list(listed.gap(kind))
    for row in listed.rows:
        item = {name: _deserialize(value) for name, value in row.items()}
        try:
            found.append(_settled_run(item))
        except (KeyError, TypeError, ValueError, InvalidOperation) as error:
            why = f"its item cannot be read: {type(error).__name__} {error}"
            unread.append(UnreadResource(kind, str(item.get("run_id", "?")), "Scan", why))
    return Collected(tuple(sorted(found, key=lambda run: run.run_id)), tuple(unread))


def _settled_run(item: Mapping[str, Any]) -> SettledRun:
    attempts = sorted(
        (int(name.removeprefix(_ATTEMPT)), facts)
        for name, facts in item.items()
        if name.startswith(_ATTEMPT) and name.removeprefix(_ATTEMPT).isdigit()
    )
    return SettledRun(
        run_id=item["run_id"],
        project=item["project"],
        month=item.get("ledger_month"),
        settled_usd=_amount(item["settled_usd"]),
        attempts=tuple(_attempt(facts) for _, facts in attempts),
    )


def _attempt(facts: Mapping[str, Any]) -> SettledAttempt:
    return SettledAttempt(
        job_name=facts["job_name"],
        started=_time(facts.get("started_at")),
        ended=_time(facts.get("ended_at")),
        is_spot=bool(facts.get("spot")),
        billed_usd=_dollars(facts.get("billed_usd")),
        undiscounted_usd=_dollars(facts.get("undiscounted_usd")),
    )


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


def _dollars(text: str | None) -> Decimal | None:
    return None if text is None else _amount(text)


def _amount(text: str) -> Decimal:
    amount = Decimal(str(text))
    if not amount.is_finite():
        raise ValueError(f"{text} are no dollars")
    return amount
