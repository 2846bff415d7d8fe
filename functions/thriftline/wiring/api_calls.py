"""Puts together what the API's views start or call, each part when it is first asked for."""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from thriftline.core.aws.functions import Functions
    from thriftline.core.aws.machines import Machines


@cache
def machines() -> "Machines":
    """The stack's state machines."""
    from thriftline.core.aws.clients import client
    from thriftline.core.aws.machines import Machines

    return Machines(client("stepfunctions"))


@cache
def functions() -> "Functions":
    """The stack's other functions; a call that takes long is not made twice."""
    from thriftline.core.aws.clients import client_without_retries
    from thriftline.core.aws.functions import Functions

    return Functions(client_without_retries("lambda"))
