"""One call of DynamoDB at a time: what moto does in several steps, DynamoDB does in one.

moto's transactions copy a table and put the copy back when a condition fails. A write that came in
between would be lost, and two conditions that exclude each other could both hold.
"""

import threading
from collections.abc import Callable
from functools import wraps
from typing import Any

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.responses import DynamoHandler

from local_aws.hooks import Hooks

_CALLS = (
    "batch_get_item",
    "delete_item",
    "get_item",
    "put_item",
    "query",
    "scan",
    "transact_get_items",
    "transact_write_items",
    "update_item",
)


def install(hooks: Hooks) -> None:
    """Let the calls that read or write items wait for each other."""
    lock = threading.RLock()
    # A call answers with the item itself, which must stay as it is until it has become JSON.
    hooks.replace(DynamoHandler, "call_action", _one_at_a_time(DynamoHandler.call_action, lock))
    for name in _CALLS:
        hooks.replace(DynamoDBBackend, name, _one_at_a_time(getattr(DynamoDBBackend, name), lock))


def _one_at_a_time(call: Callable[..., Any], lock: threading.RLock) -> Callable[..., Any]:
    @wraps(call)
    def locked(*args: Any, **kwargs: Any) -> Any:
        with lock:
            return call(*args, **kwargs)

    return locked
