"""Works and orders of data preparation, for tests of the engines."""

from collections.abc import Mapping
from typing import Any

from thriftline.runs.domain.preparation import PreparationOrder, PreparationWork

GB = 10**9
RUN_ID = "reviews-0123456789abcdef"


def work(gigabytes: float = 1, **changes: Any) -> PreparationWork:
    """Raw data of so many GB with the limits that run.yaml has by default."""
    size = int(gigabytes * GB)
    values: dict[str, Any] = {
        "stored_bytes": size,
        "unpacked_bytes": size,
        "files": 10,
        "largest_unsplittable_bytes": 0,
        "max_vcpus": 16,
        "max_minutes": 60,
        "spare_capacity": False,
    }
    return PreparationWork(**(values | changes))


def order(terms: Mapping[str, Any], **changes: Any) -> PreparationOrder:
    """The first attempt of a run."""
    folder = f"s3://artifacts/scratch/{RUN_ID}"
    values: dict[str, Any] = {
        "name": f"{RUN_ID}-prep-01",
        "run_id": RUN_ID,
        "project": "reviews",
        "attempt": 1,
        "program_uri": f"{folder}/preparation/prepare.py",
        "config_uri": f"{folder}/preparation/attempt-01/config.json",
        "output_uri": f"{folder}/prepared/attempt-01/",
        "log_uri": f"{folder}/preparation/logs/",
        "terms": terms,
    }
    return PreparationOrder(**(values | changes))
