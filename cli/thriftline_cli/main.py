"""``thriftline``: reads the command line and runs the command."""

import os
import sys
from collections.abc import Sequence

from thriftline_cli.options import parsed, parser_for


def main(words: Sequence[str] | None = None) -> int:
    """Runs a command line; returns its exit code."""
    if "_ARGCOMPLETE" in os.environ:
        _complete()
    asked = parsed(sys.argv[1:] if words is None else words)
    from thriftline_cli.context import Context
    from thriftline_cli.interrupts import Interrupts
    from thriftline_cli.running import run

    interrupts = Interrupts()
    interrupts.listen()
    code = run(Context(asked, sleep=interrupts.sleep))
    _close_stdout()
    return code


def _complete() -> None:
    """Answers a shell that asks what may come next, and ends."""
    import argcomplete

    argcomplete.autocomplete(parser_for(None), always_complete_options=False)


def _close_stdout() -> None:
    """Gives the answer out; a reader who left early is no fault of the command."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
