"""What ``training.input`` of a run names beside S3: looked up once, checked, and advised on."""

from collections.abc import Callable
from functools import cached_property

from thriftline.core.dataclass import dataclass
from thriftline.runs.trainers.sagemaker import express_buckets, file_systems
from thriftline.runs.trainers.sagemaker.documents import InputChoice
from thriftline.runs.trainers.sagemaker.expected_time import Workload
from thriftline.runs.trainers.sagemaker.file_systems import FileSystem, FileSystemChoice, Network
from thriftline.runs.trainers.sagemaker.input_choice import Place, copy_cost
from thriftline.runs.trainers.sagemaker.priced_instances import PricedInstances


@dataclass(frozen=True)
class InputSources:
    """Where what run.yaml names is looked up; None where no account is asked.

    ``network`` is where the stack's jobs run, None in AWS's own, ``artifacts_bucket`` has their
    data, and ``express_buckets`` are those that the stack may use.
    """

    file_system_of: Callable[[str], FileSystem | None] | None = None
    has_bucket: Callable[[str], bool] | None = None
    network: Network | None = None
    artifacts_bucket: str = ""
    express_buckets: tuple[str, ...] = ()


class InputChecks:
    """One run's way to read its data, as run.yaml names it."""

    def __init__(self, choice: InputChoice, sources: InputSources, region: str) -> None:
        self._choice = choice
        self._sources = sources
        self._region = region

    def require(self) -> None:
        """Checks the file system, or the directory bucket.

        Raises:
            InvalidRunSpecError: the run cannot read its data through it.
        """
        if self._choice.mode == "fsx_lustre":
            self._require_file_system()
        elif self._choice.mode == "s3_express":
            self._require_bucket(self._choice.bucket or "")

    def _require_file_system(self) -> None:
        choice, sources = self._choice, self._sources
        if sources.file_system_of is None:
            return
        file_systems.require_network(sources.network)
        named = FileSystemChoice(
            choice.file_system_id or "",
            choice.directory_path or "",
            f"s3://{sources.artifacts_bucket}/",
        )
        file_systems.require_usable(named, self._file_system)

    def _require_bucket(self, bucket: str) -> None:
        sources = self._sources
        express_buckets.require_region(bucket, self._region)
        if sources.has_bucket is None:
            return
        express_buckets.require_allowed(bucket, sources.express_buckets)
        express_buckets.require_there(bucket, found=sources.has_bucket(bucket))

    def warnings(self, instances: PricedInstances, workload: Workload | None) -> tuple[str, ...]:
        """Says what the way that run.yaml names costs against the others."""
        if self._choice.mode == "fsx_lustre":
            if self._file_system is None:
                return (file_systems.UNSEEN_FILE_SYSTEM,)
            place = Place(instances.instance_type, instances.instance_count, instances.rate.usd)
            copy = copy_cost(workload, place) if workload else None
            return (file_systems.advice(self._file_system, copy),)
        if instances.express is None:
            return ()
        unseen = (express_buckets.UNSEEN_BUCKET,) if self._sources.has_bucket is None else ()
        count, network = instances.instance_count, self._sources.network
        return (express_buckets.advice(instances.express, count, network), *unseen)

    @cached_property
    def _file_system(self) -> FileSystem | None:
        asked, look = self._choice.file_system_id, self._sources.file_system_of
        return look(asked) if asked and look else None
