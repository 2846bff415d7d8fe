"""Single log groups."""

from typing import Any

from thriftline.core.aws.clients import translated
from thriftline.core.aws.target_clients import TargetClients


def read_log_group(clients: TargetClients, name: str) -> dict[str, Any] | None:
    """Returns one log group as DescribeLogGroups tells of it, None when there is none.

    Raises:
        ThriftlineError: CloudWatch Logs did not say.
    """
    with translated(f"reading the log group {name}"):
        pages = clients.client("logs").get_paginator("describe_log_groups")
        for page in pages.paginate(logGroupNamePrefix=name):
            for group in page["logGroups"]:
                if group["logGroupName"] == name:
                    return dict(group)
    return None


def log_group_tags(clients: TargetClients, group: dict[str, Any]) -> dict[str, str]:
    """Returns the tags of a log group.

    Raises:
        ThriftlineError: CloudWatch Logs did not say.
    """
    # "arn" ends in ":*", which this call does not take.
    arn = group.get("logGroupArn") or group["arn"].removesuffix(":*")
    with translated(f"reading the tags of {arn}"):
        answer = clients.client("logs").list_tags_for_resource(resourceArn=arn)
    return dict(answer["tags"])
