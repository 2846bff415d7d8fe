"""Runs a transform job: starts the model's container, sends it every object, keeps the answers."""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from local_aws.training.storage import split_uri
from local_aws.transform.payloads import MEBIBYTE, PayloadError, assembled, payloads, unpacked
from local_aws.transform.record import COMPLETED, FAILED, TransformJob

LOG = logging.getLogger(__name__)

DEFAULT_SECONDS, DEFAULT_PAYLOAD_MB = 600, 6
_LOG_GROUP = "/aws/sagemaker/TransformJobs"
_TRIES_MOST = 3


class TransformError(Exception):
    """The job fails; the message is its FailureReason."""


class Reply(Protocol):
    """What a container answered."""

    @property
    def status(self) -> int:
        """HTTP's."""

    @property
    def body(self) -> bytes:
        """Of the answer."""


class Containers(Protocol):
    """Where the containers of models come from; `local_aws/serving` has them."""

    def open(
        self, region: str, job: TransformJob, environment: Mapping[str, str]
    ) -> AbstractContextManager[Callable[[bytes, Mapping[str, str], float], Reply]]:
        """Start a job's container, wait until it answers, and keep it while the context lasts.

        The function that it gives sends one request to `/invocations` and waits so many seconds.

        Raises:
            TransformError: it does not start.
        """


@dataclass(frozen=True)
class World:
    """What a job uses of the rest of the embedded AWS."""

    client: Callable[[str, str], Any]
    now: Callable[[], datetime]
    service_time: Callable[[], datetime]
    write_log: Callable[[str, str, Sequence[str]], None]
    announce: Callable[[str, TransformJob], None]


class TransformRun:
    """One job, from its first object to its last."""

    def __init__(
        self, world: World, containers: Containers, job: TransformJob, region: str
    ) -> None:
        self._world = world
        self._containers = containers
        self._job = job
        self._region = region
        self._s3 = world.client("s3", region)
        request = job.request
        source, target = request["TransformInput"], request["TransformOutput"]
        client = request.get("ModelClientConfig") or {}
        self._source: str = source["DataSource"]["S3DataSource"]["S3Uri"]
        self._target: str = target["S3OutputPath"].rstrip("/")
        self._split: str = source.get("SplitType", "None")
        self._compression: str = source.get("CompressionType", "None")
        self._strategy: str = request.get("BatchStrategy", "MultiRecord")
        self._assemble: str = target.get("AssembleWith", "None")
        self._key_id: str = target.get("KmsKeyId", "")
        self._payload_mb: int = request.get("MaxPayloadInMB", DEFAULT_PAYLOAD_MB)
        self._seconds: int = client.get("InvocationsTimeoutInSeconds", DEFAULT_SECONDS)
        self._retries: int = min(client.get("InvocationsMaxRetries", 0), _TRIES_MOST)
        self._at_once: int = max(1, request.get("MaxConcurrentTransforms", 1))
        self._headers = {
            name: value
            for name, value in (
                ("Content-Type", source.get("ContentType", "")),
                ("Accept", target.get("Accept", "")),
            )
            if value
        }

    def run(self) -> None:
        """Run to the end, whatever it is."""
        world, job = self._world, self._job
        world.announce(self._region, job)
        status, failure = COMPLETED, ""
        try:
            self._transform_all()
        except TransformError as error:
            status, failure = FAILED, str(error)
        except (ClientError, BotoCoreError) as error:
            status, failure = FAILED, f"ClientError: {error}"
        except Exception:
            LOG.exception("the transform job %s failed", job.name)
            status, failure = FAILED, "InternalServerError: We encountered an internal error."
        job.end(status, world.now(), world.service_time(), failure)
        self._log(f"{job.status} {failure}".rstrip())
        world.announce(self._region, job)

    @property
    def environment(self) -> dict[str, str]:
        """What SageMaker tells a container of a transform job, and the job's own variables."""
        strategy = "SINGLE_RECORD" if self._strategy == "SingleRecord" else "MULTI_RECORD"
        return {
            **(self._job.request.get("Environment") or {}),
            "SAGEMAKER_BATCH": "true",
            "SAGEMAKER_BATCH_STRATEGY": strategy,
            "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": str(self._at_once),
            "SAGEMAKER_MAX_PAYLOAD_IN_MB": str(self._payload_mb),
        }

    def _transform_all(self) -> None:
        keys = list(self._keys())
        if not keys:
            raise TransformError(f"ClientError: No S3 objects found at {self._source}.")
        with self._containers.open(self._region, self._job, self.environment) as send:
            self._job.begin(self._world.now(), self._world.service_time())
            threads = self._at_once * self._job.instances[1]
            with ThreadPoolExecutor(threads, "transform") as pool:
                for key in keys:
                    self._transform(key, send, pool)

    def _keys(self) -> Iterator[str]:
        bucket, prefix = split_uri(self._source)
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        for page in pages:
            yield from (each["Key"] for each in page.get("Contents", ()) if each["Size"])

    def _transform(
        self,
        key: str,
        send: Callable[[bytes, Mapping[str, str], float], Reply],
        pool: ThreadPoolExecutor,
    ) -> None:
        if self._job.stop_requested.is_set():
            raise TransformError("Stopped.")
        bucket, prefix = split_uri(self._source)
        content = self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        try:
            bodies = payloads(
                unpacked(content, self._compression),
                split=self._split,
                strategy=self._strategy,
                most_bytes=self._payload_mb * MEBIBYTE,
            )
        except PayloadError as error:
            raise TransformError(f"ClientError: {key}: {error}") from error
        answers = list(pool.map(lambda body: self._answer(key, body, send), bodies))
        self._keep(key, prefix, assembled(answers, self._assemble))
        self._log(f"{key}: {len(bodies):,} requests, {len(content):,} bytes")

    def _answer(
        self, key: str, body: bytes, send: Callable[[bytes, Mapping[str, str], float], Reply]
    ) -> bytes:
        said = ""
        for _ in range(1 + self._retries):
            if self._job.stop_requested.is_set():
                raise TransformError("Stopped.")
            try:
                reply = send(body, self._headers, self._seconds)
            except Exception as error:
                said = f"no answer within {self._seconds} s, or none at all ({error})"
                continue
            if reply.status == 200:
                return reply.body
            said = f"{reply.status}: {reply.body[:500].decode(errors='replace')}"
            self._log(f"{key}: the container answered {said}")
            if reply.status < 500:
                raise TransformError(f"ClientError: {key}: the model answered {said}")
        raise TransformError(f"AlgorithmError: {key}: the model answered {said}")

    def _keep(self, key: str, prefix: str, content: bytes) -> None:
        bucket, folder = split_uri(self._target)
        below = key.removeprefix(prefix).lstrip("/") if prefix.endswith("/") else ""
        name = below or key.rpartition("/")[2]
        options: dict[str, Any] = {}
        if self._key_id:
            options = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self._key_id}
        self._s3.put_object(
            Bucket=bucket, Key=f"{folder}/{name}.out".lstrip("/"), Body=content, **options
        )

    def _log(self, line: str) -> None:
        self._world.write_log(_LOG_GROUP, f"{self._job.name}/transform", [line])


def start(run: TransformRun, name: str) -> threading.Thread:
    """Run a job in a thread of its own."""
    thread = threading.Thread(target=run.run, name=f"transform-{name}", daemon=True)
    thread.start()
    return thread
