"""All hooks of the state machine interpreter, in one call."""

from local_aws.clients import Clients
from local_aws.clock import Clock
from local_aws.hooks import Hooks
from local_aws.log_writer import LogWriter
from local_aws.stepfunctions import (
    assignments,
    definitions,
    distributed,
    errors,
    execution_logs,
    executions,
    integrations,
    jsonata,
    literals,
    waits,
)
from local_aws.stepfunctions.task_clocks import TaskClocks


def install(
    hooks: Hooks,
    clients: Clients,
    time_scale: float,
    writer: LogWriter,
    on_status: executions.StatusListener,
    clock: Clock,
    task_clocks: TaskClocks,
) -> None:
    """Make moto's interpreter behave as Step Functions does."""
    definitions.install(hooks)
    literals.install(hooks)
    jsonata.install(hooks)
    assignments.install(hooks)
    distributed.install(hooks)
    errors.install(hooks)
    waits.install(hooks, time_scale)
    task_clocks.install(hooks, clients)
    executions.install(hooks, on_status, clock)
    integrations.install(hooks, clients)
    execution_logs.install(hooks, writer)
