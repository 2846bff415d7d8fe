"""Pages of lists, and the filters and orders that SageMaker's list calls share."""

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from local_aws.http.own_calls import AwsError, Request

Row = Mapping[str, Any]
Item = TypeVar("Item")


def encode_token(position: str) -> str:
    """Return an opaque token for a position in a list."""
    return base64.urlsafe_b64encode(position.encode()).decode()


def decode_token(token: str, code: str = "ValidationException") -> str:
    """Return the position that a token stands for.

    Raises:
        AwsError: the token was not given by us; `code` is the service's word for it.
    """
    try:
        return base64.urlsafe_b64decode(token.encode()).decode()
    except (binascii.Error, UnicodeError, ValueError) as error:
        raise AwsError(code, f"Invalid pagination token: {token}") from error


def page_of(
    rows: Sequence[Item], token: str | None, size: int, code: str = "ValidationException"
) -> tuple[list[Item], str | None]:
    """Return one page of `rows` and the token of the next one, if there is one."""
    start = 0
    if token:
        position = decode_token(token, code)
        if not position.isdecimal():
            raise AwsError(code, f"Invalid pagination token: {token}")
        start = int(position)
    end = start + size
    return list(rows[start:end]), encode_token(str(end)) if end < len(rows) else None


@dataclass(frozen=True)
class Listing:
    """How one of SageMaker's lists is made.

    Args:
        key: the member of the answer that holds the page.
        name: the member of a row that NameContains and SortBy=Name mean.
        status: the member that StatusEquals and SortBy=Status mean.
        order: the order where none is asked for.
        by: what is sorted by where nothing is asked for.
        page: how many rows a page has where no number is asked for.
    """

    key: str
    name: str
    status: str = ""
    order: str = "Descending"
    by: str = "CreationTime"
    page: int = 10

    def answer(self, rows: Iterable[Row], request: Request) -> dict[str, Any]:
        """Return the page that `request` asks for."""
        asked = request.parameters
        tests = [
            test(self, asked[name])
            for name, test in _FILTERS.items()
            if asked.get(name) is not None
        ]
        found = [row for row in rows if all(test(row) for test in tests)]
        by = str(asked.get("SortBy") or self.by)
        member = {"Name": self.name, "Status": self.status}.get(by, by)
        found.sort(
            key=lambda row: (row[member], row[self.name]),
            reverse=(asked.get("SortOrder") or self.order) == "Descending",
        )
        size = int(asked.get("MaxResults") or self.page)
        page, token = page_of(found, asked.get("NextToken"), size)
        return {self.key: page} | ({"NextToken": token} if token else {})


Test = Callable[[Row], bool]


def _after(member: str) -> Callable[[Listing, datetime], Test]:
    return lambda _, moment: lambda row: row[member] > moment


def _before(member: str) -> Callable[[Listing, datetime], Test]:
    return lambda _, moment: lambda row: row[member] < moment


def _contains(listing: Listing, text: str) -> Test:
    return lambda row: text.lower() in row[listing.name].lower()


def _status(listing: Listing, status: str) -> Test:
    return lambda row: row[listing.status] == status


_FILTERS: dict[str, Callable[[Listing, Any], Test]] = {
    "NameContains": _contains,
    "StatusEquals": _status,
    "CreationTimeAfter": _after("CreationTime"),
    "CreationTimeBefore": _before("CreationTime"),
    "LastModifiedTimeAfter": _after("LastModifiedTime"),
    "LastModifiedTimeBefore": _before("LastModifiedTime"),
}
