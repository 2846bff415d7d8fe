"""``schedule``: what the clock does to an endpoint, and doing it now."""

import argparse

from cli.endpoints.answers import Exit
from cli.endpoints.deployments import Answer
from cli.endpoints.executions import call
from cli.endpoints.stack import Stack

FUNCTION = "ActOnScheduleFunctionName"


def schedule(asked: argparse.Namespace, stack: Stack) -> Answer:
    """Shows the schedule of a project's endpoint, or puts it to sleep or wakes it now."""
    endpoint = stack.endpoint_of(asked.project, asked.endpoint)
    request = {
        "action": asked.step,
        "endpoint": endpoint,
        "project": asked.project,
        "requested_by": stack.caller,
    }
    return call(FUNCTION, request, stack), Exit.DONE
