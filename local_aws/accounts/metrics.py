"""Loads the metrics of an account file, and what S3 would tell CloudWatch of its buckets."""

from datetime import datetime, timedelta

from local_aws.accounts import file
from local_aws.services.metric_store import MetricKey, MetricStore, ReadError

_STORAGE = "AWS/S3"


def load_metrics(account: file.AccountFile, store: MetricStore) -> None:
    """Put the file's series where GetMetricData finds them."""
    for bucket in account.buckets:
        _load_bucket(bucket, account.now, store)
    for metric in account.metrics:
        key = MetricKey(metric.namespace, metric.name, frozenset(metric.dimensions.items()))
        store.give(
            key, metric.stat, ((time.timestamp(), value) for time, value in metric.points.items())
        )
    for each in account.metric_errors:
        dimensions = frozenset(each.dimensions.items())
        store.errors.append(ReadError(each.namespace, dimensions, each.error))


def _load_bucket(bucket: file.Bucket, now: datetime, store: MetricStore) -> None:
    # S3 reports once a day, for the day before.
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    yesterday = (midnight - timedelta(days=1)).timestamp()
    rows = [("BucketSizeBytes", kind, float(size)) for kind, size in bucket.bytes.items()]
    rows.append(("NumberOfObjects", "AllStorageTypes", float(bucket.objects)))
    for name, kind, value in rows:
        dimensions = frozenset({("BucketName", bucket.name), ("StorageType", kind)})
        key = MetricKey(_STORAGE, name, dimensions)
        for stat in ("Average", "Minimum", "Maximum", "Sum"):
            store.give(key, stat, [(yesterday, value)])
        store.give(key, "SampleCount", [(yesterday, 1.0)])
