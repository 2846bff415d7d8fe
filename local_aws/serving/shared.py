"""The containers that run, each shared by all fleets that need the same one.

On AWS each instance has a container of its own. Here one process answers for all instances of all
fleets that serve the same artifact: torch alone takes 300 MB and several seconds.
"""

import logging
import shutil
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local_aws.services.serving_port import READY, STARTING, Readiness, State
from local_aws.serving.artifacts import Artifact, fetch
from local_aws.serving.container import ContainerError, ContainerSpec
from local_aws.serving.logs import Tail
from local_aws.serving.process import Container, Starter, UnreachableError

LOG = logging.getLogger(__name__)

_LOOK_SECONDS = 0.05
# A container that ends again and again is left alone in the end.
_RESTARTS = 5
_CLOSE_SECONDS = 10.0
_CLOSING = "The embedded AWS is being taken down."


@dataclass(frozen=True)
class Key:
    """What makes two containers the same."""

    spec: ContainerSpec
    revision: str


@dataclass
class Shared:
    """One container, and how far it has come."""

    key: Key
    scratch: Path
    start_seconds: float
    tail: Tail = field(default_factory=Tail)
    readiness: Readiness = STARTING
    container: Container | None = None
    requests: int = 0
    idle_since: float | None = None
    restarts: int = 0


class SharedContainers:
    """Starts containers one after the other, starts anew what ended, ends what nobody needs."""

    def __init__(
        self,
        starter: Starter,
        s3: Callable[[], Any],
        scratch: Path,
        *,
        starts: int,
        idle_seconds: float,
    ) -> None:
        self._starter = starter
        self._s3 = s3
        self._scratch = scratch
        self._idle_seconds = idle_seconds
        self._starting = threading.Semaphore(starts)
        self._lock = threading.Lock()
        self._shared: dict[Key, Shared] = {}
        self._closing = threading.Event()
        self._threads: list[threading.Thread] = []

    def obtain(self, spec: ContainerSpec, artifact: Artifact, start_seconds: float) -> Shared:
        """Return the container of an artifact; a new one is started by a thread of its own."""
        key = Key(spec, artifact.revision)
        with self._lock:
            shared = self._shared.get(key)
            if shared is None or shared.readiness.state is State.FAILED:
                folder = self._scratch / uuid.uuid4().hex
                shared = self._shared[key] = Shared(key, folder, start_seconds)
                self._begin(shared, artifact)
            shared.idle_since = None
        return shared

    @contextmanager
    def using(self, shared: Shared) -> Iterator[Container]:
        """Keep a container alive for a request.

        Raises:
            UnreachableError: it does not run at this moment.
        """
        with self._lock:
            container = shared.container
            if container is None or shared.readiness.state is not State.READY:
                raise UnreachableError(shared.readiness.reason or "it is being started")
            shared.requests += 1
        try:
            yield container
        finally:
            with self._lock:
                shared.requests -= 1

    def settle(self, needed: set[Key], now: float) -> None:
        """Start anew what has ended by itself, and end what has been idle for long."""
        ended: list[Shared] = []
        with self._lock:
            for key, shared in list(self._shared.items()):
                if key in needed or shared.requests or shared.readiness.state is State.STARTING:
                    shared.idle_since = None
                    self._revive(shared)
                elif shared.idle_since is None:
                    shared.idle_since = now
                elif now - shared.idle_since >= self._idle_seconds:
                    ended.append(self._shared.pop(key))
        for shared in ended:
            self._in_thread(_close, shared)

    def running(self) -> list[Container]:
        """Return the containers that run."""
        with self._lock:
            return [each.container for each in self._shared.values() if each.container is not None]

    def close(self) -> None:
        """End all of them at once; one that is being started ends itself."""
        self._closing.set()
        with self._lock:
            left, self._shared = list(self._shared.values()), {}
        for shared in left:
            if shared.container is not None:
                shared.container.kill()
        for thread in self._threads:
            thread.join(_CLOSE_SECONDS)

    def _begin(self, shared: Shared, artifact: Artifact | None) -> None:
        shared.readiness = STARTING
        self._in_thread(self._start, shared, artifact)

    def _in_thread(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, name="serve", daemon=True)
        self._threads = [*(each for each in self._threads if each.is_alive()), thread]
        thread.start()

    def _revive(self, shared: Shared) -> None:
        container = shared.container
        if shared.readiness.state is not State.READY or container is None:
            return
        if container.poll() is None or shared.restarts >= _RESTARTS:
            return
        LOG.warning("a serving container ended with %s: it is started anew", container.poll())
        shared.restarts += 1
        self._begin(shared, None)

    def _start(self, shared: Shared, artifact: Artifact | None) -> None:
        try:
            with self._starting:
                if artifact is not None:
                    shared.scratch.mkdir(parents=True)
                    fetch(self._s3(), artifact, shared.scratch / "model", shared.scratch)
                self._run(shared)
            shared.readiness = READY
        except ContainerError as error:
            shared.readiness = Readiness(State.FAILED, str(error))
            _close(shared)
        except Exception:
            if not self._closing.is_set():
                LOG.exception("a serving container was not started")
            shared.readiness = Readiness(State.FAILED, "Request to service failed. Please retry.")
            _close(shared)

    def _run(self, shared: Shared) -> None:
        """Start the program and wait for its first 200 on `/ping`."""
        if self._closing.is_set():
            raise ContainerError(_CLOSING)
        if shared.container is not None:
            shared.container.reap()
        container = self._starter(shared.key.spec, shared.scratch, shared.tail.write)
        shared.container = container
        deadline = time.monotonic() + shared.start_seconds
        while not container.ready():
            if self._closing.is_set():
                container.kill()
                raise ContainerError(_CLOSING)
            if container.poll() is not None or time.monotonic() > deadline:
                raise ContainerError(
                    "The primary container did not pass the ping health check. Please check "
                    "CloudWatch logs for this endpoint."
                )
            self._closing.wait(_LOOK_SECONDS)


def _close(shared: Shared) -> None:
    container, shared.container = shared.container, None
    if container is not None:
        container.close()
    shutil.rmtree(shared.scratch, ignore_errors=True)
