"""What a run needs from a place where raw data is prepared. Each module beside this is one.

An engine is its module or folder, its line in ``registry.py`` and, if it has one, its key under
``prepare`` of ``run.yaml``.
"""

from typing import Protocol

from thriftline.core.aws.buckets import Bucket
from thriftline.core.dataclass import dataclass
from thriftline.core.settings import Settings
from thriftline.runs.domain.preparation import (
    PreparationOrder,
    PreparationQuote,
    PreparationState,
    PreparationWork,
)


class Engine(Protocol):
    """A place to prepare data. Every method may be called again after a lost answer."""

    @property
    def name(self) -> str:
        """Its name in the registry, as ``prepare.engine`` says it."""

    def quote(self, work: PreparationWork) -> PreparationQuote:
        """Returns what the work costs here, or why it cannot be done. Spends nothing."""

    def start(self, order: PreparationOrder) -> PreparationState:
        """Starts the attempt once, however often it is called, within the quote's worst case.

        Raises:
            QuotaExceededError: the account may not have more now; a later call may succeed.
            InvalidRunSpecError: the service refuses what the run spec asks for.
        """

    def look(self, order: PreparationOrder) -> PreparationState | None:
        """Returns the attempt as it is now; None when the service has none of this order.

        An order without ``started_id`` may be one whose start was lost: where the service can look
        it up by name it does, and else says None only if nothing can have been started.
        """

    def stop(self, order: PreparationOrder) -> None:
        """Asks the attempt to stop; no error when it has ended already."""


@dataclass(frozen=True)
class EngineSite:
    """What an engine is made of; it asks the settings only for what the call at hand needs."""

    settings: Settings
    artifacts: Bucket
