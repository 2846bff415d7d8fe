"""Studio apps: their last use, their time-out, and what cannot be read."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.unit.audit.canned_aws import ARN, NOW, START, Canned, CannedClients, error, pages
from thriftline.audit.aws.collectors.notebooks import collect_studio_apps
from thriftline.audit.aws.collectors.reading import Collected
from thriftline.audit.domain.facts import ResourceKind, Unread
from thriftline.audit.domain.resources.notebooks import StudioApp


def app(name: str, **fields: Any) -> dict[str, Any]:
    return {
        "DomainId": "d-1",
        "SpaceName": "team",
        "AppType": "JupyterLab",
        "AppName": name,
        "Status": "InService",
        **fields,
    }


def described_app(request: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **request,
        "AppArn": f"{ARN}:app/d-1/team/JupyterLab/{request['AppName']}",
        "Status": "InService",
        "CreationTime": START,
        "LastUserActivityTimestamp": NOW,
        "ResourceSpec": {"InstanceType": "ml.t3.medium"},
    }


def idle(minutes: int | None, **more: Any) -> dict[str, Any]:
    settings = {"IdleTimeoutInMinutes": minutes, **more} if minutes else {}
    return {"JupyterLabAppSettings": {"AppLifecycleManagement": {"IdleSettings": settings}}}


def apps_of(**answers: Canned) -> Collected[StudioApp]:
    return collect_studio_apps(
        CannedClients(
            {
                "ListApps": pages("Apps", [app("a"), app("b"), app("gone", Status="Deleted")]),
                "DescribeApp": described_app,
                "DescribeSpace": [{"SpaceSettings": idle(None)}],
                "DescribeDomain": [{"DefaultUserSettings": idle(90)}],
                "ListTags": [{"Tags": [{"Key": "team", "Value": "search"}]}],
                **answers,
            }
        )
    )


def test_apps_that_are_gone_are_none_and_the_others_tell_their_last_use() -> None:
    found = apps_of()
    assert found.unread == ()
    assert [one.name for one in found.found] == ["a", "b"]
    first = found.found[0]
    assert (first.owner, first.owner_is_space, first.instance_type) == (
        *("team", True, "ml.t3.medium"),
    )
    assert first.last_user_activity == NOW
    assert first.tags == (("team", "search"),)


@pytest.mark.parametrize(
    ("space", "domain", "minutes"),
    [
        (idle(60), idle(90, LifecycleManagement="ENABLED"), 60),
        (idle(None), idle(90, LifecycleManagement="ENABLED"), 90),
        (idle(None), idle(90, LifecycleManagement="DISABLED"), None),
    ],
)
def test_the_idle_time_of_a_space_comes_before_that_of_its_domain(
    space: Any, domain: Any, minutes: int | None
) -> None:
    found = apps_of(
        DescribeSpace=[{"SpaceSettings": space}], DescribeDomain=[{"DefaultUserSettings": domain}]
    )
    assert {one.idle_timeout_minutes for one in found.found} == {minutes}


@pytest.mark.parametrize("operation", ["DescribeSpace", "DescribeDomain"])
def test_an_idle_time_that_cannot_be_read_is_unread(operation: str) -> None:
    found = apps_of(**{operation: [error("AccessDeniedException")]})
    assert found.found[0].idle_timeout_minutes == Unread(
        operation, "AccessDeniedException: made to fail"
    )


def test_an_app_that_cannot_be_described_is_told_and_the_rest_is_known() -> None:
    def answer(request: Mapping[str, Any]) -> Mapping[str, Any]:
        return error("ThrottlingException") if request["AppName"] == "a" else described_app(request)

    found = apps_of(DescribeApp=answer)
    assert [one.name for one in found.found] == ["b"]
    assert [(one.kind, one.resource) for one in found.unread] == [(ResourceKind.STUDIO_APP, "a")]
