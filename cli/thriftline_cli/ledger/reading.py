"""The ledger's documents, out of the stack's API: what the caller may not see is not in them."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from thriftline_cli.api.client import segment
from thriftline_cli.ledger.entries import Entry, of_deployment, of_restore, of_run, of_version

if TYPE_CHECKING:
    from thriftline_cli.api.client import Api


def read_entries(api: "Api", project: str | None, since: datetime | None) -> Iterator[Entry]:
    """Yields what was done in one project, or in all that the caller may see."""
    yield from _runs(api, project, since)
    yield from _versions(api, project)
    yield from _endpoints(api, project)


def _runs(api: "Api", project: str | None, since: datetime | None) -> Iterator[Entry]:
    for listed in api.items("/runs", project=project):
        # What has not ended may have been approved since, however long ago it began.
        if not _is_older(listed["ended_at"], since):
            yield from of_run(api.get(f"/runs/{segment(listed['run_id'])}"))


def _versions(api: "Api", project: str | None) -> Iterator[Entry]:
    for name in [project] if project else [one["project"] for one in api.items("/projects")]:
        for version in api.items(f"/projects/{segment(name)}/models"):
            yield from of_version(name, version)


def _endpoints(api: "Api", project: str | None) -> Iterator[Entry]:
    for endpoint in api.items("/endpoints"):
        if project in (None, endpoint["project"]):
            path = f"/endpoints/{segment(endpoint['endpoint'])}/deployments"
            for deployment in api.items(path):
                yield from of_deployment(deployment)
    for saved in api.items("/restores"):
        if project in (None, saved["project"]):
            yield from of_restore(saved)


def _is_older(moment: Any, since: datetime | None) -> bool:
    return since is not None and moment is not None and datetime.fromisoformat(moment) < since
