"""Writes the shards that training reads, for one group of ranges."""

from thriftline.core.aws.buckets import Bucket
from thriftline.datasets.engine.preparing import prepare_group
from thriftline.datasets.engine.rules import WorkLimits
from thriftline.runs.schemas.steps import IndexResponse
from thriftline.runs.steps.dataset_store import read_work_plan, workshop_of
from thriftline.runs.steps.run_documents import read_run


def prepare_split(
    run_id: str, index: int, *, data: Bucket, artifacts: Bucket, limits: WorkLimits
) -> IndexResponse:
    """Writes canonical JSON Lines under ``splits/`` in scratch.

    Raises:
        DatasetChangedError: an object version is gone.
    """
    run = read_run(artifacts, run_id)
    shop = workshop_of(run, data, artifacts, limits)
    prepare_group(read_work_plan(shop), index, shop)
    return IndexResponse(index=index)
