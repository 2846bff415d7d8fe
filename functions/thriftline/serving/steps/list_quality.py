"""Lists the hours of an endpoint whose captured requests were read, the newest first."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from thriftline.core.aws.buckets import Bucket
from thriftline.core.errors import UnreadableDocumentError
from thriftline.core.unread import Unread, shown
from thriftline.serving.domain.capture_layout import hour_of, quality_key
from thriftline.serving.schemas.shown import QualityPage, ShownQualityHour
from thriftline.serving.steps.quality_sources import read_hour

# One listing of S3 shows a thousand keys: a month has 744 hours.
_LOOKED_BACK = timedelta(days=31)
_AT_ONCE = 8


def list_quality(
    endpoint: str, artifacts: Bucket, *, limit: int, before: datetime | None, now: datetime
) -> QualityPage:
    """Returns some hours before a time, of the month before it."""
    end = hour_of(before or now + timedelta(hours=1))
    # Beside the hours lie folders; an hour's name begins with its year.
    folder = quality_key(endpoint, end).rpartition("/")[0]
    first, last = quality_key(endpoint, end - _LOOKED_BACK), quality_key(endpoint, end)
    keys = []
    for stored in artifacts.list(f"{folder}/2", after=first):
        if stored.key >= last:
            break
        keys.append(stored.key)
    chosen = keys[::-1][:limit]
    with ThreadPoolExecutor(_AT_ONCE) as readers:
        found = [one for one in readers.map(lambda key: _read(key, artifacts), chosen) if one]
    more = len(keys) > len(chosen)
    return QualityPage(
        items=tuple(one for one in found if isinstance(one, ShownQualityHour)),
        unreadable=shown(one for one in found if isinstance(one, Unread)),
        last=_hour(chosen[-1]).isoformat() if more else None,
    )


def _hour(key: str) -> datetime:
    return datetime.strptime(_name(key), "%Y-%m-%dT%H").replace(tzinfo=UTC)


def _name(key: str) -> str:
    return key.rpartition("/")[2].removesuffix(".json")


def _read(key: str, artifacts: Bucket) -> ShownQualityHour | Unread | None:
    body = artifacts.read(key)
    if body is None:
        return None
    try:
        found = read_hour(body, artifacts.uri(key))
    except UnreadableDocumentError as error:
        return Unread(_name(key), None, error)
    return ShownQualityHour(
        hour=found.hour,
        version=found.version,
        state=found.state,
        requests=sum(one.requests for one in found.variants.values()),
        texts=sum(one.rows for one in found.variants.values()),
        broken=sum(one.broken for one in found.variants.values()),
        window=found.window,
        note=found.note,
    )
