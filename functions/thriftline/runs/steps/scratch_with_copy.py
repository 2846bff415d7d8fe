"""A run's scratch of which the splits lie in a second bucket too."""

from thriftline.core.aws.buckets import Bucket
from thriftline.core.dataclass import dataclass
from thriftline.runs.domain.layout import scratch_prefix, splits_prefix
from thriftline.runs.steps.dataset_store import BucketScratch


@dataclass(frozen=True)
class ScratchWithCopy(BucketScratch):
    """Scratch of which the splits are written to another bucket too, by the same keys."""

    copy: Bucket
    copied: str

    def write(self, name: str, data: bytes) -> None:
        """Writes a whole object."""
        super().write(name, data)
        key = self.prefix + name
        if key.startswith(self.copied):
            self.copy.write(key, data, "application/octet-stream")


def scratch_with_copy(run_id: str, artifacts: Bucket, copy: Bucket) -> ScratchWithCopy:
    """Returns the run's scratch, which keeps the splits in both buckets."""
    return ScratchWithCopy(artifacts, scratch_prefix(run_id), copy, splits_prefix(run_id))
