"""Calls that may fail: what was read, or the error that stands in its place."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Generic, TypeVar

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError

from thriftline.audit.domain.facts import Fact, ResourceKind, Unread, UnreadResource
from thriftline.core.aws.clients import code_of
from thriftline.core.aws.missing import existing
from thriftline.core.dataclass import dataclass
from thriftline.core.errors import ThriftlineError

T = TypeVar("T")
Item = TypeVar("Item")
Answer = Mapping[str, Any]

# Of one client's 32 connections; AWS's own limits are far below.
WORKERS = 16


@dataclass(frozen=True, slots=True)
class Collected(Generic[T]):
    """Resources, and what of their kind could not be read."""

    found: tuple[T, ...]
    unread: tuple[UnreadResource, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """The rows of a list; ``unread`` is set when it broke off before its end."""

    rows: Sequence[Answer]
    unread: Unread | None

    def gap(self, kind: ResourceKind) -> tuple[UnreadResource, ...]:
        """Returns what a list that broke off leaves unknown of a kind."""
        return () if self.unread is None else (whole_kind(kind, self.unread),)


def whole_kind(kind: ResourceKind, why: Unread) -> UnreadResource:
    """Returns the note that a kind was not read to its end."""
    return UnreadResource(kind, "*", why.operation, why.error)


def one_of(kind: ResourceKind, resource: str, why: Unread) -> UnreadResource:
    """Returns the note that one resource was not read."""
    return UnreadResource(kind, resource, why.operation, why.error)


def error_text(error: Exception) -> str:
    """Returns code and message of an error, on one line."""
    if isinstance(error, ClientError):
        return f"{code_of(error)}: {error.response.get('Error', {}).get('Message', '')}"
    return f"{type(error).__name__}: {error}"


def attempt(operation: str, call: Callable[[], T]) -> Fact[T]:
    """Returns what a call returns, or its error."""
    try:
        return call()
    except (ClientError, BotoCoreError, ThriftlineError) as error:
        return Unread(operation, error_text(error))


def attempt_existing(operation: str, call: Callable[[], T]) -> Fact[T | None]:
    """Returns what a call returns, None when what it asks about is not there, or its error."""
    return attempt(operation, lambda: existing(call))


def list_all(client: Any, operation: str, key: str, **parameters: Any) -> Listed:
    """Returns the rows under ``key`` of all pages; ``operation`` is AWS's name of the call."""
    rows: list[Answer] = []

    def read() -> None:
        for page in client.get_paginator(xform_name(operation)).paginate(**parameters):
            rows.extend(page.get(key, ()))

    return Listed(rows, attempt(operation, read))


def in_threads(work: Callable[[Item], T], items: Iterable[Item]) -> list[T]:
    """Returns the results in the order of the items."""
    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(work, items))


def describe_all(
    kind: ResourceKind, names: Sequence[str], describe: Callable[[str], Fact[Answer | None]]
) -> tuple[list[Answer], list[UnreadResource]]:
    """Returns the answers of those that are still there, and what could not be described."""
    answers: list[Answer] = []
    unread: list[UnreadResource] = []
    for name, answer in zip(names, in_threads(describe, names), strict=True):
        if isinstance(answer, Unread):
            unread.append(one_of(kind, name, answer))
        elif answer is not None:
            answers.append(answer)
    return answers, unread
