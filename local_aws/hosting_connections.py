"""Connects hosting and CloudWatch with the rest: locks, clients, the event bus, the end."""

import contextlib
from collections.abc import Mapping
from typing import Any

from local_aws.clients import Clients
from local_aws.events.events import EventBus
from local_aws.http.gateway import Gateway
from local_aws.http.own_services import OwnServices
from local_aws.options import Options


def connect_hosting(
    services: OwnServices,
    options: Options,
    clients: Clients,
    bus: EventBus,
    gateway: Gateway,
    cleanup: contextlib.ExitStack,
) -> None:
    """Let endpoints, alarms and the metrics of services go on until `cleanup`."""
    home = (options.account, options.region)

    def publish(
        source: str, place: tuple[str, str], kind: str, detail: Mapping[str, Any], arns: list[str]
    ) -> None:
        # The buses of other accounts are nobody's here.
        if place == home:
            bus.publish(source=source, detail_type=kind, detail=detail, resources=arns)

    hosting, alarms, metrics = services.hosting, services.alarms, services.own_metrics
    hosting.options = options.hosting
    hosting.announce = lambda account, region, kind, detail, arns: publish(
        "aws.sagemaker", (account, region), kind, detail, arns
    )
    alarms.lock = lambda: gateway.lock("cloudwatch")
    alarms.actions.client = clients.get
    alarms.actions.announce = lambda account, region, detail, arns: publish(
        "aws.cloudwatch", (account, region), "CloudWatch Alarm State Change", detail, arns
    )
    metrics.lock = lambda: gateway.lock("sqs")
    metrics.begin(*home)
    cleanup.callback(metrics.close)
    alarms.run()
    cleanup.callback(alarms.close)
    hosting.run(services.sagemaker, lambda: gateway.lock("sagemaker"))
    cleanup.callback(hosting.close)
