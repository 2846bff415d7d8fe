"""What all endpoints of the stack bill an hour: the table's items, and one list.

The index of the table does not have the number of instances, so items are read by the hundred.
"""

from collections.abc import Iterator
from decimal import Decimal

from thriftline.core.dataclass import dataclass
from thriftline.core.unread import log_unread
from thriftline.serving.domain.hourly_bill import hourly_bill
from thriftline.serving.steps.list_endpoints import ListingSite, known_statuses, status_in_words

_PAGE = 1_000


@dataclass(frozen=True)
class EndpointBill:
    """What an endpoint bills an hour; None where that is not known.

    ``project`` is None where that cannot be read.
    """

    endpoint: str
    project: str | None
    usd_per_hour: Decimal | None


def endpoint_bills(site: ListingSite) -> tuple[EndpointBill, ...]:
    """Returns a bill for each endpoint of the table, by name; those that cannot be read last."""
    states, unread = site.table.states_of(tuple(_names(site)))
    log_unread(unread)
    statuses = known_statuses([one.endpoint for one in states if not one.asleep], site)
    return (
        *(
            EndpointBill(
                one.endpoint,
                one.project,
                hourly_bill(one, status_in_words(one, statuses, one.endpoint)),
            )
            for one in states
        ),
        *(EndpointBill(one.id, one.project, None) for one in unread),
    )


def _names(site: ListingSite) -> Iterator[str]:
    last: str | None = None
    while True:
        states, unread, last = site.table.endpoints_page(_PAGE, last)
        yield from (one.endpoint for one in states)
        yield from (one.id for one in unread)
        if last is None:
            return
