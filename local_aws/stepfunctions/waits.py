"""Waits and retry delays, divided by the time scale.

Time-outs are not scaled: what runs inside them (a Lambda, a training) takes its real time. That of
a task which waits for its token is a wait, and runs on the clock's second hand (task_tokens.py).
"""

import time
from types import SimpleNamespace
from typing import Any

from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.state.wait.wait_function import wait_function

from local_aws.hooks import Hooks

# moto sets and clears its interrupt event at once, so a waiter can miss it: look again often.
_LOOK_AGAIN_SECONDS = 0.25


def install(hooks: Hooks, time_scale: float) -> None:
    """Scale `Wait` states (seconds and timestamps alike) and the backoff of `Retry`."""

    def wait_interval(_self: Any, env: Any, wait_seconds: float) -> None:
        deadline = time.monotonic() + wait_seconds / time_scale
        while env.is_running() and (left := deadline - time.monotonic()) > 0:
            env.program_state_event.wait(min(left, _LOOK_AGAIN_SECONDS))

    def sleep(seconds: float) -> None:
        time.sleep(seconds / time_scale)

    hooks.replace(wait_function.WaitFunction, "_wait_interval", wait_interval)
    hooks.replace(retrier_decl, "time", SimpleNamespace(sleep=sleep))
