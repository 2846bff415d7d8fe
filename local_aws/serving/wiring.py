"""Starts the runtime of endpoints with real containers."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

from local_aws.clients import Clients
from local_aws.clock import Clock
from local_aws.http.gateway import Gateway
from local_aws.http.own_calls import OwnCalls
from local_aws.http.own_services import OwnServices
from local_aws.log_writer import LogWriter
from local_aws.serving.options import ServingOptions
from local_aws.serving.process import ProcessStarter
from local_aws.serving.runtime import Serving, World
from local_aws.training.process_sessions import ProcessSessions
from local_aws.transform import wiring as transform

RUNTIME = "sagemaker-runtime"


def connect(
    services: OwnServices,
    options: ServingOptions,
    *,
    own: OwnCalls,
    gateway: Gateway,
    clients: Clients,
    clock: Clock,
    writer: LogWriter,
    scratch: Path,
    environment: Mapping[str, str],
    cleanup: ExitStack,
) -> None:
    """Let endpoints be served by the image's program, and their calls reach it."""
    sessions = ProcessSessions()
    cleanup.callback(sessions.close)
    world = World(
        stores=services.sagemaker,
        metrics=services.metrics,
        client=_client_of(clients),
        lock=gateway.lock,
        clock=clock,
        write_log=writer.append,
        scratch=scratch,
        region=clients.region,
    )
    serving = Serving(world, options, ProcessStarter(options.command, sessions, environment))
    cleanup.callback(serving.close)
    services.serving = serving
    services.hosting.serving = serving
    own.add(RUNTIME, serving.operations())
    transform.connect(
        services.transform,
        serving,
        client=world.client,
        clock=clock,
        write_log=writer.append,
    )
    cleanup.callback(services.transform.close)


def _client_of(clients: Clients) -> Callable[[str, str], object]:
    return lambda service, region: clients.get(service, region)
