"""Keeps which rows a run trained on, and finds the champion's in the test split."""

import re

from thriftline.core.aws.buckets import Bucket
from thriftline.core.wording import counted
from thriftline.datasets.engine.row_digests import Digests, Overlap, merged, overlap, to_bytes
from thriftline.datasets.engine.scratch import digests_prefix
from thriftline.runs.domain.layout import run_prefix, scratch_prefix
from thriftline.runs.schemas.plan import Plan, PlannedChampion

TRAINED_ROWS = "trained_rows.bin"
_RUN_OF_MODEL = re.compile(r"s3://[^/]+/training/([a-z0-9-]+)/")


def keep_trained_rows(run_id: str, artifacts: Bucket) -> None:
    """Writes the digests of the training split where they outlive the run's scratch."""
    trained = _digests(run_id, "train", artifacts)
    if len(trained):
        key = run_prefix(run_id) + TRAINED_ROWS
        artifacts.write(key, to_bytes(trained), "application/octet-stream")


def rows_of_champion(run_id: str, plan: Plan, artifacts: Bucket) -> Overlap | None:
    """Returns how much of the test split the champion was trained on; None: nobody knows."""
    champion_run = _run_of(plan.champion)
    if champion_run is None:
        return None
    kept = artifacts.read(run_prefix(champion_run) + TRAINED_ROWS)
    tested = _digests(run_id, "test", artifacts)
    if kept is None or not len(tested):
        return None
    return overlap(merged([kept]), tested)


def _run_of(champion: PlannedChampion | None) -> str | None:
    if champion is None:
        return None
    if champion.run_id:
        return champion.run_id
    found = _RUN_OF_MODEL.match(champion.model_data_url)
    return found.group(1) if found else None


def sentence_about(found: Overlap | None) -> str:
    """What a person must know who reads the comparison; empty when there is nothing."""
    if found is None or not found.trained_on:
        return ""
    return (
        f" The champion was trained on {found.trained_on:,} of the "
        f"{counted(found.known, 'test record')} that were looked up: the comparison favours it, "
        "so it is not fair."
    )


def _digests(run_id: str, split: str, artifacts: Bucket) -> Digests:
    prefix = scratch_prefix(run_id) + digests_prefix(split)
    return merged([artifacts.read(one.key) or b"" for one in artifacts.list(prefix)])
