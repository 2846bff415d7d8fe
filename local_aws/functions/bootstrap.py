"""What ``/var/runtime/bootstrap.py`` is on Lambda: the first file that an interpreter runs.

Run by the functions' own interpreter as ``python -P bootstrap.py HANDLER FUNCTION_ARN [LAYER …]``:
it may use awslambdaric and the standard library only. It puts the function's code first on the
path, then the packages of its layers, hides what only the emulator sets, and gives the context the
function's true ARN, which the emulator makes up.
"""

import os
import secrets
import sys
import time
from typing import Any

_SET_ONLY_BY_THE_EMULATOR = ("AWS_LAMBDA_FUNCTION_TIMEOUT", "LC_CTYPE")


def main(handler: str, function_arn: str, *layers: str) -> None:
    """Serve invocations of a handler until the process is killed."""
    for name in _SET_ONLY_BY_THE_EMULATOR:
        os.environ.pop(name, None)
    sys.path[:0] = [os.environ["LAMBDA_TASK_ROOT"], *layers]
    from awslambdaric import __main__ as runtime
    from awslambdaric import bootstrap

    make_context = bootstrap.create_lambda_context

    def make_true_context(*arguments: Any) -> Any:
        context = make_context(*arguments)
        context.invoked_function_arn = function_arn
        os.environ["_X_AMZN_TRACE_ID"] = _trace_header()
        return context

    bootstrap.create_lambda_context = make_true_context
    runtime.main(["bootstrap", handler])


def _trace_header() -> str:
    """Return a trace header that is not sampled: there is no X-Ray daemon to send segments to."""
    root = f"1-{int(time.time()):08x}-{secrets.token_hex(12)}"
    return f"Root={root};Parent={secrets.token_hex(8)};Sampled=0"


if __name__ == "__main__":
    main(*sys.argv[1:])
