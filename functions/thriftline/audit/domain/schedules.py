"""Endpoints that sleep and wake by a schedule: when they are on, and since when there is one.

The tag of the schedule says the hours. An endpoint that is deleted each evening is a young one
each morning: since when it serves, a tag says that goes from life to life.
"""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from thriftline.audit.domain.costs import monthly
from thriftline.audit.domain.facts import Fact, Unread
from thriftline.audit.domain.resources.endpoints import Endpoint
from thriftline.core.tags import DEPLOYMENT_TAG, SCHEDULE_TAG, SERVED_SINCE_TAG
from thriftline.core.waking_hours import WakingHours, WakingHoursError, of_tag

_DAY = timedelta(days=1)
_DEPLOYED = re.compile(r"d-(\d{8}T\d{6})-")


def hours_of(endpoint: Endpoint) -> Fact[WakingHours | None]:
    """Returns the hours in which an endpoint is on, None for one without a schedule.

    A tag that says no hours is a schedule all the same: when it is on is unknown then.
    """
    if isinstance(endpoint.tags, Unread):
        return endpoint.tags
    value = dict(endpoint.tags).get(SCHEDULE_TAG)
    if value is None:
        return None
    try:
        return of_tag(value)
    except WakingHoursError as error:
        return Unread(f"reading the tag {SCHEDULE_TAG}", str(error))


def month_of(endpoint: Endpoint, usd_per_hour: Decimal, now: datetime) -> Decimal:
    """Returns what an hourly rate of an endpoint comes to in a month: in the hours it is on.

    What its schedule saves already is no saving of anything else. Hours that are unknown are all.
    """
    hours = hours_of(endpoint)
    if hours is None or isinstance(hours, Unread):
        return monthly(usd_per_hour)
    return usd_per_hour * Decimal(str(round(hours.hours_a_month(now), 4)))


def is_scheduled(endpoint: Endpoint) -> bool:
    """Whether an endpoint bears the tag of a schedule, whatever it says."""
    return not isinstance(endpoint.tags, Unread) and SCHEDULE_TAG in dict(endpoint.tags)


def serves_since(endpoint: Endpoint) -> datetime:
    """Returns since when an endpoint with a schedule serves what it serves, as far as is known."""
    tags = {} if isinstance(endpoint.tags, Unread) else dict(endpoint.tags)
    since = _instant(tags.get(SERVED_SINCE_TAG)) or endpoint.created
    deployed = _DEPLOYED.match(tags.get(DEPLOYMENT_TAG, ""))
    if deployed is None:
        return since
    moment = datetime.strptime(deployed.group(1), "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    return max(since, moment)


def days_awake(hours: WakingHours, start: datetime, end: datetime) -> tuple[bool, ...]:
    """Returns for each whole day of [start, end) whether it was on at any time of it."""
    found = []
    while start < end:
        found.append(hours.hours_awake(start, start + _DAY) > 0)
        start += _DAY
    return tuple(found)


def _instant(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else None
