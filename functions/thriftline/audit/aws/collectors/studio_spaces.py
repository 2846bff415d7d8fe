"""Studio spaces: one list says all that an audit asks of them."""

from typing import Any

from thriftline.audit.aws.collectors.reading import Answer, Collected, list_all
from thriftline.audit.domain.facts import ResourceKind
from thriftline.audit.domain.resources.notebooks import StudioSpace
from thriftline.core.aws.target_clients import TargetClients

_PAGE = 100
_GONE = "Deleting"


def collect_studio_spaces(clients: TargetClients) -> Collected[StudioSpace]:
    """Returns the spaces that there are, of all domains."""
    client = clients.client("sagemaker")
    listed = list_all(client, "ListSpaces", "Spaces", MaxResults=_PAGE)
    found = (_space(row) for row in listed.rows if row.get("Status") != _GONE)
    return Collected(tuple(found), tuple(listed.gap(ResourceKind.STUDIO_SPACE)))


def _space(row: Answer) -> StudioSpace:
    return StudioSpace(
        domain_id=row["DomainId"],
        name=row["SpaceName"],
        owner=(row.get("OwnershipSettingsSummary") or {}).get("OwnerUserProfileName"),
        status=row["Status"],
        volume_gib=_volume(row.get("SpaceSettingsSummary") or {}),
        created=row["CreationTime"],
        last_modified=row["LastModifiedTime"],
    )


def _volume(settings: Answer) -> int | None:
    storage: Any = (settings.get("SpaceStorageSettings") or {}).get("EbsStorageSettings") or {}
    size: int | None = storage.get("EbsVolumeSizeInGb")
    return size
