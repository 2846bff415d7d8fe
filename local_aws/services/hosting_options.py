"""How long hosting takes. Importing this is cheap."""

from dataclasses import dataclass


@dataclass(frozen=True)
class HostingOptions:
    """How long the parts of a change of an endpoint take, in seconds of the service time.

    The time scale divides all of them. On AWS `provisioning_seconds` are some minutes.

    Args:
        provisioning_seconds: until new instances run; containers that start may take longer.
        activation_seconds: until traffic has moved.
        deletion_seconds: until instances or an endpoint are gone.
        missing_seconds: until SageMaker gives up on an artifact or an image that is not there.
        seed: of what is drawn for each request.
    """

    provisioning_seconds: float = 20.0
    activation_seconds: float = 2.0
    deletion_seconds: float = 2.0
    missing_seconds: float = 3600.0
    seed: int = 0
