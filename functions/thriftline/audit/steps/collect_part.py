"""Reads some kinds of resources of one account and region."""

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from typing import Any

from thriftline.audit.aws.collectors.reading import Collected, attempt, whole_kind
from thriftline.audit.domain.assembling import InventoryPlace, count_of, fragment
from thriftline.audit.domain.facts import Unread, UnreadResource
from thriftline.audit.domain.inventory import Inventory
from thriftline.audit.domain.layout import part_key
from thriftline.audit.domain.parts import Part
from thriftline.audit.domain.resource_kinds import KINDS, RESOURCE_SPECS, ResourceSpec
from thriftline.audit.schemas.inventory import encode_inventory
from thriftline.audit.schemas.settings import AuditSettings, Target
from thriftline.audit.schemas.steps import CollectRequest, CollectResponse
from thriftline.audit.steps.documents import read_settings
from thriftline.core.aws.buckets import Bucket
from thriftline.core.aws.target_clients import TargetClients
from thriftline.core.dataclass import dataclass

_COLLECTORS = "thriftline.audit.aws.collectors"


@dataclass(frozen=True)
class _CollectorContext:
    """Where, and as of when, a collector reads; specs name in ``asks`` what of it they need."""

    clients: TargetClients
    settings: AuditSettings
    target: Target
    runs_table: str | None
    endpoints_table: str | None

    def facts(self) -> Mapping[str, Any]:
        """Returns all that a collector may ask for beside its clients."""
        return {
            "account": self.target.account,
            "endpoints_table": self.endpoints_table,
            "is_home": self.target.is_home,
            "now": self.settings.started,
            "runs_table": self.runs_table,
            "window": self.settings.window,
            "window_start": self.settings.window.start,
        }


def collector_of(spec: ResourceSpec) -> Callable[..., Collected[Any]]:
    """Returns the function that reads a kind of resource; only its module is imported."""
    module, _, function = spec.collector.partition(":")
    found: Callable[..., Collected[Any]] = getattr(
        import_module(f"{_COLLECTORS}.{module}"), function
    )
    return found


def collect_part(
    request: CollectRequest,
    *,
    artifacts: Bucket,
    clients: TargetClients,
    runs_table: str | None = None,
    endpoints_table: str | None = None,
) -> CollectResponse:
    """Writes what exists of the part's kinds, and what of them could not be read.

    No error of AWS fails it: what it stands in the way of is unknown. The tables are
    the stack's own, for the account and region in which the stack lies.

    Raises:
        AwsRequestError: there is no such audit.
    """
    settings = read_settings(artifacts, request.audit_id)
    asked = _CollectorContext(clients, settings, request.target, runs_table, endpoints_table)
    found = _read(request.part, asked)
    key = part_key(request.audit_id, request.target.account, request.target.region, request.part)
    artifacts.write(key, encode_inventory(found), "application/json")
    return CollectResponse(resources=count_of(found), unread=len(found.unread))


def _read(part: Part, asked: _CollectorContext) -> Inventory:
    lists: dict[str, tuple[Any, ...]] = {}
    unread: list[UnreadResource] = []
    for spec in RESOURCE_SPECS:
        if spec.part is not part:
            continue
        # What collectors do not catch themselves is a role that may not be assumed.
        collected = attempt("AssumeRole", partial(_collect, spec, asked))
        if isinstance(collected, Unread):
            unread.append(whole_kind(spec.kind, collected))
        else:
            lists[spec.field] = collected.found
            unread += collected.unread
    settings, target = asked.settings, asked.target
    place = InventoryPlace(target.account, target.region, settings.started, settings.window)
    return fragment(place, KINDS[part], lists, unread)


def _collect(spec: ResourceSpec, asked: _CollectorContext) -> Collected[Any]:
    facts = asked.facts()
    return collector_of(spec)(asked.clients, **{name: facts[name] for name in spec.asks})
