"""Lists the endpoints that were ended and can be brought back, and what became of them."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from thriftline.audit.domain.costs import HOURS_A_MONTH
from thriftline.audit.domain.layout import SAVED_ENDPOINTS, restore_records_prefix
from thriftline.audit.schemas.shown import RestorePage, ShownRestore
from thriftline.core.aws.buckets import Bucket, StoredObject
from thriftline.core.dataclass import dataclass
from thriftline.core.kept import UPDATE, reading
from thriftline.core.tags import PROJECT_TAG
from thriftline.money.prices import PriceCatalogue

_AT_ONCE = 8
_STAMP = "%Y%m%dT%H%M%S%f"


@dataclass(frozen=True)
class SavedCopy:
    """Where a saved life of an endpoint lies."""

    key: str
    account: str
    region: str
    endpoint: str
    created: datetime
    saved_at: datetime | None

    @property
    def digest(self) -> str:
        """Names its restore, in an execution's name too."""
        return hashlib.sha256(self.key.encode()).hexdigest()[:12]


def copies(
    artifacts: Bucket, endpoint: str | None = None, after: str | None = None
) -> Iterator[SavedCopy]:
    """Yields the saved copies, all or of one name, by account, region, name and creation."""
    start = None if after is None else f"{SAVED_ENDPOINTS}{after}"
    for stored in artifacts.list(SAVED_ENDPOINTS, after=start):
        found = _copy(stored)
        if found is not None and endpoint in (None, found.endpoint):
            yield found


def _copy(stored: StoredObject) -> SavedCopy | None:
    parts = stored.key.removeprefix(SAVED_ENDPOINTS).split("/")
    if len(parts) != 4:
        return None
    account, region, name, document = parts
    try:
        created = datetime.strptime(document.removesuffix(".json"), _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None
    key = stored.key.removeprefix(SAVED_ENDPOINTS)
    return SavedCopy(key, account, region, name, created, stored.modified)


def project_of(copy: SavedCopy, artifacts: Bucket) -> str | None:
    """Returns the project whose endpoint it was, by its tag."""
    return _project(_saved(copy, artifacts))


def _saved(copy: SavedCopy, artifacts: Bucket) -> dict[str, Any]:
    key = f"{SAVED_ENDPOINTS}{copy.key}"
    body = artifacts.read(key)
    with reading(artifacts.uri(key), UPDATE):
        saved = {} if body is None else dict(json.loads(body) or {})
        # All that is read of it later, while it can still be named.
        _project(saved)
        _variants(saved)
        return saved


def _variants(saved: Any) -> list[tuple[str | None, int | None]]:
    config = (saved.get("config") or {}).get("description") or {}
    return [
        (one.get("InstanceType"), one.get("InitialInstanceCount"))
        for one in config.get("ProductionVariants") or []
    ]


def _project(saved: Any) -> str | None:
    project = ((saved.get("endpoint") or {}).get("tags") or {}).get(PROJECT_TAG)
    return str(project) if project else None


def list_restores(
    artifacts: Bucket,
    running: Callable[[], Sequence[str]],
    *,
    endpoint: str | None,
    limit: int,
    after: str | None,
    prices: PriceCatalogue,
    allowed: Callable[[str], bool],
) -> RestorePage:
    """Returns some saved copies, but for those of projects that are not ``allowed``.

    ``running`` are the names of the restores that are under way.
    """
    found: list[SavedCopy] = []
    for one in copies(artifacts, endpoint, after):
        found.append(one)
        if len(found) > limit:
            break
    chosen = found[:limit]
    at_work = {name.split("-")[1] for name in running() if name.count("-") > 1} if chosen else set()
    with ThreadPoolExecutor(_AT_ONCE) as readers:
        times = readers.map(lambda one: _restored_at(one, artifacts), chosen)
        documents = readers.map(lambda one: _saved(one, artifacts), chosen)
    items = tuple(
        _shown(one, when, saved, at_work, prices)
        for one, when, saved in zip(chosen, times, documents, strict=True)
        if (project := _project(saved)) is None or allowed(project)
    )
    return RestorePage(items=items, last=chosen[-1].key if len(found) > limit else None)


def _restored_at(copy: SavedCopy, artifacts: Bucket) -> datetime | None:
    """Returns when a life was last brought back; restores write one record each."""
    prefix = restore_records_prefix(copy.account, copy.region, copy.endpoint)
    found: datetime | None = None
    for stored in artifacts.list(prefix):
        body = artifacts.read(stored.key)
        with reading(artifacts.uri(stored.key), UPDATE):
            record: Any = {} if body is None else json.loads(body) or {}
            if datetime.fromisoformat(record["created"]) == copy.created:
                found = datetime.fromisoformat(record["restored"])
    return found


def _usd_per_hour(region: str, saved: Any, prices: PriceCatalogue) -> Decimal | None:
    """Returns what its instances cost an hour; None where one of them has no rate."""
    variants = _variants(saved)
    if not variants:
        return None
    total = Decimal(0)
    for name, count in variants:
        price = prices.hosting_rate(name, region) if name else None
        if price is None or count is None:
            return None
        total += price.most_usd * count
    return total


def _shown(
    copy: SavedCopy,
    restored_at: datetime | None,
    saved: Any,
    at_work: set[str],
    prices: PriceCatalogue,
) -> ShownRestore:
    usd = _usd_per_hour(copy.region, saved, prices)
    state: Any = "saved" if restored_at is None else "restored"
    if copy.digest in at_work:
        state = "restoring"
    return ShownRestore(
        key=copy.key,
        endpoint=copy.endpoint,
        project=_project(saved),
        account=copy.account,
        region=copy.region,
        created=copy.created,
        saved_at=copy.saved_at.astimezone(UTC) if copy.saved_at else None,
        state=state,
        restored_at=restored_at,
        usd_per_hour=usd,
        month_usd=None if usd is None else usd * HOURS_A_MONTH,
    )
