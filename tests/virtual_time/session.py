"""boto3's session on the virtual clock: every client hands its calls to the world of the moment."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, tzinfo
from functools import cache
from typing import Any, Protocol

import botocore.session

import thriftline.core.aws.clients as clients
import thriftline.runs.steps.look_at_raw as look_at_raw
import thriftline.runs.trainers.bedrock.asking as bedrock_asking
import thriftline.runs.trainers.bedrock.trainer as bedrock_trainer
import thriftline.runs.trainers.sagemaker.trainer as sagemaker_trainer
import thriftline.wiring.shared as shared
from local_aws.hooks import Hooks


class Answering(Protocol):
    """A world: it has a time, and answers calls."""

    @property
    def now(self) -> datetime: ...

    def call(self, service: str, method: str, arguments: dict[str, Any]) -> Any:
        """Answers a call as the service does."""


class _Moment:
    """Which world answers now: adapters keep their clients, and worlds come and go."""

    world: Answering | None = None


def answering() -> Answering:
    """The world of the moment."""
    assert _Moment.world is not None
    return _Moment.world


class _Pages:
    def __init__(self, client: "_Client", method: str) -> None:
        self._client, self._method = client, method

    def paginate(self, **arguments: Any) -> Iterator[Any]:
        arguments.pop("PaginationConfig", None)
        yield answering().call(self._client.service, self._method, arguments)


class _Client:
    def __init__(self, service: str, config: Any = None) -> None:
        self.service, self._config = service, config

    def __getattr__(self, method: str) -> Any:
        if method.startswith("_"):
            raise AttributeError(method)

        def call(**arguments: Any) -> Any:
            return answering().call(self.service, method, arguments)

        setattr(self, method, call)
        return call

    def get_paginator(self, method: str) -> _Pages:
        return _Pages(self, method)

    def upload_fileobj(self, source: Any, bucket: str, key: str) -> None:
        # Read once: a call that is made again sends the same.
        arguments = {"Bucket": bucket, "Key": key, "Body": source.read()}
        answering().call("s3", "put_object", arguments)

    def download_fileobj(self, bucket: str, key: str, target: Any) -> None:
        arguments = {"Bucket": bucket, "Key": key}
        answering().call("s3", "head_object", arguments)
        target.write(answering().call("s3", "get_object", arguments)["Body"].read())

    @property
    def meta(self) -> Any:
        return _Meta(self.service, self._config)


class _Meta:
    def __init__(self, service: str, config: Any) -> None:
        self.service_model, self.config = _model(service), config
        self.events = _Events()


class _Events:
    """Of requests on their way, which are none: a world answers a call at once."""

    def register_first(self, name: str, handler: Any) -> None:
        assert name == "before-send", name


@cache
def _model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


class _Session:
    @cache  # noqa: B019 - one session lives as long as the process
    def client(self, service: str, config: Any = None) -> _Client:
        return _Client(service, config)


class _VirtualDatetime(datetime):
    """``datetime`` whose ``now`` is the world's."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return answering().now.astimezone(tz)


class _VirtualTime:
    """``time`` whose seconds are the world's."""

    @staticmethod
    def monotonic() -> float:
        return answering().now.timestamp()


class _OneAfterTheOther:
    """A pool without threads: only one thread may run in virtual time."""

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def __enter__(self) -> "_OneAfterTheOther":
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is left to wait for."""

    def map(self, act: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
        return [act(one) for one in items]


@contextmanager
def virtual_session() -> Iterator[type[_Moment]]:
    """Lets the functions' wiring make its clients here, and read the virtual time."""
    hooks = Hooks()
    session = _Session()
    hooks.replace(clients, "_session", lambda: session)
    hooks.replace(shared, "datetime", _VirtualDatetime)
    for trainer in (sagemaker_trainer, bedrock_trainer):
        hooks.replace(trainer, "datetime", _VirtualDatetime)
    hooks.replace(bedrock_trainer, "time", _VirtualTime)
    for one in (bedrock_asking, look_at_raw):
        hooks.replace(one, "ThreadPoolExecutor", _OneAfterTheOther)
    _forget()
    try:
        yield _Moment
    finally:
        hooks.undo()
        _forget()


def _forget() -> None:
    """Lets every adapter be made anew, with the clients of whoever asks next."""
    import sys

    for name, module in list(sys.modules.items()):
        if name.startswith("thriftline.wiring.") or name == "thriftline.core.aws.clients":
            for value in list(vars(module).values()):
                if hasattr(value, "cache_clear"):
                    value.cache_clear()
