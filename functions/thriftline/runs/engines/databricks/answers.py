"""What the workspace answers, as far as the engine reads it. More may be there, and is left."""

from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict, Field


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)


class Submitted(_Answer):
    """The answer to a submission."""

    run_id: int


class TerminationDetails(_Answer):
    """Why a run ended. A code that is not known is kept as it is."""

    code: str = ""
    message: str = ""
    type: str = ""


class RunStatus(_Answer):
    """Where a run is."""

    state: str
    termination_details: TerminationDetails = TerminationDetails()


class ClusterInstance(_Answer):
    """The cluster of a task; without an id until it was asked for."""

    cluster_id: str | None = None


class Task(_Answer):
    """The one task of a run, which has a number of its own."""

    run_id: int | None = None
    cluster_instance: ClusterInstance | None = None


class Run(_Answer):
    """A run; times are milliseconds, 0 or absent before they are known."""

    run_id: int
    run_name: str = ""
    status: RunStatus
    start_time: int = 0
    end_time: int = 0
    run_duration: int = 0
    run_page_url: str = ""
    tasks: tuple[Task, ...] = ()

    @property
    def has_ended(self) -> bool:
        """Whether it is over; one that is being stopped is not."""
        return self.status.state == "TERMINATED"

    @property
    def cluster_id(self) -> str | None:
        """The id of its cluster, None where none was asked for."""
        found = [one.cluster_instance for one in self.tasks if one.cluster_instance]
        return found[0].cluster_id if found else None

    @property
    def task_run_id(self) -> int | None:
        """The number by which its task's output is asked for."""
        return self.tasks[0].run_id if self.tasks else None


class ListedRun(_Answer):
    """A run in a list."""

    run_id: int
    run_name: str = ""


class RunList(_Answer):
    """A page of runs, the latest first."""

    runs: tuple[ListedRun, ...] = ()
    next_page_token: str = ""


class TerminationReason(_Answer):
    """Why a cluster ended, or why it did not get nodes."""

    code: str = ""


class ClusterSize(_Answer):
    """How large a cluster was asked for."""

    num_workers: int | None = None


class EventDetails(_Answer):
    """How many workers there are, and shall be, after an event."""

    current_num_workers: int | None = None
    target_num_workers: int | None = None
    cluster_size: ClusterSize | None = None
    reason: TerminationReason | None = None

    @property
    def workers(self) -> int | None:
        """How many may be paid for from now on; None where the event does not say."""
        asked = self.cluster_size.num_workers if self.cluster_size else None
        known = [
            one
            for one in (self.current_num_workers, self.target_num_workers, asked)
            if one is not None
        ]
        return max(known) if known else None


class ClusterEvent(_Answer):
    """Something that happened to a cluster."""

    timestamp: int = 0
    type: str
    details: EventDetails = EventDetails()


class EventList(_Answer):
    """A page of events."""

    events: tuple[ClusterEvent, ...] = ()
    next_page_token: str = ""


class RunOutput(_Answer):
    """What a task said: its own error, and the end of its standard streams."""

    error: str = ""
    logs: str = Field("", repr=False)


def time_of(milliseconds: int) -> datetime | None:
    """Returns a time; None before it is known."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds else None
