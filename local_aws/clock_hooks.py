"""Lets moto, and the evaluator of JSONata, take their time stamps from our clock.

moto asks for the time in two ways: through `moto.core.utils.utcnow`, which each module imports by
name, and, in its Step Functions interpreter and its S3, through the module `datetime`.
"""

import datetime
import sys
from types import ModuleType
from typing import Any

from jsonata.timebox import Timebox
from moto import backends
from moto.core import utils
from moto.s3 import models as s3_models
from moto.stepfunctions.parser import models as parser_models
from moto.stepfunctions.parser.asl.component.state import state
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.itemprocessor import (
    map_run_record,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_parallel import branches_decl
from moto.stepfunctions.parser.asl.component.state.wait.wait_function import timestamp
from moto.stepfunctions.parser.asl.eval.event import event_manager
from moto.stepfunctions.parser.backend import activity, alias, execution, state_machine

from local_aws.clock import Clock
from local_aws.hooks import Hooks
from local_aws.http.supported import SUPPORTED

_USE_DATETIME = (
    activity,
    alias,
    branches_decl,
    event_manager,
    execution,
    map_run_record,
    parser_models,
    s3_models,
    state,
    state_machine,
    timestamp,
)
# A client compares the expiry of its credentials with its own clock.
_REAL_TIME = frozenset({"moto.sts.models"})


def install(hooks: Hooks, clock: Clock) -> None:
    """Let moto ask `clock` until the hooks are undone."""
    _import_backends()
    original = utils.utcnow

    def utcnow() -> datetime.datetime:
        return clock.now().replace(tzinfo=None)

    for name, module in list(sys.modules.items()):
        uses = name.startswith("moto.") and getattr(module, "utcnow", None) is original
        if uses and name not in _REAL_TIME:
            hooks.replace(module, "utcnow", utcnow)
    shim = _datetime_module(clock)
    for module in _USE_DATETIME:
        hooks.replace(module, "datetime", shim)
    # $now() and $millis().
    milliseconds = staticmethod(lambda: int(clock.now().timestamp() * 1000))
    hooks.replace(Timebox, "current_milli_time", milliseconds)


def _import_backends() -> None:
    # A module that moto imports later would take our function for good.
    for service in SUPPORTED:
        if service in backends.list_of_moto_modules():
            backends.get_backend(service)


def _datetime_module(clock: Clock) -> ModuleType:
    """Return the module `datetime` with a `datetime.now` that asks `clock`."""

    class OfAnyClock(type):
        def __instancecheck__(cls, instance: Any) -> bool:
            return isinstance(instance, datetime.datetime)

    class ClockDatetime(datetime.datetime, metaclass=OfAnyClock):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Any:
            moment = clock.now()
            return moment.astimezone(tz) if tz else moment.replace(tzinfo=None)

    shim = ModuleType("datetime")
    shim.__dict__.update(vars(datetime))
    shim.datetime = ClockDatetime  # type: ignore[attr-defined]
    return shim
