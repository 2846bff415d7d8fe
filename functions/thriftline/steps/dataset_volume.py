"""How much data a run has, as its validation measured it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from thriftline.aws.buckets import Bucket
from thriftline.domain.layout import run_prefix
from thriftline.errors import AwsRequestError


@dataclass(frozen=True)
class DatasetVolume:
    """Rows of each split, and the mean length of a record's texts; None when it is not known."""

    rows: Mapping[str, int]
    mean_characters: float | None


def read_volume(artifacts: Bucket, run_id: str) -> DatasetVolume:
    """Reads ``dataset.json``.

    Raises:
        AwsRequestError: it is not there; validation writes it.
    """
    key = f"{run_prefix(run_id)}dataset.json"
    document = artifacts.read_json(key)
    if document is None:
        raise AwsRequestError(f"{artifacts.uri(key)} is missing; validation writes it.")
    return DatasetVolume(dict(document["splits"]), _mean_characters(document))


def _mean_characters(document: Mapping[str, Any]) -> float | None:
    total, rows = document.get("characters"), document.get("rows")
    return total / rows if total is not None and rows else None
