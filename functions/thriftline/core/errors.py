"""Every error that a Lambda raises on purpose.

The class name is an interface: Step Functions sees nothing else of a Python exception, and the
machines in ``statemachines/`` retry, reject or fail by it. A contract test holds the names in the
machines and the classes here equal, both ways. The message is for the person who reads the
result; it carries the numbers, the place and the fix.
"""

from enum import Enum
from typing import ClassVar


class Retry(Enum):
    """Whether a machine may make the same call again."""

    NEVER = "never: the same call gets the same answer"
    BACKOFF = "within minutes, with backoff and jitter"


class ThriftlineError(Exception):
    """The base of all of them; never raised itself.

    ``retry`` decides in which list of a machine a class stands; ``tools/write_no_retry_lists.py``
    writes those lists, and a test holds them equal to it.
    """

    retry: ClassVar[Retry] = Retry.NEVER


class ThrottledError(ThriftlineError):
    """AWS asked us to slow down. Retry with backoff and jitter."""

    retry = Retry.BACKOFF


class ServiceUnavailableError(ThriftlineError):
    """AWS answered 5xx or not at all. Retry with backoff and jitter.

    ``may_go_on``: AWS may still be at work on what was asked for, and a call that comes again soon
    would have it done twice.
    """

    retry = Retry.BACKOFF
    may_go_on = False


class QuotaExceededError(ThriftlineError):
    """A quota of the account is in use. A training waits its turn, or takes its next rung."""


class AccessDeniedError(ThriftlineError):
    """The function's role may not do this. Retrying cannot help: fail."""


class AwsRequestError(ThriftlineError):
    """AWS refuses the request as it stands. Retrying cannot help: fail."""


class UnreadableDocumentError(ThriftlineError):
    """What was kept has a form that this version does not know. Retrying cannot help: fail.

    ``problem`` names the place and what is wrong, ``fix`` is a sentence of what to do. As every
    error it can be made of one text: another function's error comes as that, and its fix with it.
    """

    def __init__(self, problem: str, fix: str = "") -> None:
        super().__init__(f"{problem} {fix}".strip())
        self.problem = problem
        self.fix = fix


class InvalidRunSpecError(ThriftlineError):
    """``run.yaml`` cannot be used. Reject the run; nothing was spent."""


class DatasetRejectedError(ThriftlineError):
    """The data set did not pass its checks. Reject the run; nothing was spent."""


class DatasetChangedError(ThriftlineError):
    """An object version of the data set is gone while the run reads it. Fail."""


class BudgetExceededError(ThriftlineError):
    """The worst case does not fit the run's cap or a budget. Reject the run; nothing was spent."""


class RunSettledError(ThriftlineError):
    """The budget of the run was settled already; it may start nothing any more. Fail."""


class InvalidStackParameterError(ThriftlineError):
    """A parameter of the stack cannot be used. Fail; nothing was spent."""


class UnpricedInstanceError(ThriftlineError):
    """The price catalogue has no training rate for the type here. Reject; nothing was spent."""


class DamagedPriceCatalogueError(ThriftlineError):
    """The price catalogue cannot be read. Nothing is priced by it: fail; nothing was spent."""


class UnknownInstanceTypeError(ThriftlineError):
    """The trainer has no instance type of this name. Reject the run; nothing was spent."""


class ApprovalRejectedError(ThriftlineError):
    """A person was asked and said no. Reject the run; nothing was spent."""


class ApprovalExpiredError(ThriftlineError):
    """A person was asked and nobody answered in time. Reject the run; nothing was spent."""


class NoQuotaError(ThriftlineError):
    """The account may not have what the training needs, however long it waits. Reject the run."""


class LadderExhaustedError(ThriftlineError):
    """No rung of a run's ladder is left to try; the message has what became of each. Fail."""


class AllowanceSpentError(ThriftlineError):
    """Too little is left of the dollars that a run may cost for another attempt. Fail."""


class CapacityError(ThriftlineError):
    """The trainer has nothing to train on now. Try another attempt, which goes on there."""


class TrainingInternalError(ThriftlineError):
    """The trainer failed, not the training program. Try another attempt, which goes on there."""


class TrainingFailedError(ThriftlineError):
    """The training program failed; the message is its own ``output/failure``. Fail."""


class TrainingStoppedError(ThriftlineError):
    """A person or another program stopped the training job. Fail."""


class OutOfWaitTimeError(ThriftlineError):
    """The training was not there, or not done, in the time that it may wait. Next rung."""


class OutOfRunTimeError(ThriftlineError):
    """The job reached its time limit before it ended. Fail."""


class EvaluationError(ThriftlineError):
    """The job's predictions are missing or do not fit the test split. Fail."""


class InvalidAuditInputError(ThriftlineError):
    """An audit was asked for something unknown. Fail; nothing was read and nothing was done."""


class InvalidServeSpecError(ThriftlineError):
    """``serve.yaml`` cannot be used. Refuse the deployment; nothing was changed."""


class DeploymentRefusedError(ThriftlineError):
    """A check before a deployment said no; the message names what and the fix. Change nothing."""


class DeploymentInProgressError(ThriftlineError):
    """Another deployment or experiment has the endpoint. Refuse; ask again when it has ended."""


class NothingToRollBackToError(ThriftlineError):
    """The former version is not known or is gone. Refuse the rollback; nothing was changed."""


class ExperimentRefusedError(ThriftlineError):
    """A comparison on live traffic cannot be made as it was asked for. Change nothing."""
