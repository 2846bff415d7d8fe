"""How much data a run has: what Plan run needs of ``dataset.json``."""

from pydantic import BaseModel, ConfigDict

from thriftline.core.aws.buckets import Bucket
from thriftline.runs.steps.run_documents import read_document


class DatasetVolume(BaseModel):
    """Records read, the characters in their texts, and the records of each split."""

    # The document holds much more, above all the places of each finding.
    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)

    rows: int
    splits: dict[str, int]
    labels: dict[str, int] = {}
    characters: int | None = None
    text_length_max: int | None = None

    @property
    def mean_characters(self) -> float | None:
        """Of one record, both texts of a pair together; None when it is not known."""
        if self.characters is None or not self.rows:
            return None
        return self.characters / self.rows


def read_volume(artifacts: Bucket, run_id: str) -> DatasetVolume:
    """Reads ``dataset.json``, which validation writes."""
    return read_document(artifacts, run_id, "dataset.json", DatasetVolume)
