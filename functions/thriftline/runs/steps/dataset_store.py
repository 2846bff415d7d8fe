"""The data set's objects and a run's scratch space, as the validation engine wants them."""

from pathlib import Path

from thriftline.core.aws.buckets import Bucket
from thriftline.core.dataclass import dataclass
from thriftline.core.errors import AwsRequestError
from thriftline.datasets.engine.rules import DataFile, DatasetRules, WorkLimits
from thriftline.datasets.engine.scratch import PLAN, read_json
from thriftline.datasets.engine.validation import WorkContext
from thriftline.datasets.engine.work import WorkPlan
from thriftline.runs.domain.layout import scratch_prefix
from thriftline.runs.schemas.run import DatasetFile, Run


@dataclass(frozen=True)
class VersionSource:
    """One object version, read in ranges; it cannot change while it is read."""

    bucket: Bucket
    file: DatasetFile

    @property
    def name(self) -> str:
        """How places name the file."""
        return self.file.name

    @property
    def size(self) -> int:
        """Its length in bytes."""
        return self.file.size

    def read(self, offset: int, length: int) -> bytes:
        """Returns ``length`` bytes from ``offset``, fewer only at the end.

        Raises:
            DatasetChangedError: this version of the object is gone.
        """
        if offset >= self.size or length <= 0:
            return b""
        return self.bucket.read_range(self.file.key, self.file.version_id, offset, length)


@dataclass(frozen=True)
class BucketScratch:
    """What only one run needs; Clean up removes it."""

    bucket: Bucket
    prefix: str

    def read(self, name: str, offset: int, length: int) -> bytes:
        """Returns part of an object."""
        return self.bucket.read_range(self.prefix + name, "", offset, length)

    def read_all(self, name: str) -> bytes:
        """Returns a whole object.

        Raises:
            AwsRequestError: it is not there; an earlier step writes it.
        """
        body = self.bucket.read(self.prefix + name)
        if body is None:
            uri = self.bucket.uri(self.prefix + name)
            raise AwsRequestError(f"{uri} is missing; an earlier step writes it.")
        return body

    def write(self, name: str, data: bytes) -> None:
        """Writes a whole object."""
        self.bucket.write(self.prefix + name, data, "application/octet-stream")

    def upload(self, name: str, path: Path) -> None:
        """Writes a file as an object."""
        with path.open("rb") as file:
            self.bucket.upload(self.prefix + name, file)
        path.unlink()


def rules_of(run: Run) -> DatasetRules:
    """What the run spec holds the data set to."""
    spec = run.spec
    return DatasetRules(
        text_column=spec.columns.text,
        text_pair_column=spec.columns.text_pair,
        label_column=spec.columns.label,
        multi_label=spec.multi_label,
        label_separator=spec.columns.label_separator,
        validation_fraction=spec.dataset.validation_fraction,
        test_fraction=spec.dataset.test_fraction,
        seed=spec.seed,
        minimum_test_rows=spec.gate.minimum_test_size,
    )


def files_of(run: Run) -> list[DataFile]:
    """The objects of the data set."""
    return [DataFile(file.name, file.size, file.split, file.version_id) for file in run.files]


def workshop_of(run: Run, data: Bucket, artifacts: Bucket, limits: WorkLimits) -> WorkContext:
    """Where the run's validation works."""
    by_name = {file.name: file for file in run.files}
    return WorkContext(
        open_source=lambda file: _source(by_name[file.name], data, artifacts),
        limits=limits,
        scratch=BucketScratch(artifacts, scratch_prefix(run.run_id)),
    )


def _source(file: DatasetFile, data: Bucket, artifacts: Bucket) -> VersionSource:
    return VersionSource(artifacts if file.is_prepared else data, file)


def read_work_plan(shop: WorkContext) -> WorkPlan:
    """The plan that Validate dataset or Merge validation has written."""
    return WorkPlan.from_json(read_json(shop.scratch, PLAN))
