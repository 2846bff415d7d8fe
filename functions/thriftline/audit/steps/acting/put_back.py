"""Puts scaling and inference components of a living endpoint back, from its saved copy."""

from collections.abc import Callable
from datetime import datetime

from thriftline.audit.aws.acting.components import put_back_components
from thriftline.audit.aws.acting.executor import Executor
from thriftline.audit.aws.acting.scaling import put_back_targets
from thriftline.audit.aws.target_clients import TargetClients
from thriftline.audit.schemas.saved_endpoint import SavedEndpoint
from thriftline.core.errors import ServiceUnavailableError

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
