"""Volumes of notebooks and Studio spaces: costed, and found when nothing runs on them."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from tests.unit.audit.accounts import days_ago, inventory
from tests.unit.audit.canned_aws import CannedClients, error
from thriftline.audit.aws.collectors.studio_spaces import collect_studio_spaces
from thriftline.audit.domain.audit import audit
from thriftline.audit.domain.facts import ResourceKind, UnreadResource
from thriftline.audit.domain.findings import Confidence, Finding
from thriftline.audit.domain.parameters import AuditParameters
from thriftline.audit.domain.resources.notebooks import Notebook, StudioApp, StudioSpace
from thriftline.money.price_catalogue import price_catalogue

# The region whose rate of volumes is in the list.
PRICED = "us-east-1"
RATE = Decimal("0.14")


def _row(name: str, **fields: Any) -> dict[str, Any]:
    storage = {"EbsStorageSettings": {"EbsVolumeSizeInGb": 100}}
    return {
        "DomainId": "d-1",
        "SpaceName": name,
        "Status": "InService",
        "CreationTime": days_ago(90),
        "LastModifiedTime": days_ago(60),
        "SpaceSettingsSummary": {"AppType": "JupyterLab", "SpaceStorageSettings": storage},
        "OwnershipSettingsSummary": {"OwnerUserProfileName": "ada"},
        **fields,
    }


def _space(name: str = "files", **fields: Any) -> StudioSpace:
    space = StudioSpace(
        domain_id="d-1",
        name=name,
        owner="ada",
        status="InService",
        volume_gib=100,
        created=days_ago(90),
        last_modified=days_ago(60),
    )
    return replace(space, **fields)


def _notebook(name: str, **fields: Any) -> Notebook:
    notebook = Notebook(
        name=name,
        arn=f"arn:aws:sagemaker:{PRICED}:123456789012:notebook-instance/{name}",
        status="Stopped",
        instance_type="ml.m5.large",
        volume_gib=50,
        created=days_ago(90),
        last_modified=days_ago(60),
        lifecycle_config=None,
        tags=(("team", "search"),),
    )
    return replace(notebook, **fields)


def _app(space: str) -> StudioApp:
    return StudioApp(
        domain_id="d-1",
        owner=space,
        owner_is_space=True,
        app_type="JupyterLab",
        name="default",
        arn="arn:aws:sagemaker:us-east-1:123456789012:app/d-1/files/JupyterLab/default",
        status="InService",
        instance_type="ml.m5.large",
        created=days_ago(1),
        last_user_activity=None,
        last_health_check=None,
        idle_timeout_minutes=None,
        tags=(),
    )


def _found(rule: str, **facts: Any) -> list[Finding]:
    told = audit(inventory(**{"region": PRICED, **facts}), price_catalogue(), AuditParameters())
    return [one for one in told.findings if one.rule == rule]


def test_all_pages_are_listed_and_a_space_that_is_being_deleted_is_left_out() -> None:
    pages: list[dict[str, Any]] = [
        {"Spaces": [_row("files"), _row("gone", Status="Deleting")], "NextToken": "2"},
        {"Spaces": [_row("none", SpaceSettingsSummary={"AppType": "CodeEditor"})]},
    ]
    found = collect_studio_spaces(CannedClients({"ListSpaces": pages}))
    assert found.unread == ()
    assert [(one.key, one.volume_gib, one.owner) for one in found.found] == [
        ("d-1/files", 100, "ada"),
        ("d-1/none", None, "ada"),
    ]


def test_a_refused_list_is_unknown_and_not_empty() -> None:
    found = collect_studio_spaces(CannedClients({"ListSpaces": [error("AccessDeniedException")]}))
    assert [(one.kind, one.resource) for one in found.unread] == [(ResourceKind.STUDIO_SPACE, "*")]


def test_a_volume_costs_its_size_for_the_window_whether_anything_runs_or_not() -> None:
    told = audit(
        inventory(
            region=PRICED,
            notebooks=(_notebook("still"), _notebook("busy", status="InService")),
            studio_spaces=(_space(), _space("none", volume_gib=None)),
        ),
        price_catalogue(),
        AuditParameters(),
    )
    month = Decimal(30 * 24) / Decimal(730)
    costs = {one.resource: one.usd for one in told.costs}
    assert costs["still (volume)"] == costs["busy (volume)"] == 50 * RATE * month
    assert costs["d-1/files"] == 100 * RATE * month
    assert "d-1/none" not in costs


def test_where_the_list_has_no_rate_a_volume_has_no_price_and_no_upper_bound() -> None:
    told = audit(
        inventory(region="eu-north-1", studio_spaces=(_space(),)),
        price_catalogue(),
        AuditParameters(),
    )
    (cost,) = [one for one in told.costs if one.kind is ResourceKind.STUDIO_SPACE]
    assert (cost.usd, cost.basis) == (
        None,
        "720.0 h of a volume of 100 GiB, which has no price here",
    )


def test_the_volume_of_a_notebook_that_stays_stopped_is_found() -> None:
    some = (
        _notebook("old"),
        _notebook("fresh", last_modified=days_ago(3)),
        _notebook("busy", status="InService"),
    )
    (finding,) = _found("ml.sagemaker.notebook.stopped-volume", notebooks=some)
    assert (finding.resource, finding.monthly_usd) == ("old", 50 * RATE)
    assert finding.confidence is Confidence.LOW


def test_a_space_without_an_app_is_found_and_one_with_an_app_is_not() -> None:
    spaces = (_space(), _space("busy"), _space("fresh", last_modified=days_ago(3)))
    facts: dict[str, Any] = {"studio_spaces": spaces, "studio_apps": (_app("busy"),)}
    (finding,) = _found("ml.sagemaker.studio-space.unused", **facts)
    assert (finding.resource, finding.monthly_usd) == ("d-1/files", 100 * RATE)


def test_with_apps_that_could_not_be_listed_no_space_is_called_unused() -> None:
    gap = UnreadResource(ResourceKind.STUDIO_APP, "*", "ListApps", "denied")
    facts: dict[str, Any] = {"studio_spaces": (_space(),), "unread": (gap,)}
    assert _found("ml.sagemaker.studio-space.unused", **facts) == []
