"""Reads some kinds of resources of one account and region."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from thriftline.audit.aws.collectors import bedrock, models, notebooks
from thriftline.audit.aws.collectors.buckets import collect_buckets
from thriftline.audit.aws.collectors.costs import collect_costs
from thriftline.audit.aws.collectors.endpoints import collect_endpoints
from thriftline.audit.aws.collectors.log_groups import collect_log_groups
from thriftline.audit.aws.collectors.processing_jobs import collect_processing_jobs
from thriftline.audit.aws.collectors.reading import Collected, attempt, whole_kind
from thriftline.audit.aws.collectors.training_jobs import collect_training_jobs
from thriftline.audit.aws.target_clients import TargetClients
from thriftline.audit.domain.assembling import Place, count_of, fragment
from thriftline.audit.domain.facts import ResourceKind, Unread, UnreadResource
from thriftline.audit.domain.inventory import Inventory
from thriftline.audit.domain.layout import part_key
from thriftline.audit.domain.parts import KINDS, Part
from thriftline.audit.schemas.inventory import encode_inventory
from thriftline.audit.schemas.settings import AuditSettings, Target
from thriftline.audit.schemas.steps import CollectRequest, CollectResponse
from thriftline.audit.steps.documents import read_settings
from thriftline.core.aws.buckets import Bucket

_CollectAll = Callable[[TargetClients], Collected[Any]]


@dataclass(frozen=True)
class _Asked:
    """Where, and as of when, a collector reads."""

    clients: TargetClients
    settings: AuditSettings
    target: Target


@dataclass(frozen=True)
class _Reader:
    """What fills one list of an inventory."""

    kind: ResourceKind
    list_name: str
    read: Callable[[_Asked], Collected[Any]]


def _everything(kind: ResourceKind, list_name: str, read: _CollectAll) -> _Reader:
    """Returns a reader that needs to be told nothing but the account and region."""
    return _Reader(kind, list_name, lambda asked: read(asked.clients))


def _training_jobs(asked: _Asked) -> Collected[Any]:
    return collect_training_jobs(asked.clients, asked.settings.window.start)


def _processing_jobs(asked: _Asked) -> Collected[Any]:
    return collect_processing_jobs(asked.clients, asked.settings.window.start)


def _buckets(asked: _Asked) -> Collected[Any]:
    return collect_buckets(asked.clients, asked.settings.started)


def _costs(asked: _Asked) -> Collected[Any]:
    target, window = asked.target, asked.settings.window
    return collect_costs(asked.clients, target.account, window, is_home=target.is_home)


_READERS: Mapping[Part, tuple[_Reader, ...]] = {
    Part.ENDPOINTS: (_everything(ResourceKind.ENDPOINT, "endpoints", collect_endpoints),),
    Part.MODELS: (
        _everything(ResourceKind.MODEL, "models", models.collect_models),
        _everything(ResourceKind.MODEL_PACKAGE, "model_packages", models.collect_model_packages),
    ),
    Part.JOBS: (
        _Reader(ResourceKind.TRAINING_JOB, "training_jobs", _training_jobs),
        _Reader(ResourceKind.PROCESSING_JOB, "processing_jobs", _processing_jobs),
    ),
    Part.NOTEBOOKS: (
        _everything(ResourceKind.NOTEBOOK, "notebooks", notebooks.collect_notebooks),
        _everything(ResourceKind.STUDIO_APP, "studio_apps", notebooks.collect_studio_apps),
    ),
    Part.BEDROCK: (
        _everything(ResourceKind.BEDROCK_MODEL, "bedrock.models", bedrock.collect_model_use),
        _everything(
            ResourceKind.PROVISIONED_THROUGHPUT,
            "bedrock.provisioned_throughputs",
            bedrock.collect_provisioned_throughputs,
        ),
        _everything(
            ResourceKind.CUSTOM_MODEL, "bedrock.custom_models", bedrock.collect_custom_models
        ),
        _everything(
            ResourceKind.CUSTOM_MODEL_DEPLOYMENT,
            "bedrock.deployments",
            bedrock.collect_deployments,
        ),
        _everything(
            ResourceKind.IMPORTED_MODEL,
            "bedrock.imported_models",
            bedrock.collect_imported_models,
        ),
    ),
    Part.BUCKETS: (_Reader(ResourceKind.BUCKET, "buckets", _buckets),),
    Part.LOG_GROUPS: (_everything(ResourceKind.LOG_GROUP, "log_groups", collect_log_groups),),
    Part.COSTS: (_Reader(ResourceKind.COST, "costs", _costs),),
}


def collect_part(
    request: CollectRequest, *, artifacts: Bucket, clients: TargetClients
) -> CollectResponse:
    """Writes what there is of the part's kinds, and what of them could not be read.

    No error of AWS fails it: what it stands in the way of is unknown.

    Raises:
        RuntimeError: there is no such audit.
    """
    settings = read_settings(artifacts, request.audit_id)
    asked = _Asked(clients, settings, request.target)
    found = _read(request.part, asked)
    key = part_key(request.audit_id, request.target.account, request.target.region, request.part)
    artifacts.write(key, encode_inventory(found), "application/json")
    return CollectResponse(resources=count_of(found), unread=len(found.unread))


def _read(part: Part, asked: _Asked) -> Inventory:
    lists: dict[str, tuple[Any, ...]] = {}
    unread: list[UnreadResource] = []
    for reader in _READERS[part]:
        # What collectors do not catch themselves is a role that may not be assumed.
        collected = attempt("AssumeRole", partial(reader.read, asked))
        if isinstance(collected, Unread):
            unread.append(whole_kind(reader.kind, collected))
        else:
            lists[reader.list_name] = collected.found
            unread += collected.unread
    settings, target = asked.settings, asked.target
    place = Place(target.account, target.region, settings.started, settings.window)
    return fragment(place, KINDS[part], lists, unread)
