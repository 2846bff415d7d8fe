"""FSx for Lustre file systems that a run reads its data through: described, checked, advised on.

The file system shows the stack's artifacts bucket by a data repository association, so that the
splits which validation writes there are files of it at once. Nothing is made, linked or deleted.
"""

from decimal import Decimal
from math import ceil
from typing import Any, Protocol

from botocore.exceptions import ClientError

from thriftline.core.aws.clients import code_of, translated
from thriftline.core.dataclass import dataclass
from thriftline.core.errors import InvalidRunSpecError
from thriftline.runs.trainers.sagemaker.input_choice import CopyCost

_HOURS_A_MONTH = 730
_HOURS_A_DAY = 24
# USD for a GB a month, us-east-1, by the type of the deployment; the others are not known here.
_STORAGE_USD = {"SCRATCH_2": Decimal("0.14")}


UNSEEN_FILE_SYSTEM = (
    "An estimate asks no account: whether the file system of training.input exists and shows the "
    "artifacts bucket is looked up before a run."
)


class FsxClient(Protocol):
    """What is asked of FSx's client."""

    def describe_file_systems(self, **arguments: Any) -> Any:
        """Returns what FSx says of file systems."""

    def describe_data_repository_associations(self, **arguments: Any) -> Any:
        """Returns what FSx says of the buckets that they show."""


@dataclass(frozen=True)
class Association:
    """One bucket, or a prefix of it, that a file system shows at ``path`` of its root."""

    path: str
    uri: str
    is_available: bool
    imports_new: bool
    """Whether an object that comes later is shown without a task of its own."""


@dataclass(frozen=True)
class FileSystem:
    """A file system as FSx describes it."""

    file_system_id: str
    kind: str
    lifecycle: str
    deployment: str
    mount_name: str
    capacity_gib: int
    subnet_ids: tuple[str, ...]
    associations: tuple[Association, ...]

    @property
    def usd_per_day(self) -> Decimal | None:
        """What it costs a day, used or not; None where its price is not known."""
        rate = _STORAGE_USD.get(self.deployment)
        if rate is None:
            return None
        return rate * self.capacity_gib * _HOURS_A_DAY / _HOURS_A_MONTH


@dataclass(frozen=True)
class Network:
    """The subnets and groups of the stack's training jobs."""

    subnet_ids: tuple[str, ...]
    security_group_ids: tuple[str, ...]


@dataclass(frozen=True)
class FileSystemChoice:
    """What run.yaml names, and where the splits are in the artifacts bucket."""

    file_system_id: str
    directory_path: str
    splits_uri: str


def describe(client: FsxClient, file_system_id: str) -> FileSystem | None:
    """Returns a file system as it is now, None when the account has none of this id here."""
    with translated(f"looking at file system {file_system_id}"):
        try:
            found = client.describe_file_systems(FileSystemIds=[file_system_id])
        except ClientError as error:
            if code_of(error) == "FileSystemNotFound":
                return None
            raise
        (one,) = found["FileSystems"]
        named = [{"Name": "file-system-id", "Values": [file_system_id]}]
        shown = client.describe_data_repository_associations(Filters=named)["Associations"]
    lustre = one.get("LustreConfiguration") or {}
    return FileSystem(
        file_system_id,
        one["FileSystemType"],
        one["Lifecycle"],
        lustre.get("DeploymentType", ""),
        lustre.get("MountName", ""),
        one["StorageCapacity"],
        tuple(one.get("SubnetIds", ())),
        tuple(_association(each) for each in shown),
    )


def _association(answer: Any) -> Association:
    events = answer.get("S3", {}).get("AutoImportPolicy", {}).get("Events", [])
    return Association(
        answer.get("FileSystemPath", ""),
        answer.get("DataRepositoryPath", ""),
        answer.get("Lifecycle") == "AVAILABLE",
        "NEW" in events,
    )


def require_network(network: Network | None) -> None:
    """Checks that the stack's jobs are in a VPC.

    Raises:
        InvalidRunSpecError: they are not, and could reach no file system.
    """
    if network is not None and network.subnet_ids and network.security_group_ids:
        return
    raise InvalidRunSpecError(
        "training.input: a file system is reached through a VPC, and this stack's training jobs "
        "are in none. Set the stack's parameters TrainingSubnetIds and TrainingSecurityGroupIds "
        "(the groups open to themselves for TCP 988 and 1018 to 1023, and the VPC with a gateway "
        "endpoint for S3), or take training.input out. Nothing was spent."
    )


def require_usable(choice: FileSystemChoice, found: FileSystem | None) -> None:
    """Checks that a run's splits can be read through the file system.

    Raises:
        InvalidRunSpecError: with what is wrong, and what to do about it.
    """
    problem = _problem(choice, found)
    if problem:
        raise InvalidRunSpecError(
            f"training.input: the file system {choice.file_system_id} {problem}, or take "
            "training.input out, so that the data are streamed from S3. Nothing was spent."
        )


def _problem(choice: FileSystemChoice, found: FileSystem | None) -> str | None:
    if found is None:
        return "is not in this account and region; name one that is"
    if found.kind != "LUSTRE":
        return f"is of type {found.kind}; name one of FSx for Lustre"
    if found.lifecycle != "AVAILABLE":
        return f"is {found.lifecycle}, not AVAILABLE; wait for it"
    root = f"/{found.mount_name}"
    if choice.directory_path != root and not choice.directory_path.startswith(f"{root}/"):
        return (
            f"is mounted by the name {found.mount_name}, and training.input.directory_path is "
            f"{choice.directory_path}; let it start with {root}"
        )
    return _unlinked(choice, found, choice.directory_path.removeprefix(root) or "/")


def _unlinked(choice: FileSystemChoice, found: FileSystem, path: str) -> str | None:
    """Says that the path does not show the splits, and nothing where it does."""
    bucket = choice.splits_uri
    for one in found.associations:
        if one.path.rstrip("/") != path.rstrip("/") or one.uri.rstrip("/") != bucket.rstrip("/"):
            continue
        if not one.is_available:
            return f"does not show {bucket} at the moment; look at its association"
        if not one.imports_new:
            return (
                f"shows of {bucket} what was there when it was linked; give the association the "
                "import event NEW"
            )
        return None
    return (
        f"does not show {bucket} at {path}; make a data repository association of the two, with "
        "the import event NEW"
    )


def advice(found: FileSystem, copy: CopyCost | None) -> str:
    """Returns what the file system costs against what it saves a run."""
    usd = found.usd_per_day
    if usd is None:
        return (
            f"The price of a file system of type {found.deployment or 'unknown'} is not on file, "
            "so what it costs is not in this plan; it is billed by the hour until it is deleted. "
            "Streaming from S3 (mode: fast_file) would cost nothing."
        )
    said = (
        f"The file system costs {usd:.2f} USD a day ({found.capacity_gib:,} GiB, us-east-1's "
        "price) until it is deleted, used or not; this plan does not count it. The data are read "
        "once from start to end, and streaming them from S3 (mode: fast_file) costs nothing."
    )
    if copy is None or not copy.usd:
        return said
    jobs = ceil(usd / copy.usd)
    return (
        f"{said} Against copying them it would save a job about {copy.usd:.2f} USD: it pays from "
        f"{jobs:,} such jobs a day."
    )
