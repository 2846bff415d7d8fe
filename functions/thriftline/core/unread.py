"""What a list holds and this version cannot read: it is named, and never hides the rest."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from pydantic import Field

from thriftline.core.dataclass import dataclass
from thriftline.core.errors import UnreadableDocumentError
from thriftline.core.kept_project import project_of
from thriftline.core.observability import logger
from thriftline.core.payload import Payload

Read = TypeVar("Read")


class Unreadable(Payload):
    """Something of which this version cannot read all, or nothing."""

    id: str
    problem: str
    fix: str


UNREADABLE: Any = Field(
    description="What this version cannot read of the list, of projects that the caller may see; "
    "an endpoint of which some can be read is among the items, too."
)


@dataclass(frozen=True)
class Unread:
    """Something that was not read; ``project`` is None where that cannot be read either."""

    id: str
    project: str | None
    error: UnreadableDocumentError


def read_each(
    items: Iterable[Mapping[str, Any]],
    read: Callable[[Mapping[str, Any]], Read],
    id_of: Callable[[Mapping[str, Any]], str],
) -> tuple[list[Read], list[Unread]]:
    """Returns what can be read of items, in their order, and what cannot.

    Args:
        items: of a table; ``project`` is the attribute that says who may see one.
        read: raises UnreadableDocumentError for what it does not know.
        id_of: names an item by its keys, which every item has.
    """
    found: list[Read] = []
    unread: list[Unread] = []
    for item in items:
        try:
            found.append(read(item))
        except UnreadableDocumentError as error:
            unread.append(Unread(id_of(item), project_of(item), error))
    return found, unread


def log_unread(unread: Iterable[Unread]) -> None:
    """Says in the log what was not read, and why."""
    for one in unread:
        logger.warning("a kept document was not read", id=one.id, reason=str(one.error))


def shown(
    unread: Iterable[Unread], allowed: Callable[[str], bool] | None = None
) -> tuple[Unreadable, ...]:
    """Returns those of projects that are ``allowed``; the log has all of them.

    Where the project cannot be read, nobody is known to be allowed. Without ``allowed``, whoever
    asks may see each.
    """
    listed = tuple(unread)
    log_unread(listed)
    return tuple(
        Unreadable(id=one.id, problem=one.error.problem, fix=one.error.fix)
        for one in listed
        if allowed is None or (one.project is not None and allowed(one.project))
    )
