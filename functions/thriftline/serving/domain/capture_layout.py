"""Where captured requests lie, the labels that people send later, and what is made of both.

What SageMaker captures lies under a prefix of its own, for all endpoints: a lifecycle rule takes a
prefix and no pattern, and people's texts must end by themselves.
"""

from datetime import UTC, datetime, timedelta

CAPTURE_PREFIX = "capture/"


def hour_of(when: datetime) -> datetime:
    """Returns the beginning of the hour, in UTC."""
    return when.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def endpoint_captures(endpoint: str) -> str:
    """Returns the prefix of all that was captured of an endpoint; variants are folders in it."""
    return f"{CAPTURE_PREFIX}{endpoint}/"


def hour_captures(endpoint: str, variant: str, hour: datetime) -> str:
    """Returns the prefix of one hour, as SageMaker names it below its ``DestinationS3Uri``."""
    return f"{endpoint_captures(endpoint)}{variant}/{hour:%Y/%m/%d/%H}/"


def day_captures(endpoint: str, variant: str, day: datetime) -> str:
    """Returns the prefix of one day."""
    return f"{endpoint_captures(endpoint)}{variant}/{day:%Y/%m/%d}/"


def hour_labels(endpoint: str, hour: datetime) -> str:
    """Returns the prefix of the labels that people sent in an hour, whenever it was asked."""
    return f"serving/{endpoint}/labels/{hour:%Y/%m/%d/%H}/"


def quality_key(endpoint: str, hour: datetime) -> str:
    """Returns the key of an hour's document."""
    return f"serving/{endpoint}/quality/{hour:%Y-%m-%dT%H}.json"


def said_root(endpoint: str) -> str:
    """Returns the prefix of what was answered by id, which labels are joined with."""
    return f"serving/{endpoint}/quality/said/"


def said_prefix(endpoint: str, hour: datetime) -> str:
    """Returns the prefix of one hour of it."""
    return f"{said_root(endpoint)}{hour:%Y/%m/%d/%H}/"


def said_day(endpoint: str, day: datetime) -> str:
    """Returns the prefix of one day of it."""
    return f"{said_root(endpoint)}{day:%Y/%m/%d}/"


def judged_key(endpoint: str, hour: datetime) -> str:
    """Returns the key of the answers that the labels of an hour judged, right or wrong."""
    return f"serving/{endpoint}/quality/judged/{hour:%Y/%m/%d/%H}.jsonl"


def hours_before(hour: datetime, count: int) -> list[datetime]:
    """Returns so many hours up to and with this one, the oldest first."""
    return [hour - timedelta(hours=back) for back in reversed(range(count))]
