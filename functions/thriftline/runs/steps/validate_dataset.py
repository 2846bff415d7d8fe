"""Validates a data set in one pass, or plans the ranges of a larger one."""

from thriftline.core.aws.buckets import Bucket
from thriftline.datasets.engine.planning import plan_work
from thriftline.datasets.engine.rules import WorkLimits
from thriftline.datasets.engine.scratch import PLAN, write_json
from thriftline.datasets.engine.validation import validate_in_one_pass
from thriftline.runs.schemas.steps.validation import ValidationResponse
from thriftline.runs.steps.dataset_store import files_of, rules_of, workshop_of
from thriftline.runs.steps.dataset_verdict import publish_verdict
from thriftline.runs.steps.run_documents import read_run
from thriftline.runs.steps.split_notes import with_split_notes


def validate_dataset(
    run_id: str, *, data: Bucket, artifacts: Bucket, limits: WorkLimits
) -> ValidationResponse:
    """Writes ``dataset.json`` and ``dataset.html``, or asks for a Map over ranges and a merge.

    Raises:
        DatasetRejectedError: the data set cannot be used; the message says what to fix.
        DatasetChangedError: an object version is gone.
    """
    run = read_run(artifacts, run_id)
    shop = workshop_of(run, data, artifacts, limits)
    plan = plan_work(files_of(run), rules_of(run), limits, shop.open_source)
    if len(plan.groups) > 1:
        write_json(shop.scratch, PLAN, plan.to_json())
        return ValidationResponse(mode="ranges", ranges=len(plan.groups), parts=len(plan.groups))
    report = validate_in_one_pass(plan, shop)
    return publish_verdict(with_split_notes(report, run), run_id, len(plan.groups), artifacts)
