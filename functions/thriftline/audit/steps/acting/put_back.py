"""Puts scaling and inference components of a living endpoint back, from its saved copy."""

from collections.abc import Callable
from datetime import datetime

from thriftline.core.aws.endpoints.components import put_back_components
from thriftline.core.aws.endpoints.scaling import put_back_targets
from thriftline.core.aws.executor import Executor
from thriftline.core.aws.target_clients import TargetClients
from thriftline.core.errors import ServiceUnavailableError
from thriftline.core.saved_endpoint import SavedEndpoint

_LOOKS = 30
_SECONDS_BETWEEN = 4.0


def put_back(
    executor: Executor,
    clients: TargetClients,
    copy: SavedEndpoint,
    now: datetime,
    sleep: Callable[[float], None],
) -> None:
    """Makes again what is missing, components first: scaling refers to them.

    Raises:
        ServiceUnavailableError: SageMaker is still at it after two minutes; asking again goes on.
        ThriftlineError: something could not be read, or was refused.
    """
    for again in range(_LOOKS):
        if again:
            sleep(_SECONDS_BETWEEN)
        left = put_back_components(executor, clients, copy.components)
        if not left or executor.dry_run:
            break
    else:
        raise ServiceUnavailableError(
            f"SageMaker still makes the inference components {', '.join(left)}; the next run goes "
            "on."
        )
    put_back_targets(executor, clients, copy.targets, now)
