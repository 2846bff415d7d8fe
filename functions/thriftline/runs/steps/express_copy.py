"""The copy of a run's splits in the directory bucket that ``training.input`` names.

It is written by the step that writes the splits: the bytes are at hand there, and the Map of ranges
shares the work. No data set lies in such a bucket, and nothing else of a run does.
"""

from collections.abc import Callable

from thriftline.core.aws.buckets import Bucket
from thriftline.core.errors import Retry, ThriftlineError
from thriftline.runs.domain.layout import splits_prefix
from thriftline.runs.schemas.plan import Plan
from thriftline.runs.schemas.run import Run
from thriftline.runs.schemas.run_spec import ENCODER_TRAINER

BucketOf = Callable[[str], Bucket]


def express_bucket(run: Run | None, plan: Plan | None) -> str | None:
    """Returns the bucket that the run's instances read, None where they read no such one."""
    if run is None or plan is None or plan.trainer != ENCODER_TRAINER:
        return None
    return run.spec.training.input.bucket


def delete_copy(
    run_id: str, bucket: Bucket, report: Callable[[str, Exception], None]
) -> tuple[int, tuple[str, ...]]:
    """Deletes the copy; returns how many objects went, and what could not be deleted.

    The bucket is somebody's own and may be gone or closed by now: that is reported, and holds
    nobody up. What may pass is worth another call.

    Raises:
        ThrottledError, ServiceUnavailableError: the same call may succeed.
    """
    prefix = splits_prefix(run_id)
    try:
        return bucket.delete_prefix(prefix), ()
    except ThriftlineError as error:
        if error.retry is not Retry.NEVER:
            raise
        report(bucket.uri(prefix), error)
        return 0, (bucket.uri(prefix),)
