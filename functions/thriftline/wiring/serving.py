"""Puts the adapters of serving together from the environment, each when it is first asked for."""

from functools import cache

from thriftline.core.aws.buckets import Bucket
from thriftline.core.aws.clients import client
from thriftline.serving.aws.endpoints_table import EndpointsTable
from thriftline.wiring.shared import alerts, artifacts, event_bus, now, settings

__all__ = [
    "alerts",
    "artifacts",
    "data_bucket",
    "endpoints_table",
    "event_bus",
    "now",
    "settings",
]


@cache
def data_bucket() -> Bucket:
    """The bucket that people upload to; ``serve.yaml`` lies beside a project's data."""
    return Bucket(client("s3"), settings().data_bucket)


@cache
def endpoints_table() -> EndpointsTable:
    """The table of endpoints."""
    return EndpointsTable(client("dynamodb"), settings().endpoints_table)
