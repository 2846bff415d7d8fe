"""How the embedded AWS serves models. Importing this is cheap: neither moto nor boto3 is loaded."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class ServingOptions:
    """The settings of all endpoints' containers.

    Args:
        command: what the training image runs as `serve`, with its interpreter.
        starts: how many containers load their model at a time; the others wait. Loading takes
            seconds of a core and hundreds of megabytes.
        seed: of the draws that choose a variant, and that sample captures and shadow copies.
        idle_seconds: how long a container lives on that no fleet needs: a rollback often comes
            back to it. On AWS a new one would be started.
        capture_seconds: seconds of the clock between two files of captured requests.
        gauge_seconds: seconds of the clock between two values of backlogs and concurrency.
    """

    command: Sequence[str]
    starts: int = 1
    seed: int = 0
    idle_seconds: float = 20.0
    capture_seconds: float = 60.0
    gauge_seconds: float = 10.0
