"""What runs and endpoints bill an hour now, part by part."""

from collections.abc import Callable, Iterator
from decimal import Decimal

from thriftline.api.schemas.budget import RunningParts
from thriftline.core.dataclass import dataclass
from thriftline.core.unread import log_unread
from thriftline.runs.aws.run_lists import ActiveRuns
from thriftline.serving.steps.endpoint_bills import EndpointBill


@dataclass(frozen=True)
class RunningBill:
    """What one thing bills an hour now; None where that is not known.

    ``project`` is None where that cannot be read.
    """

    kind: str
    name: str
    project: str | None
    usd: Decimal | None


def bills_of(active: ActiveRuns, endpoints: tuple[EndpointBill, ...]) -> Iterator[RunningBill]:
    """Yields a bill for each run that is, or may be, billed and for each endpoint."""
    log_unread(active.unread)
    for unread in active.unread:
        yield RunningBill("training", unread.id, unread.project, None)
    for run in active.billed:
        kind = "preparation" if run.prepares else "training"
        yield RunningBill(kind, run.run_id, run.project, run.rate_usd_per_hour)
    for one in endpoints:
        yield RunningBill("endpoint", one.endpoint, one.project, one.usd_per_hour)


def parts_of(bills: tuple[RunningBill, ...], may: Callable[[str], bool]) -> RunningParts:
    """Returns the sums by kind; what has no price is named where the caller may see its project."""
    unknown = [one for one in bills if one.usd is None]
    seen = tuple(one.name for one in unknown if one.project is not None and may(one.project))
    unseen = len(unknown) - len(seen)
    return RunningParts(
        training_usd_per_hour=_known(bills, "training"),
        preparation_usd_per_hour=_known(bills, "preparation"),
        endpoints_usd_per_hour=_known(bills, "endpoint"),
        unknown=(*seen, f"{unseen} of other projects") if unseen else seen,
    )


def _known(bills: tuple[RunningBill, ...], kind: str) -> Decimal:
    return sum((one.usd or Decimal(0) for one in bills if one.kind == kind), Decimal(0))
