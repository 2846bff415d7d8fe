"""Notebook instances and Studio apps."""

from collections.abc import Mapping
from typing import Any

from thriftline.audit.aws.collectors.reading import (
    Answer,
    Collected,
    attempt_existing,
    describe_all,
    in_threads,
    list_all,
    one_of,
)
from thriftline.audit.aws.collectors.tags import read_bulk_tags, read_sagemaker_tags
from thriftline.audit.domain.facts import Fact, ResourceKind, Tags, Unread
from thriftline.audit.domain.resources.notebooks import Notebook, StudioApp
from thriftline.core.aws.target_clients import TargetClients

_PAGE = 100
_GONE = ("Deleted", "Deleting", "Failed")
# Where the settings of a space or domain keep the idle time-out of each type of app.
_SETTINGS = {"JupyterLab": "JupyterLabAppSettings", "CodeEditor": "CodeEditorAppSettings"}


def collect_notebooks(clients: TargetClients) -> Collected[Notebook]:
    """Returns all notebook instances."""
    client = clients.client("sagemaker")
    kind = ResourceKind.NOTEBOOK
    listed = list_all(client, "ListNotebookInstances", "NotebookInstances", MaxResults=_PAGE)
    unread = list(listed.gap(kind))
    names = [row["NotebookInstanceName"] for row in listed.rows]
    if not names:
        return Collected((), tuple(unread))
    tags = read_bulk_tags(clients, "sagemaker:notebook-instance")
    answers, lost = describe_all(kind, names, lambda one: _describe(client, one))
    found = (_notebook(answer, tags.of(answer["NotebookInstanceArn"])) for answer in answers)
    return Collected(tuple(found), (*unread, *lost))


def _describe(client: Any, name: str) -> Fact[Answer | None]:
    return attempt_existing(
        "DescribeNotebookInstance",
        lambda: client.describe_notebook_instance(NotebookInstanceName=name),
    )


def _notebook(answer: Answer, tags: Fact[Tags]) -> Notebook:
    return Notebook(
        name=answer["NotebookInstanceName"],
        arn=answer["NotebookInstanceArn"],
        status=answer["NotebookInstanceStatus"],
        instance_type=answer["InstanceType"],
        volume_gib=answer.get("VolumeSizeInGB"),
        created=answer["CreationTime"],
        last_modified=answer["LastModifiedTime"],
        lifecycle_config=answer.get("NotebookInstanceLifecycleConfigName"),
        tags=tags,
    )


def collect_studio_apps(clients: TargetClients) -> Collected[StudioApp]:
    """Returns the apps that there are, of all domains."""
    client = clients.client("sagemaker")
    kind = ResourceKind.STUDIO_APP
    listed = list_all(client, "ListApps", "Apps", MaxResults=_PAGE)
    unread = list(listed.gap(kind))
    rows = [row for row in listed.rows if row.get("Status") not in _GONE]
    if not rows:
        return Collected((), tuple(unread))
    found = []
    for row, answer in zip(rows, in_threads(lambda one: _app(client, one), rows), strict=True):
        if isinstance(answer, Unread):
            unread.append(one_of(kind, row["AppName"], answer))
        elif answer is not None:
            found.append(answer)
    return Collected(tuple(found), tuple(unread))


def _app(client: Any, row: Answer) -> Fact[StudioApp | None]:
    """Returns one app with what its space or domain says of idle time."""
    space = row.get("SpaceName")
    owner = {"SpaceName": space} if space else {"UserProfileName": row.get("UserProfileName", "")}
    answer = attempt_existing(
        "DescribeApp",
        lambda: client.describe_app(
            DomainId=row["DomainId"], AppType=row["AppType"], AppName=row["AppName"], **owner
        ),
    )
    if answer is None or isinstance(answer, Unread):
        return answer
    return StudioApp(
        domain_id=answer["DomainId"],
        owner=next(iter(owner.values())),
        owner_is_space=space is not None,
        app_type=answer["AppType"],
        name=answer["AppName"],
        arn=answer["AppArn"],
        status=answer["Status"],
        instance_type=(answer.get("ResourceSpec") or {}).get("InstanceType"),
        created=answer["CreationTime"],
        last_user_activity=answer.get("LastUserActivityTimestamp"),
        last_health_check=answer.get("LastHealthCheckTimestamp"),
        idle_timeout_minutes=_idle_timeout(client, row),
        tags=read_sagemaker_tags(client, answer["AppArn"]),
    )


def _idle_timeout(client: Any, row: Answer) -> Fact[int | None]:
    """Returns after how many idle minutes Studio ends an app; the space's word comes first."""
    member = _SETTINGS.get(row["AppType"])
    if member is None:
        return None
    domain, space = row["DomainId"], row.get("SpaceName")
    if space:
        described = attempt_existing(
            "DescribeSpace", lambda: client.describe_space(DomainId=domain, SpaceName=space)
        )
        if isinstance(described, Unread):
            return described
        minutes = _minutes((described or {}).get("SpaceSettings"), member)
        if minutes is not None:
            return minutes
    described = attempt_existing("DescribeDomain", lambda: client.describe_domain(DomainId=domain))
    if isinstance(described, Unread):
        return described
    return _enabled_minutes((described or {}).get("DefaultUserSettings"), member)


def _settings(settings: Any, member: str) -> Mapping[str, Any]:
    app = (settings or {}).get(member) or {}
    found: Mapping[str, Any] = (app.get("AppLifecycleManagement") or {}).get("IdleSettings") or {}
    return found


def _minutes(settings: Any, member: str) -> int | None:
    minutes: int | None = _settings(settings, member).get("IdleTimeoutInMinutes")
    return minutes


def _enabled_minutes(settings: Any, member: str) -> int | None:
    """Returns the domain's time-out, which holds only while it is switched on."""
    if _settings(settings, member).get("LifecycleManagement") != "ENABLED":
        return None
    return _minutes(settings, member)
