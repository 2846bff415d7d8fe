"""The registration of a model, and the deployment that a run asks for."""

from typing import Any

from thriftline.core.payload import Payload


class RunDeployment(Payload):
    """``deployment_id`` is the execution's name, ``request`` its input; the same for a run.

    Without a request there is a reason why the version cannot be deployed so.
    """

    deployment_id: str | None
    request: dict[str, Any] | None
    reason: str = ""


class RegisterModelResponse(Payload):
    """The new version in the Model Registry.

    ``deployment`` is what the machine asks the deployment machine for; None: nothing is deployed.
    """

    model_package_arn: str
    deployment: RunDeployment | None = None


class StartedDeployment(Payload):
    """Whether the deployment machine took the run's request, and why not."""

    deployment_id: str | None
    started: bool
    reason: str | None = None
