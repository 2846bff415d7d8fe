"""Multi-model containers: models are fetched from S3 when they are first asked for.

A container says with 507 that its memory is full; models that were not asked for lately are then
unloaded, as SageMaker does.
"""

import hashlib
import json
import shutil
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_aws.serving import answers
from local_aws.serving.artifacts import unpack
from local_aws.serving.container import ContainerError
from local_aws.serving.process import Container, InvocationTimeoutError, Reply, UnreachableError
from local_aws.serving.routing import Target
from local_aws.serving.shared import Shared
from local_aws.training.storage import split_uri

LOAD_SECONDS = 60.0
_ALREADY_LOADED = 409
_OUT_OF_MEMORY = 507
_NO_SUCH_ROUTE = (404, 405)
_MICROSECONDS = 1_000_000

Write = Callable[[Target, dict[str, float]], None]


@dataclass
class _Loaded:
    """The models of one container, the one that was asked for last at the end."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    names: OrderedDict[str, None] = field(default_factory=OrderedDict)
    process: int = 0


class ModelCache:
    """Knows which models each container has loaded, and loads the others."""

    def __init__(self, s3_of: Callable[[str], Any], write: Write) -> None:
        self._s3_of = s3_of
        self._write = write
        self._lock = threading.Lock()
        self._loaded: dict[Path, _Loaded] = {}

    def path(self, shared: Shared, container: Container, target: Target, name: str) -> str:
        """Return the path by which a model is invoked, once it is loaded.

        Raises:
            AwsError: there is no such model, or the container does not take it.
            UnreachableError: the container is gone.
        """
        with self._lock:
            loaded = self._loaded.setdefault(shared.scratch, _Loaded())
        handle = hashlib.sha256(name.encode()).hexdigest()[:32]
        with loaded.lock:
            if loaded.process != id(container):
                # A container that was started anew has loaded nothing.
                loaded.names.clear()
                loaded.process = id(container)
            is_hit = handle in loaded.names
            if is_hit:
                loaded.names.move_to_end(handle)
            else:
                self._load(shared, container, loaded, target, name, handle)
            count = len(loaded.names)
        values = {"ModelCacheHit": float(is_hit), "LoadedModelCount": float(count)}
        self._write(target, values)
        return f"/models/{handle}/invoke"

    def _load(
        self,
        shared: Shared,
        container: Container,
        loaded: _Loaded,
        target: Target,
        name: str,
        handle: str,
    ) -> None:
        started = time.perf_counter()
        folder = shared.scratch / "models" / handle
        if not folder.exists():
            self._download(shared, target, name, folder)
        downloaded = time.perf_counter()
        body = json.dumps({"model_name": handle, "url": str(folder)}).encode()
        reply = _ask(container, "POST", "/models", body)
        while reply.status == _OUT_OF_MEMORY and loaded.names:
            oldest, _ = loaded.names.popitem(last=False)
            _ask(container, "DELETE", f"/models/{oldest}")
            reply = _ask(container, "POST", "/models", body)
        if reply.status in _NO_SUCH_ROUTE:
            raise answers.not_done("has an image without the routes of a multi-model container")
        if not 200 <= reply.status < 300 and reply.status != _ALREADY_LOADED:
            raise answers.model_error(
                reply.status,
                reply.body.decode(errors="replace"),
                region=target.region,
                account=target.account,
                endpoint=target.endpoint,
                stream=target.place.stream,
            )
        loaded.names[handle] = None
        times = {
            "ModelDownloadingTime": downloaded - started,
            "ModelLoadingTime": time.perf_counter() - downloaded,
            "ModelLoadingWaitTime": time.perf_counter() - started,
        }
        self._write(target, {key: each * _MICROSECONDS for key, each in times.items()})

    def _download(self, shared: Shared, target: Target, name: str, folder: Path) -> None:
        bucket, prefix = split_uri(shared.key.spec.artifact)
        key = prefix.rstrip("/") + "/" + name if prefix else name
        archive = shared.scratch / f"{folder.name}.tar.gz"
        try:
            self._s3_of(target.region).download_file(bucket, key, str(archive))
            unpack(archive, f"s3://{bucket}/{key}", folder)
        except (ClientError, BotoCoreError, OSError, ContainerError) as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise answers.invalid(
                f"Failed to download model data(bucket: {bucket}, key: {key}). Please ensure that "
                "there is an object located at the URL and that the role passed to CreateModel "
                "has permissions to download the model."
            ) from error
        finally:
            archive.unlink(missing_ok=True)


def _ask(container: Container, method: str, path: str, body: bytes = b"") -> Reply:
    try:
        return container.request(
            method, path, body, {"Content-Type": "application/json"}, LOAD_SECONDS
        )
    except InvocationTimeoutError as error:
        raise UnreachableError("a model was not loaded in time") from error
