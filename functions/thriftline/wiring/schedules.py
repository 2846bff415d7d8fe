"""Puts the adapters of schedules together from the environment, each when it is asked for."""

import time
from functools import cache

from thriftline.core.aws.clients import client
from thriftline.core.aws.target_clients import TargetClients
from thriftline.serving.aws.recurring_schedules import RecurringSchedules
from thriftline.serving.steps.act_on_schedule import ScheduleSite
from thriftline.serving.steps.change_schedule import SchedulingSite
from thriftline.wiring.serving import endpoint_scaling, endpoints_table
from thriftline.wiring.shared import alerts, artifacts, event_bus, now, settings


@cache
def recurring_schedules() -> RecurringSchedules:
    """The stack's group in EventBridge Scheduler."""
    return RecurringSchedules(
        client("scheduler"),
        settings().schedule_group,
        settings().schedule_machine_arn,
        settings().schedule_role_arn,
    )


def schedule_site() -> ScheduleSite:
    """Where a schedule acts, at this time."""
    return ScheduleSite(
        account=settings().account_id,
        region=settings().region,
        table=endpoints_table(),
        clients=TargetClients(settings().region),
        artifacts=artifacts(),
        alerts=alerts(),
        bus=event_bus(),
        now=now(),
        sleep=time.sleep,
    )


def scheduling_site() -> SchedulingSite:
    """Where a schedule is kept, at this time."""
    return SchedulingSite(
        table=endpoints_table(),
        schedules=recurring_schedules(),
        scaling=endpoint_scaling(),
        clients=TargetClients(settings().region),
        now=now(),
    )
