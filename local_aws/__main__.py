"""`python -m local_aws serve`: the embedded AWS with a template on it."""

import argparse
import os
import sys
from collections.abc import Sequence

from local_aws import command_line


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM.

    Without `--template` this repository's own stack is served, which is the laptop's work: its
    program goes on in this process.
    """
    parser = argparse.ArgumentParser(prog="python -m local_aws", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command_line.add_serve(commands)
    given = parser.parse_args(arguments)
    if given.template is None:
        words = sys.argv[1:] if arguments is None else list(arguments)
        os.execv(sys.executable, [sys.executable, "-m", "laptop", *words])
    if given.training_image:
        parser.error("--training-image is for this repository's own template, not for --template")
    if not command_line.in_own_environment():
        return command_line.run_in_own_environment("local_aws")
    command_line.log_to_stderr()
    return command_line.serve(given)


if __name__ == "__main__":
    sys.exit(main())
