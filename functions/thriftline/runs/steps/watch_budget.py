"""Tells people how much of the month's budgets is spent, and stops runs where the stack says so."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from thriftline.core.aws.buckets import Bucket
from thriftline.core.aws.topic import Topic
from thriftline.core.dataclass import dataclass
from thriftline.core.errors import ThriftlineError
from thriftline.core.message import Message
from thriftline.core.wording import counted
from thriftline.money.ledger import Budgets, Ledger
from thriftline.money.month import Announcing, Hold, Month, month_key
from thriftline.money.spending import Alert, due_alerts
from thriftline.runs.aws.runs_table import RunsTable
from thriftline.runs.engines.registry import Engines
from thriftline.runs.steps.preparation_bill import stop_preparation
from thriftline.runs.steps.run_bill import bill_of
from thriftline.runs.trainers.registry import Trainers

_MOST_NAMED = 20


@dataclass(frozen=True)
class KillSwitch:
    """What stops the stack's own jobs at the end of the budget, where it is switched on."""

    is_on: bool
    runs: RunsTable
    artifacts: Bucket
    trainers: Trainers
    engines: Engines


def watch_budget(
    *,
    ledger: Ledger,
    budgets: Budgets,
    alerts: Topic,
    switch: KillSwitch,
    holds: Iterable[Hold],
    report: Callable[[str, Exception], None],
    now: datetime,
) -> tuple[str, ...]:
    """Sends each threshold of the month once; returns the jobs that were asked to stop.

    A message that was sent and could not be noted is sent again: rather twice than never. A run
    that cannot be stopped is reported with its error, and does not keep the switch from the others.
    """
    key = month_key(now)
    month = ledger.month(key)
    # A budget of 0 refuses new runs on purpose; it is never spent, so it ends no work that is paid.
    is_over = switch.is_on and month.spent_usd >= budgets.month_usd > 0
    # First: a message that cannot be sent must not let jobs go on.
    stopped = tuple(name for hold in holds if is_over for name in _stopped(hold, switch, report))
    for alert in due_alerts(month, budgets):
        alerts.send(_passed(key, alert, month, switch))
        for mark in alert.marks:
            ledger.change(key, Announcing(mark))
    if stopped:
        alerts.send(_were_stopped(key, stopped))
    return stopped


def _were_stopped(key: str, stopped: tuple[str, ...]) -> Message:
    because = "The stack's parameter StopRunsAtBudget is on, and the month's budget is spent."
    which = (
        f"These training jobs were asked to stop: {', '.join(stopped[:_MOST_NAMED])}. Their runs "
        "end as failed, and what they were billed is settled."
    )
    return Message(
        kind="budget",
        tone="problem",
        thread=f"budget {key}",
        title=f"Thriftline: the budget of {key} is spent; {counted(len(stopped), 'job')} stopped",
        sentence=because,
        detail=which,
        text=f"{because} {which}\n",
    )


def _stopped(
    hold: Hold, switch: KillSwitch, report: Callable[[str, Exception], None]
) -> Iterator[str]:
    try:
        yield from _stop(hold, switch)
    except ThriftlineError as error:
        report(hold.run_id, error)


def _stop(hold: Hold, switch: KillSwitch) -> Iterator[str]:
    item = switch.runs.get(hold.run_id) or {}
    bill = bill_of(
        hold.run_id,
        item,
        artifacts=switch.artifacts,
        trainers=switch.trainers,
        engines=switch.engines,
    )
    for name in stop_preparation(bill.preparation, switch.engines):
        switch.runs.update(hold.run_id, stopped_by="the month's budget")
        yield name
    for attempt in bill.attempts:
        if attempt.is_active and bill.trainer is not None:
            switch.trainers.named(bill.trainer).stop(attempt.name)
            switch.runs.update(hold.run_id, stopped_by="the month's budget")
            yield attempt.name


def _passed(key: str, alert: Alert, month: Month, switch: KillSwitch) -> Message:
    whose = f" of {alert.spent.project}" if alert.spent.project else ""
    first, *others = _lines(key, alert, month, switch)
    return Message(
        kind="budget",
        tone="problem" if alert.threshold >= 100 else "notice",
        thread=f"budget {key}",
        title=f"Thriftline: {alert.spent.percent} % of the budget{whose} for {key} is spent",
        sentence=first,
        detail="\n".join(others),
        dollars=f"${alert.spent.usd:.2f} of ${alert.spent.budget_usd:.2f}",
        next_steps=("See what runs and what is left: thriftline budget",),
        text="\n".join([first, *others]) + "\n",
    )


def _lines(key: str, alert: Alert, month: Month, switch: KillSwitch) -> list[str]:
    spent = alert.spent
    parameter = "ProjectBudgets" if spent.project else "MaxUsdPerMonth"
    lines = [
        f"${spent.usd:.2f} of ${spent.budget_usd:.2f} ({parameter}) are spent in {key}: "
        f"{spent.percent} %.",
    ]
    if spent.project is None:
        lines.append(
            f"Runs: ${month.settled_usd:.2f}. Outside Thriftline: ${month.external_usd:.2f}. Held "
            f"for {counted(len(month.holds), 'run')}: ${month.held_usd:.2f}."
        )
    if alert.threshold >= 100:
        lines.append(f"New runs are refused until next month, or until {parameter} is raised.")
        if spent.project is None and switch.is_on:
            lines.append("Training jobs of the stack are stopped (StopRunsAtBudget).")
    return lines
