"""What ``prepare`` means for the other sections of the run spec."""

from decimal import Decimal

from pydantic_core import PydanticCustomError

from thriftline.runs.schemas.data_sections import Columns, DatasetSection
from thriftline.runs.schemas.prepare_section import PrepareSection

_SPLIT_KEYS = ("train", "validation", "test", "validation_fraction", "test_fraction")


def prepared_columns(prepare: PrepareSection | None, columns: Columns) -> Columns:
    """Returns the columns of the data set: with a preparation those that it writes.

    Raises:
        ValueError: run.yaml names others beside ``prepare``.
    """
    if prepare is None:
        return columns
    prepared = Columns(text_pair="text_pair" if prepare.columns.text_pair else None)
    if columns not in (Columns(), prepared):
        raise ValueError(
            "prepare.columns says what the raw data calls its columns; take columns out"
        )
    return prepared


def require_no_split(dataset: DatasetSection) -> None:
    """Refuses splits beside a preparation, which makes them itself.

    Raises:
        PydanticCustomError: with the key.
    """
    default = DatasetSection()
    for key in _SPLIT_KEYS:
        if getattr(dataset, key) != getattr(default, key):
            raise PydanticCustomError(
                "prepared_splits",
                "prepare.split says how the prepared rows are split, and all data files are raw; "
                "take {key} out",
                {"at": (key,), "key": key},
            )


def require_within(prepare_usd: Decimal, run_usd: Decimal) -> None:
    """Refuses a cap of the preparation above that of the run, which holds for both.

    Raises:
        PydanticCustomError: with both.
    """
    if prepare_usd > run_usd:
        raise PydanticCustomError(
            "prepare_budget",
            "must be at least prepare.max_usd, which is {prepare_usd}: it counts against it",
            {"at": ("max_usd",), "prepare_usd": str(prepare_usd)},
        )
