"""How the embedded Bedrock is set: how long things take, who answers, and bad luck."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local_aws.generative.engines import Engines

LICENCE_MESSAGE = (
    "Automated tests flagged this fine-tuning job as potentially including materials that are "
    "inconsistent with Anthropic's third-party license terms."
)
UNEXPECTED_MESSAGE = "Encountered an unexpected error when processing the request, please try again"


class Step(StrEnum):
    """What takes its time; a job's phases are named by their member of statusDetails."""

    VALIDATION = "validationDetails"
    PROCESSING = "dataProcessingDetails"
    TRAINING = "trainingDetails"
    STOPPING = "stopping"
    DEPLOYMENT = "deployment"
    UPDATE = "update"
    THROUGHPUT = "throughput"


PHASES = (Step.VALIDATION, Step.PROCESSING, Step.TRAINING)


@dataclass(frozen=True)
class StepFault:
    """Bad luck for the next `times` jobs, deployments or throughputs whose name fits.

    At the end of `step` one fails with the message. Without a message it stays there: a job until
    it is stopped, all others for ever.
    """

    step: Step
    message: str | None = None
    name: str = "*"
    times: int = 1


class StepFaults:
    """The faults that still wait; safe for threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._waiting: list[StepFault] = []

    def add(self, *faults: StepFault) -> None:
        """Let bad luck wait."""
        with self._lock:
            self._waiting += faults

    def take(self, name: str, step: Step) -> StepFault | None:
        """Take the first fault that waits for something of this name in a step."""
        with self._lock:
            for index, fault in enumerate(self._waiting):
                if fault.step != step or not fnmatchcase(name, fault.name):
                    continue
                left = replace(fault, times=fault.times - 1)
                self._waiting[index : index + 1] = [left] if left.times else []
                return fault
        return None


# Seconds of AWS. A deployment was seen to take 8 minutes there, and a job takes hours.
_SECONDS = {
    Step.VALIDATION: 60.0,
    Step.PROCESSING: 60.0,
    Step.TRAINING: 120.0,
    Step.STOPPING: 30.0,
    Step.DEPLOYMENT: 120.0,
    Step.UPDATE: 60.0,
    Step.THROUGHPUT: 120.0,
}


def _engines() -> "Engines":
    # The engines need numpy, which whoever calls no Bedrock does not load.
    from local_aws.generative.engines import Engines

    return Engines.of_this_machine()


@dataclass(frozen=True)
class BedrockOptions:
    """The settings of the embedded Bedrock.

    Args:
        seconds: how long each step takes on the clock of the embedded AWS, before the time scale
            divides it. Training takes at least so long, and as long as the engine needs.
        engines: makes what trains and answers, at the first call that needs it.
    """

    seconds: Mapping[Step, float] = field(default_factory=lambda: dict(_SECONDS))
    engines: Callable[[], "Engines"] = _engines
