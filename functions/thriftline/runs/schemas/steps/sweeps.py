"""The scheduled sweeps of the ledger and of Bedrock."""

from decimal import Decimal

from thriftline.core.payload import Payload


class SweepLedgerRequest(Payload):
    """The schedule's input: nothing has to be said."""


class SweptHold(Payload):
    """A hold that the sweep replaced by what its run was billed."""

    run_id: str
    held_usd: Decimal
    settled_usd: Decimal
    reason: str


class SweepLedgerResponse(Payload):
    """Holds that stay, that could not be judged and that were settled, the first with names.

    ``stopped_jobs`` were asked to stop, since the budget is spent and the stack says so.
    """

    kept: int
    unknown: int
    settled: int
    first_settled: tuple[SweptHold, ...]
    stopped_jobs: tuple[str, ...] = ()


class SweepBedrockRequest(Payload):
    """The schedule's input: nothing has to be said."""


class TakenAway(Payload):
    """Something on Bedrock that a run left, and that the sweep has deleted."""

    kind: str
    arn: str
    reason: str


class SweepBedrockResponse(Payload):
    """Things with the stack's tag that stay, that could not be judged or deleted, and that went.

    ``promoted`` are versions in the registry with which their project's deployment answers now.
    """

    kept: int
    unknown: int
    taken_away: tuple[TakenAway, ...]
    promoted: tuple[str, ...]
