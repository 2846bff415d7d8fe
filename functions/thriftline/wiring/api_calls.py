"""Puts together what the API's views start, call or read, each part when it is first asked for.

Somebody waits for all of it: the API's wiring takes interactive clients, and no other.
"""

from functools import cache
from typing import TYPE_CHECKING

from thriftline.wiring.shared import settings

if TYPE_CHECKING:
    from thriftline.core.aws.buckets import Bucket
    from thriftline.core.aws.functions import Functions
    from thriftline.core.aws.machines import Machines


@cache
def artifacts() -> "Bucket":
    """The bucket that Thriftline writes to."""
    from thriftline.core.aws.buckets import Bucket
    from thriftline.core.aws.clients import interactive_client

    return Bucket(interactive_client("s3"), settings().artifacts_bucket)


@cache
def machines() -> "Machines":
    """The stack's state machines."""
    from thriftline.core.aws.clients import interactive_client
    from thriftline.core.aws.machines import Machines

    return Machines(interactive_client("stepfunctions"))


@cache
def functions() -> "Functions":
    """The stack's other functions; a call that takes long is not made twice."""
    from thriftline.core.aws.clients import interactive_client_without_retries
    from thriftline.core.aws.functions import Functions

    return Functions(interactive_client_without_retries("lambda"))
