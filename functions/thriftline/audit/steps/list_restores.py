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
from thriftline.core.errors import UnreadableDocumentError
from thriftline.core.kept import UPDATE, reading
from thriftline.core.tags import PROJECT_TAG
from thriftline.core.unread import Unread, shown
from thriftline.money.prices import PriceCatalogue

_AT_ONCE = 8
_Variant = tuple[str | None, int | None]
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
    """Returns the project whose endpoint it was, by its tag; all else of the copy is not judged.

    Raises:
        UnreadableDocumentError: it cannot be known whose it was.
    """
    key = f"{SAVED_ENDPOINTS}{copy.key}"
    body = artifacts.read(key)
    with reading(artifacts.uri(key), UPDATE):
        return _project({} if body is None else _document(body))


def _document(body: bytes) -> dict[str, Any]:
    return dict(json.loads(body) or {})


def _variants(saved: Any) -> list[_Variant]:
    """Returns type and number of the instances of each variant; None where none is said."""
    config = (saved.get("config") or {}).get("description") or {}
    return [
        (
            None if one.get("InstanceType") is None else str(one["InstanceType"]),
            None if one.get("InitialInstanceCount") is None else int(one["InitialInstanceCount"]),
        )
        for one in config.get("ProductionVariants") or []
    ]


def _project(saved: Any) -> str | None:
    project = ((saved.get("endpoint") or {}).get("tags") or {}).get(PROJECT_TAG)
    if project is None or isinstance(project, str):
        return project or None
    raise TypeError(f"the tag {PROJECT_TAG} is {project!r}")


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
        rows = list(readers.map(lambda one: _row(one, artifacts, at_work, prices), chosen))
    items = tuple(
        one
        for one in rows
        if isinstance(one, ShownRestore) and (one.project is None or allowed(one.project))
    )
    return RestorePage(
        items=items,
        unreadable=shown((one for one in rows if isinstance(one, Unread)), allowed),
        last=chosen[-1].key if len(found) > limit else None,
    )


def _row(
    copy: SavedCopy, artifacts: Bucket, at_work: set[str], prices: PriceCatalogue
) -> ShownRestore | Unread:
    key = f"{SAVED_ENDPOINTS}{copy.key}"
    body = artifacts.read(key)
    project: str | None = None
    try:
        with reading(artifacts.uri(key), UPDATE):
            saved = {} if body is None else _document(body)
            project = _project(saved)
            variants = _variants(saved)
        restored_at = _restored_at(copy, artifacts)
    except UnreadableDocumentError as error:
        return Unread(copy.key, project, error)
    usd = _usd_per_hour(copy.region, variants, prices)
    state: Any = "saved" if restored_at is None else "restored"
    if copy.digest in at_work:
        state = "restoring"
    return ShownRestore(
        key=copy.key,
        endpoint=copy.endpoint,
        project=project,
        account=copy.account,
        region=copy.region,
        created=copy.created,
        saved_at=copy.saved_at.astimezone(UTC) if copy.saved_at else None,
        state=state,
        restored_at=restored_at,
        usd_per_hour=usd,
        month_usd=None if usd is None else usd * HOURS_A_MONTH,
    )


def _restored_at(copy: SavedCopy, artifacts: Bucket) -> datetime | None:
    """Returns when a life was last brought back; restores write one record each."""
    prefix = restore_records_prefix(copy.account, copy.region, copy.endpoint)
    found: datetime | None = None
    for stored in artifacts.list(prefix):
        body = artifacts.read(stored.key)
        if body is None:
            continue
        with reading(artifacts.uri(stored.key), UPDATE):
            record: Any = json.loads(body)
            if datetime.fromisoformat(record["created"]) == copy.created:
                found = datetime.fromisoformat(record["restored"])
    return found


def _usd_per_hour(
    region: str, variants: Sequence[_Variant], prices: PriceCatalogue
) -> Decimal | None:
    """Returns what its instances cost an hour; None where one of them has no rate."""
    if not variants:
        return None
    total = Decimal(0)
    for name, count in variants:
        price = prices.hosting_rate(name, region) if name else None
        if price is None or count is None:
            return None
        total += price.most_usd * count
    return total
