"""What runs and audits both are given from the environment, each when it is first asked for."""

import os
from datetime import UTC, datetime
from functools import cache

from thriftline.core.aws.buckets import Bucket
from thriftline.core.aws.clients import client
from thriftline.core.aws.event_bus import EventBus
from thriftline.core.aws.topic import Topic
from thriftline.core.settings import Settings


def now() -> datetime:
    """The time, in UTC; steps and domain take it as an argument."""
    return datetime.now(UTC)


@cache
def settings() -> Settings:
    """The function's environment."""
    return Settings(os.environ)


@cache
def artifacts() -> Bucket:
    """The bucket that Thriftline writes to."""
    return Bucket(client("s3"), settings().artifacts_bucket)


@cache
def alerts() -> Topic:
    """The topic for messages to people."""
    return Topic(client("sns"), settings().alerts_topic_arn)


@cache
def event_bus() -> EventBus:
    """The bus for events to other systems."""
    return EventBus(client("events"), settings().event_bus)
