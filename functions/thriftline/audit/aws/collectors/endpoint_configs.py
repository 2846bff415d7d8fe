"""Configs of endpoints: they cost nothing, and are what a rollback or a restore needs."""

from typing import Any

from thriftline.audit.aws.collectors.reading import (
    Answer,
    Collected,
    attempt_existing,
    describe_all,
    list_all,
)
from thriftline.audit.domain.facts import Fact, ResourceKind
from thriftline.audit.domain.resources.served import EndpointConfig
from thriftline.core.aws.target_clients import TargetClients

_PAGE = 100
_KIND = ResourceKind.ENDPOINT_CONFIG
_MEMBERS = ("ProductionVariants", "ShadowProductionVariants")


def collect_endpoint_configs(clients: TargetClients) -> Collected[EndpointConfig]:
    """Returns all configs of the account and region."""
    client = clients.client("sagemaker")
    listed = list_all(client, "ListEndpointConfigs", "EndpointConfigs", MaxResults=_PAGE)
    names = [row["EndpointConfigName"] for row in listed.rows]
    answers, unread = describe_all(_KIND, names, lambda name: _described(client, name))
    return Collected(tuple(map(_config, answers)), (*listed.gap(_KIND), *unread))


def _described(client: Any, name: str) -> Fact[Answer | None]:
    return attempt_existing(
        "DescribeEndpointConfig", lambda: client.describe_endpoint_config(EndpointConfigName=name)
    )


def _config(answer: Answer) -> EndpointConfig:
    variants = [one for member in _MEMBERS for one in answer.get(member, ())]
    return EndpointConfig(
        name=answer["EndpointConfigName"],
        arn=answer["EndpointConfigArn"],
        created=answer["CreationTime"],
        models=tuple(sorted({one["ModelName"] for one in variants if one.get("ModelName")})),
    )
