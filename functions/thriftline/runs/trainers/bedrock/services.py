"""What the phases of an attempt are done with, and which errors of AWS pass by themselves."""

from collections.abc import Callable
from datetime import datetime

from botocore.exceptions import ClientError

from thriftline.core.aws.buckets import Bucket
from thriftline.core.aws.clients import code_of
from thriftline.core.aws.schedules import OneTimeSchedules
from thriftline.core.dataclass import dataclass
from thriftline.core.errors import (
    QuotaExceededError,
    ServiceUnavailableError,
    ThriftlineError,
    ThrottledError,
)
from thriftline.runs.trainers.bedrock.attempt_document import AttemptDocuments
from thriftline.runs.trainers.bedrock.conversation import Conversation
from thriftline.runs.trainers.bedrock.customization_jobs import CustomizationJobs
from thriftline.runs.trainers.bedrock.deployments import Deployments
from thriftline.runs.trainers.bedrock.judging import EvaluationJobs
from thriftline.runs.trainers.bedrock.throughputs import Throughputs

# What was made a moment ago may not be there yet, or be busy with something else.
_PASSING_CODES = {"ResourceNotFoundException", "ConflictException"}


@dataclass(frozen=True)
class BedrockServices:
    """The adapters of one region, and the time.

    ``now`` is for limits, ``monotonic`` for how long one poll has asked already. The adapters are
    made when they are first asked for.
    """

    jobs: Callable[[], CustomizationJobs]
    deployments: Callable[[], Deployments]
    conversation: Callable[[], Conversation]
    artifacts: Bucket
    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    throughputs: Callable[[], Throughputs] | None = None
    evaluation_jobs: Callable[[], EvaluationJobs] | None = None
    schedules: Callable[[], OneTimeSchedules] | None = None

    @property
    def documents(self) -> AttemptDocuments:
        """What the attempts remember."""
        return AttemptDocuments(self.artifacts)


def passes(error: ThriftlineError) -> bool:
    """Whether a later call may succeed where this one failed."""
    if isinstance(error, (ThrottledError, ServiceUnavailableError, QuotaExceededError)):
        return True
    cause = error.__cause__
    return isinstance(cause, ClientError) and code_of(cause) in _PASSING_CODES
