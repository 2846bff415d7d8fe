"""The log groups that machine learning writes to.

Those are SageMaker's and Bedrock's own. Groups of Lambda functions are left out: which of them
belong to machine learning no name tells, and this stack's have a retention by its template.
"""

from datetime import UTC, datetime

from thriftline.audit.aws.collectors.reading import Answer, Collected, list_all
from thriftline.audit.aws.collectors.tags import BulkTags, read_bulk_tags
from thriftline.audit.domain.facts import ResourceKind, UnreadResource
from thriftline.audit.domain.resources.storage import LogGroup
from thriftline.core.aws.target_clients import TargetClients

PREFIXES = ("/aws/sagemaker", "/aws/bedrock", "/aws/vendedlogs/bedrock")


def collect_log_groups(clients: TargetClients) -> Collected[LogGroup]:
    """Returns the log groups under ``PREFIXES``."""
    client = clients.client("logs")
    rows: list[Answer] = []
    unread: list[UnreadResource] = []
    for prefix in PREFIXES:
        listed = list_all(client, "DescribeLogGroups", "logGroups", logGroupNamePrefix=prefix)
        rows += listed.rows
        unread += listed.gap(ResourceKind.LOG_GROUP)
    if not rows:
        return Collected((), tuple(unread))
    tags = read_bulk_tags(clients, "logs:log-group")
    return Collected(tuple(_group(row, tags) for row in rows), tuple(unread))


def _group(row: Answer, tags: BulkTags) -> LogGroup:
    # The ARN for policies ends in :*; that of the group itself, and of its tags, does not.
    arn = row.get("logGroupArn") or row["arn"].removesuffix(":*")
    made = row.get("creationTime")
    return LogGroup(
        name=row["logGroupName"],
        arn=arn,
        retention_days=row.get("retentionInDays"),
        stored_bytes=row.get("storedBytes", 0),
        created=None if made is None else datetime.fromtimestamp(made / 1000, UTC),
        tags=tags.of(arn),
    )
