"""Merges the partial results of all ranges into one verdict."""

from thriftline.core.aws.buckets import Bucket
from thriftline.datasets.engine.rules import WorkLimits
from thriftline.datasets.engine.validation import merge_ranges
from thriftline.runs.schemas.steps.validation import ValidationResponse
from thriftline.runs.steps.dataset_store import read_work_plan, workshop_of
from thriftline.runs.steps.dataset_verdict import publish_verdict
from thriftline.runs.steps.run_documents import read_run
from thriftline.runs.steps.split_notes import with_split_notes


def merge_validation(
    run_id: str, *, data: Bucket, artifacts: Bucket, limits: WorkLimits
) -> ValidationResponse:
    """Writes ``dataset.json`` and ``dataset.html``, the same as a single pass would.

    Raises:
        DatasetRejectedError: the data set cannot be used; the message says what to fix.
    """
    run = read_run(artifacts, run_id)
    shop = workshop_of(run, data, artifacts, limits)
    plan = read_work_plan(shop)
    report = merge_ranges(plan, shop, shop.scratch)
    return publish_verdict(with_split_notes(report, run), run_id, len(plan.groups), artifacts)
