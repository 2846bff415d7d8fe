"""How much S3 tells CloudWatch that each bucket of a region holds, by storage type."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta

from thriftline.audit.aws.collectors.reading import list_all
from thriftline.audit.aws.metric_reader import read_metrics
from thriftline.audit.domain.facts import Fact, Unread
from thriftline.audit.domain.metrics import MetricKey, Metrics, metric_key
from thriftline.core.aws.target_clients import TargetClients
from thriftline.core.dataclass import dataclass

_NAMESPACE = "AWS/S3"
_SIZE = "BucketSizeBytes"
_OBJECTS = "NumberOfObjects"
# S3 reports once a day, and sometimes a day late.
_DAYS = 3
_LATE = timedelta(days=_DAYS)


@dataclass(frozen=True, slots=True)
class BucketSizes:
    """The sizes of all buckets, or why they could not be read."""

    keys: Mapping[str, Mapping[str, MetricKey]]
    metrics: Metrics
    unread: Unread | None
    now: datetime

    def bytes_of(self, bucket: str, created: datetime | None) -> Fact[Mapping[str, int]]:
        """Returns the bytes of each storage type; nothing is reported of an empty bucket."""
        if self.unread is not None:
            return self.unread
        found: dict[str, int] = {}
        for storage_type, key in self.keys.get(bucket, {}).items():
            latest = self._latest(key)
            if isinstance(latest, Unread):
                return latest
            if latest is not None:
                found[storage_type] = round(latest)
        if not found and self.is_new(created):
            return Unread(_SIZE, "S3 reports no size yet: the bucket is new.")
        return found

    def is_new(self, created: datetime | None) -> bool:
        """Whether S3 may not have reported a size of a bucket yet."""
        return created is None or created > self.now - _LATE

    def objects_of(self, bucket: str) -> Fact[int | None]:
        """Returns the number of objects, None where S3 reports none."""
        if self.unread is not None:
            return self.unread
        latest = self._latest(_objects_key(bucket)) if bucket in self.keys else None
        return round(latest) if isinstance(latest, float) else latest

    def _latest(self, key: MetricKey) -> Fact[float | None]:
        series = self.metrics.get(key)
        if series is None or isinstance(series, Unread):
            return series
        return next((float(one) for one in reversed(series.values) if one is not None), None)


def read_bucket_sizes(clients: TargetClients, now: datetime) -> BucketSizes:
    """Returns the sizes of all buckets of the region.

    CloudWatch lists which storage types each bucket has, so that none is forgotten and none that
    is not there is asked, and paid, for.
    """
    listed = list_all(
        clients.client("cloudwatch"),
        "ListMetrics",
        "Metrics",
        Namespace=_NAMESPACE,
        MetricName=_SIZE,
    )
    keys: dict[str, dict[str, MetricKey]] = defaultdict(dict)
    for row in listed.rows:
        dimensions = {one["Name"]: one["Value"] for one in row["Dimensions"]}
        if dimensions.keys() == {"BucketName", "StorageType"}:
            bucket, storage_type = dimensions["BucketName"], dimensions["StorageType"]
            keys[bucket][storage_type] = _key(_SIZE, bucket, storage_type)
    asked = [key for one in keys.values() for key in one.values()]
    asked += (_objects_key(bucket) for bucket in keys)
    start = now - _LATE
    metrics = read_metrics(clients, asked, daily_start=start, hourly_start=start, now=now)
    return BucketSizes(keys, metrics, listed.unread, now)


def _objects_key(bucket: str) -> MetricKey:
    return _key(_OBJECTS, bucket, "AllStorageTypes")


def _key(name: str, bucket: str, storage_type: str) -> MetricKey:
    dimensions = {"BucketName": bucket, "StorageType": storage_type}
    return metric_key(_NAMESPACE, name, dimensions, "Average")
