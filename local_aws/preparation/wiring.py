"""Connects EMR Serverless and processing jobs with the rest: clients, events, logs, the end."""

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local_aws.clients import Clients
from local_aws.events.events import EventBus
from local_aws.http.own_services import OwnServices
from local_aws.log_writer import LogWriter
from local_aws.options import Options
from local_aws.preparation.emr_runner import EmrRunner
from local_aws.preparation.processing_life import ProcessingWorld
from local_aws.preparation.programs import Programs
from local_aws.services.sagemaker_processing import announce

_EMR = "aws.emr-serverless"


def connect_preparation(
    services: OwnServices,
    options: Options,
    clients: Clients,
    bus: EventBus,
    writer: LogWriter,
    scratch: Path,
    cleanup: contextlib.ExitStack,
) -> Programs | None:
    """Let programs run, and what changes be heard of, until `cleanup`."""
    home = (options.account, options.region)

    def publish(account: str, region: str, kind: str, detail: Mapping[str, Any]) -> None:
        # The buses of other accounts are nobody's here.
        if (account, region) == home:
            bus.publish(source=_EMR, detail_type=kind, detail=detail, resources=[])

    services.emr_serverless.announce = publish
    if options.preparation is None:
        return None
    scratch.mkdir()
    programs = Programs(options.preparation, scratch, clients.get, writer.append)
    cleanup.callback(programs.close)
    services.emr_serverless.runs.runner = EmrRunner(
        programs, services.clock, services.quotas, publish
    )
    services.processing.world = ProcessingWorld(
        programs,
        services.clock.now,
        lambda job: announce(clients.get("events", job.arn.split(":")[3]), job),
    )
    return programs
