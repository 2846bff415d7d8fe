"""What each account has in each region."""

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from local_aws.http.own_calls import Request

Store = TypeVar("Store")


class Places(Generic[Store]):
    """One store for each account and region, made when it is first asked for."""

    def __init__(self, make: Callable[[str, str], Store]) -> None:
        self._make = make
        self._stores: dict[tuple[str, str], Store] = {}

    def at(self, account: str, region: str) -> Store:
        """Return the store of `account` in `region`."""
        place = (account, region)
        if place not in self._stores:
            # Two requests may come here at once: the first store stays.
            self._stores.setdefault(place, self._make(account, region))
        return self._stores[place]

    def of(self, request: Request) -> Store:
        """Return the store that a request is about."""
        return self.at(request.account, request.region)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Return the accounts and regions that have a store."""
        return iter(list(self._stores))
