"""How SageMaker moves a job's data: channels in, checkpoints both ways, results out."""

import contextlib
import logging
import tarfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import BotoCoreError, ClientError

from local_aws.training.container import stays_inside

LOG = logging.getLogger(__name__)

_MIB = 1024 * 1024
_TRANSFER = TransferConfig(
    multipart_threshold=32 * _MIB, multipart_chunksize=16 * _MIB, max_concurrency=2
)


class DataError(Exception):
    """S3 did not have, or did not take, what the job needs; the message names it."""


def split_uri(uri: str) -> tuple[str, str]:
    """Return the bucket and the key or prefix of an s3:// URI."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def relative_key(key: str, prefix: str) -> str:
    """Return where below a channel's folder SageMaker puts an object of a prefix.

    What follows the prefix's last slash stays in the name: `data/part-` and `data/part-1.csv`
    give `part-1.csv`; `data/train` and `data/train/1.csv` give `1.csv`.
    """
    if key.startswith(f"{prefix}/"):
        return key.removeprefix(f"{prefix}/")
    folder, slash, _ = prefix.rpartition("/")
    return key.removeprefix(f"{folder}{slash}")


class JobStorage:
    """The S3 side of training jobs."""

    def __init__(self, s3: Any) -> None:
        self._s3 = s3

    def keys(self, uri: str) -> Iterator[str]:
        """Yield the keys of the objects under a prefix, folder markers left out."""
        bucket, prefix = split_uri(uri)
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        for page in pages:
            for each in page.get("Contents", ()):
                if not each["Key"].endswith("/"):
                    yield each["Key"]

    def download(self, uri: str, folder: Path) -> int:
        """Copy all objects of a prefix into a folder; return how many there were.

        Raises:
            DataError: an object cannot be read or does not fit into the folder.
        """
        bucket, prefix = split_uri(uri)
        count = 0
        try:
            for key in self.keys(uri):
                file = folder / relative_key(key, prefix)
                if not stays_inside(file, folder):
                    raise DataError(f"the key {key} leads out of its folder")
                file.parent.mkdir(parents=True, exist_ok=True)
                self._s3.download_file(bucket, key, str(file), Config=_TRANSFER)
                count += 1
        except (ClientError, BotoCoreError, OSError, ValueError) as error:
            # A ValueError is a key that no file can be called.
            raise DataError(f"{uri}: {error}") from error
        return count

    def upload(self, file: Path, uri: str, kms_key: str | None = None) -> None:
        """Copy one file to S3.

        Raises:
            DataError: the bucket did not take it.
        """
        bucket, key = split_uri(uri)
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key} if kms_key else {}
        try:
            self._s3.upload_file(str(file), bucket, key, ExtraArgs=encryption, Config=_TRANSFER)
        except Exception as error:
            # boto3 wraps the cause in errors of three unrelated families.
            raise DataError(f"{uri}: {error}") from error

    def upload_results(
        self, folder: Path, name: str, request: Mapping[str, Any], scratch: Path
    ) -> str | None:
        """Copy a result folder to S3 as the job asks; return its URI, None for an empty folder.

        Raises:
            DataError: the bucket did not take it.
        """
        output = request["OutputDataConfig"]
        kms_key = output.get("KmsKeyId") or None
        base = f"{output['S3OutputPath'].rstrip('/')}/{request['TrainingJobName']}/output"
        if not any(folder.iterdir()):
            return None
        if output.get("CompressionType") == "NONE":
            for file in _files(folder, within=scratch):
                relative = file.relative_to(folder).as_posix()
                self.upload(file, f"{base}/{name}/{relative}", kms_key)
            return f"{base}/{name}"
        archive = scratch / f"{name}.tar.gz"
        # Level 1: weights hardly shrink, and a laptop's core is slow.
        with tarfile.open(archive, "w:gz", compresslevel=1, dereference=True) as tar:
            for each in _files(folder, within=scratch):
                tar.add(each, arcname=each.relative_to(folder).as_posix())
        self.upload(archive, f"{base}/{archive.name}", kms_key)
        archive.unlink()
        return f"{base}/{archive.name}"


class CheckpointSync:
    """Copies a checkpoint folder to S3 while the program runs, and once more at its end.

    A file is copied when it has not changed between two looks, so that one that is being written
    is left alone. What the program deletes stays in S3, as on SageMaker.
    """

    def __init__(self, storage: JobStorage, folder: Path, uri: str, every_seconds: float) -> None:
        self._storage = storage
        self._folder = folder
        self._uri = uri.rstrip("/")
        self._every_seconds = every_seconds
        self._copied: dict[Path, tuple[int, int]] = {}
        self._seen: dict[Path, tuple[int, int]] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="checkpoints", daemon=True)

    def start(self) -> None:
        """Take what is there now as copied, and begin."""
        self._copied = _versions(self._folder)
        self._thread.start()

    def stop(self, *, final: bool) -> None:
        """End; with `final`, copy what has not been copied yet.

        Raises:
            DataError: the bucket did not take it.
        """
        self._stopping.set()
        self._thread.join()
        if final:
            self._copy(_versions(self._folder))

    def _run(self) -> None:
        while not self._stopping.wait(self._every_seconds):
            now = _versions(self._folder)
            settled = {file: now[file] for file in now if self._seen.get(file) == now[file]}
            self._seen = now
            try:
                self._copy(settled)
            except DataError as error:
                # Nothing is lost yet: the next look tries again, and so does the end.
                LOG.info("a checkpoint was not copied, and is tried again: %s", error)

    def _copy(self, files: Mapping[Path, tuple[int, int]]) -> None:
        for file, version in files.items():
            if self._copied.get(file) == version:
                continue
            try:
                relative = file.relative_to(self._folder).as_posix()
                self._storage.upload(file, f"{self._uri}/{relative}")
            except DataError:
                if file.exists():
                    raise
                # The program replaced it meanwhile.
                continue
            self._copied[file] = version


def _files(folder: Path, *, within: Path) -> list[Path]:
    """Return the files below a folder; links that lead out of `within` are left out."""
    found = []
    for each in sorted(folder.rglob("*")):
        if not each.is_file():
            continue
        if stays_inside(each, within):
            found.append(each)
        else:
            LOG.warning("%s is a link out of the job's folder: left out", each.name)
    return found


def _versions(folder: Path) -> dict[Path, tuple[int, int]]:
    found = {}
    for file in sorted(folder.rglob("*")):
        with contextlib.suppress(OSError):
            if file.is_file() and stays_inside(file, folder):
                status = file.stat()
                found[file] = (status.st_mtime_ns, status.st_size)
    return found
