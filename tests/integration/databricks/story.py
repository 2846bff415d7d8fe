"""What happens to a run on the loopback Databricks: when its cluster comes, what is lost, how it
ends. A story is told before; a program is a story that ends when its process does."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Loss:
    """A Spot worker that is taken away after some seconds of work, and replaced later."""

    after_seconds: float
    replaced_after_seconds: float


@dataclass
class Story:
    """The life of one run, in seconds. ``works_seconds`` is None for a run that never ends.

    ``code`` and ``message`` are those of its termination; ``cluster_reason`` is why the cluster
    ended. ``pending_seconds`` pass before a cluster is asked for.
    """

    pending_seconds: float = 0
    set_up_seconds: float = 240
    works_seconds: float | None = 600
    clean_up_seconds: float = 30
    code: str = "SUCCESS"
    message: str = ""
    type: str = "SUCCESS"
    cluster_reason: str = "JOB_FINISHED"
    losses: Sequence[Loss] = ()
    error: str = ""
    logs: str = ""
    has_cluster: bool = True
    # Of EC2's on-demand rate; what Spot asks.
    spot_share: float = 0.35
    # Whether the time-out counts from the submission, or from the first second of work.
    times_out_from_start: bool = True
    extra: dict[str, object] = field(default_factory=dict)


class Work:
    """What runs on the cluster. This one follows its story."""

    def __init__(self, story: Story) -> None:
        self.story = story

    def ended_after(self, worked_seconds: float) -> float | None:
        """After how many seconds of work it ended; None while it works."""
        works = self.story.works_seconds
        return works if works is not None and worked_seconds >= works else None

    def kill(self) -> None:
        """Ends it."""
