"""What all programs of Spark share: processes, faults, places, a folder; and their end."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from local_aws.preparation.logs import WriteLog
from local_aws.preparation.options import PreparationFaults, PreparationOptions
from local_aws.preparation.storage import RoleStorage
from local_aws.training.process_sessions import ProcessSessions
from local_aws.training.queue import JobQueue


class Life(Protocol):
    """Something that runs, and ends at once when everything does."""

    def close(self) -> None:
        """End."""


class Programs:
    """What all programs share: processes, faults, places, a folder."""

    def __init__(
        self,
        options: PreparationOptions,
        scratch: Path,
        client: Callable[[str, str], Any],
        write_log: WriteLog,
    ) -> None:
        self.options = options
        self.faults = PreparationFaults(options.faults)
        self.sessions = ProcessSessions()
        self.places = JobQueue(options.places)
        self.scratch = scratch
        self.client = client
        self.write_log = write_log
        self._lock = threading.Lock()
        self._lives: list[Life] = []
        self._closed = False

    def keep(self, life: Life) -> bool:
        """Remember what runs, so that `close` ends it; False where it is too late to begin."""
        with self._lock:
            if not self._closed:
                self._lives.append(life)
            return not self._closed

    def storage(self, arn: str, role: str) -> RoleStorage:
        """Return what the role of a run or job may do in S3, where the run is."""
        region, account = arn.split(":")[3:5]
        judged = role if self.options.check_role else None
        return RoleStorage(self.client("s3", region), account, region, judged)

    def close(self) -> None:
        """End everything at once."""
        with self._lock:
            self._closed = True
            lives, self._lives = self._lives, []
        for life in lives:
            life.close()
        self.sessions.close()
