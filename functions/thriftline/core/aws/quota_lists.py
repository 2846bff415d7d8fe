"""Service Quotas' lists, read for so long and no longer: a quota that is not found is not known.

A list has thousands of rows in pages of a hundred, and a plan must not wait for all of them.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_service_quotas import ServiceQuotasClient

# Of the minute that Plan run has.
MOST_SECONDS = 20.0
ACCOUNTS_OWN, DEFAULTS = "list_service_quotas", "list_aws_default_service_quotas"
Quota = Mapping[str, Any]


class QuotaLists:
    """The two lists of one service: what the account has been given, and what is by default.

    ``clock`` counts seconds. All that is read within ``most_seconds`` of the first page is used.
    """

    def __init__(
        self,
        client: "ServiceQuotasClient",
        service: str,
        clock: Callable[[], float] = time.monotonic,
        most_seconds: float = MOST_SECONDS,
    ) -> None:
        self._client = client
        self._service = service
        self._clock = clock
        self._most_seconds = most_seconds
        self._ends_at: float | None = None

    def quotas(self, lists: Sequence[str]) -> Iterator[Quota]:
        """Yields the quotas with a value, list by list; a list that cannot be read ends early."""
        for name in lists:
            try:
                yield from self._listed(name)
            except (BotoCoreError, ClientError):
                continue

    def _listed(self, name: str) -> Iterator[Quota]:
        if self._is_late():
            return
        pages: Any = self._client.get_paginator(cast("Any", name))
        for page in pages.paginate(ServiceCode=self._service, PaginationConfig={"PageSize": 100}):
            yield from (quota for quota in page["Quotas"] if "Value" in quota)
            if self._is_late():
                return

    def _is_late(self) -> bool:
        now = self._clock()
        if self._ends_at is None:
            self._ends_at = now + self._most_seconds
        return now >= self._ends_at
