"""This machine: preparation by the command line, with pyspark and without an account."""

from decimal import Decimal

from thriftline.core.errors import InvalidRunSpecError
from thriftline.runs.domain.preparation import (
    PreparationOrder,
    PreparationQuote,
    PreparationState,
    PreparationWork,
)
from thriftline.runs.engines.port import EngineSite

NAME = "local"
_ELSEWHERE = (
    "prepare.engine: local runs on your own machine, where the files are, and no account starts "
    "it: call `thriftline prepare run.yaml --data DIR --into DIR` there and submit what it "
    "leaves with `thriftline runs submit`, or name emr_serverless, databricks or "
    "sagemaker_processing."
)


class LocalEngine:
    """The engine that costs nothing and that an account does not have."""

    name = NAME

    def quote(self, work: PreparationWork) -> PreparationQuote:
        """Returns 0 dollars, and that it is not done here."""
        return PreparationQuote(
            NAME,
            likely_usd=Decimal(0),
            likely_minutes=None,
            worst_usd=Decimal(0),
            basis="your own machine, whose cost nobody counts",
            cannot=_ELSEWHERE,
        )

    def start(self, order: PreparationOrder) -> PreparationState:
        """Refuses.

        Raises:
            InvalidRunSpecError: always.
        """
        raise InvalidRunSpecError(f"{_ELSEWHERE} Nothing was spent.")

    def look(self, order: PreparationOrder) -> PreparationState | None:
        """Returns None: nothing was started."""
        return None

    def stop(self, order: PreparationOrder) -> None:
        """Does nothing: there is nothing to stop."""


def local_engine(site: EngineSite) -> LocalEngine:
    """Returns the engine."""
    return LocalEngine()
