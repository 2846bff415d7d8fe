"""Writes the shards that training reads, for one group of ranges."""

from dataclasses import replace

from thriftline.core.aws.buckets import Bucket
from thriftline.datasets.engine.preparing import prepare_group
from thriftline.datasets.engine.rules import WorkLimits
from thriftline.runs.schemas.steps.validation import IndexResponse
from thriftline.runs.steps.dataset_store import read_work_plan, workshop_of
from thriftline.runs.steps.express_copy import BucketOf, express_bucket
from thriftline.runs.steps.run_documents import read_plan, read_run
from thriftline.runs.steps.scratch_with_copy import scratch_with_copy


def prepare_split(
    run_id: str,
    index: int,
    *,
    data: Bucket,
    artifacts: Bucket,
    limits: WorkLimits,
    bucket_of: BucketOf,
) -> IndexResponse:
    """Writes canonical JSON Lines under ``splits/`` in scratch.

    They go to the directory bucket of ``training.input`` too, where run.yaml names one.

    Raises:
        DatasetChangedError: an object version is gone.
    """
    run = read_run(artifacts, run_id)
    shop = workshop_of(run, data, artifacts, limits)
    work = read_work_plan(shop)
    if run.spec.training.input.bucket:
        name = express_bucket(run, read_plan(artifacts, run_id))
        if name:
            shop = replace(shop, scratch=scratch_with_copy(run_id, artifacts, bucket_of(name)))
    prepare_group(work, index, shop)
    return IndexResponse(index=index)
