"""Runs of the loopback Databricks that do their work: the program itself, with Spark, or where this
machine has none the stand-in of the embedded AWS, which says so in its page."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from local_aws.preparation.options import STAND_IN, PreparationFaults, PreparationOptions
from local_aws.preparation.program import Command, Outcome, Program
from local_aws.preparation.storage import RoleStorage
from local_aws.training.process_sessions import ProcessSessions
from tests.integration.databricks.story import Story, Work

ACCOUNT, REGION = "123456789012", "us-east-1"


class ProgramWork(Work):
    """A process that reads and writes S3 as the cluster's instance profile may."""

    def __init__(self, program: Program) -> None:
        super().__init__(Story(set_up_seconds=0, clean_up_seconds=0))
        self._program = program
        self._stopped = threading.Event()
        self._outcome: Outcome | None = None
        self._seconds: float | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def ended_after(self, worked_seconds: float) -> float | None:
        if self._outcome is None:
            return None
        # When it was first seen to have ended; a bill is never less for that.
        self._seconds = worked_seconds if self._seconds is None else self._seconds
        return self._seconds

    def kill(self) -> None:
        self._stopped.set()

    def _run(self) -> None:
        outcome = self._program.run(self._stopped.is_set)
        if outcome.exit_code:
            self.story.code = "RUN_EXECUTION_ERROR"
            self.story.type = "CLIENT_ERROR"
            self.story.message = "Task prepare failed."
            self.story.error = outcome.problem or f"SystemExit: {outcome.exit_code}"
            self.story.logs = outcome.stderr.decode(errors="replace")
        self._outcome = outcome


def spark_or_stand_in() -> PreparationOptions:
    """The options of a machine with Spark, or those of the stand-in."""
    options = PreparationOptions(cores=2)
    return replace(options, program=STAND_IN) if options.missing() else options


def quick() -> PreparationOptions:
    """The options of the stand-in, on every machine."""
    return PreparationOptions(program=STAND_IN)


def programs(
    s3: Any, folder: Path, options: PreparationOptions
) -> Callable[[Mapping[str, Any]], ProgramWork]:
    """Returns what makes the work of a submission."""
    sessions, faults = ProcessSessions(), PreparationFaults()

    def work(body: Mapping[str, Any]) -> ProgramWork:
        (task,) = body["tasks"]
        name = str(body["run_name"])
        command = Command(
            name,
            task["spark_python_task"]["python_file"],
            tuple(task["spark_python_task"]["parameters"]),
            task["new_cluster"]["spark_conf"],
            {},
        )
        storage = RoleStorage(s3, ACCOUNT, REGION, None)
        return ProgramWork(Program(command, storage, folder / name, options, sessions, faults))

    return work
