"""Validates one group of ranges of a large data set."""

from thriftline.core.aws.buckets import Bucket
from thriftline.datasets.engine.rules import WorkLimits
from thriftline.datasets.engine.validation import validate_group
from thriftline.runs.schemas.steps.validation import IndexResponse
from thriftline.runs.steps.dataset_store import read_work_plan, workshop_of
from thriftline.runs.steps.run_documents import read_run


def validate_range(
    run_id: str, index: int, *, data: Bucket, artifacts: Bucket, limits: WorkLimits
) -> IndexResponse:
    """Writes the partial results and the hashes of the group to scratch.

    Raises:
        DatasetChangedError: an object version is gone.
    """
    run = read_run(artifacts, run_id)
    shop = workshop_of(run, data, artifacts, limits)
    validate_group(read_work_plan(shop), index, shop)
    return IndexResponse(index=index)
