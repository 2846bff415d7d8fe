"""Puts together what the API's views of serving ask, each part when it is first asked for.

Imports stand in the functions: a cold start loads what its first call needs, and no more.
"""

from functools import cache
from typing import TYPE_CHECKING

from thriftline.wiring.api_calls import artifacts, functions, machines
from thriftline.wiring.shared import now, settings

if TYPE_CHECKING:
    from thriftline.serving.aws.endpoints import Endpoints
    from thriftline.serving.aws.endpoints_table import EndpointsTable
    from thriftline.serving.steps.ask_for_change import ChangingSite
    from thriftline.serving.steps.ask_for_comparison import ComparingSite
    from thriftline.serving.steps.ask_for_schedule import ScheduleMachine
    from thriftline.serving.steps.list_endpoints import ListingSite
    from thriftline.serving.steps.show_deployment import DeploymentSite
    from thriftline.serving.steps.show_endpoint import ShowingSite

__all__ = ["artifacts", "functions", "now", "settings"]


@cache
def endpoints_table() -> "EndpointsTable":
    """The table of endpoints."""
    from thriftline.core.aws.clients import interactive_client
    from thriftline.serving.aws.endpoints_table import EndpointsTable

    return EndpointsTable(interactive_client("dynamodb"), settings().endpoints_table)


@cache
def endpoints() -> "Endpoints":
    """SageMaker's endpoints in the stack's region."""
    from thriftline.core.aws.clients import interactive_client
    from thriftline.serving.aws.endpoints import Endpoints

    return Endpoints(interactive_client("sagemaker"))


def listing_site() -> "ListingSite":
    """Where endpoints and deployments are listed."""
    from thriftline.serving.steps.list_endpoints import ListingSite

    return ListingSite(endpoints_table(), endpoints())


def showing_site() -> "ShowingSite":
    """Where one endpoint is looked at."""
    from thriftline.serving.steps.show_endpoint import ShowingSite

    return ShowingSite(endpoints_table(), endpoints(), artifacts())


def changing_site() -> "ChangingSite":
    """What changes what serves."""
    from thriftline.core.aws.clients import interactive_client
    from thriftline.serving.aws.deployment_alarms import DeploymentAlarms
    from thriftline.serving.steps.ask_for_change import ChangingSite

    return ChangingSite(
        functions=functions(),
        machines=machines(),
        table=endpoints_table(),
        alarms=DeploymentAlarms(interactive_client("cloudwatch")),
        preview_function=settings().preview_function,
        deploy_machine=settings().deploy_machine_arn,
    )


def comparing_site() -> "ComparingSite":
    """What compares versions."""
    from thriftline.serving.steps.ask_for_comparison import ComparingSite

    return ComparingSite(
        machines=machines(),
        table=endpoints_table(),
        artifacts=artifacts(),
        compare_machine=settings().compare_machine_arn,
    )


def deployment_site() -> "DeploymentSite":
    """Where one deployment is looked at."""
    from thriftline.serving.steps.show_deployment import DeploymentSite

    return DeploymentSite(
        machines=machines(),
        table=endpoints_table(),
        artifacts=artifacts(),
        deploy_machine=settings().deploy_machine_arn,
    )


def schedule_machine() -> "ScheduleMachine":
    """What puts endpoints to sleep and wakes them."""
    from thriftline.serving.steps.ask_for_schedule import ScheduleMachine

    return ScheduleMachine(machines(), settings().schedule_machine_arn)
