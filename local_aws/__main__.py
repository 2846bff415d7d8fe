"""`python -m local_aws serve`: the embedded AWS with a template on it."""

import argparse
import importlib
import sys
from collections.abc import Sequence

from local_aws import command_line

# By its name only: the embedded AWS knows no stack, the laptop's program knows this one.
_OWN_STACK = "laptop.__main__"


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM.

    Without `--template` this repository's own stack is served, which is the laptop's work.
    """
    parser = argparse.ArgumentParser(prog="python -m local_aws", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command_line.add_serve(commands)
    given = parser.parse_args(arguments)
    if given.template is None:
        return int(importlib.import_module(_OWN_STACK).main(arguments))
    if given.training_image:
        parser.error("--training-image is for this repository's own template, not for --template")
    if not command_line.in_own_environment():
        return command_line.run_in_own_environment("local_aws")
    return command_line.with_all_packages("local_aws", lambda: _serve(given))


def _serve(given: argparse.Namespace) -> int:
    command_line.log_to_stderr()
    return command_line.serve(given)


if __name__ == "__main__":
    sys.exit(main())
