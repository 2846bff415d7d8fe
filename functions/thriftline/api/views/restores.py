"""Endpoints that were ended and can be brought back."""

from thriftline.api.answers import Accepted
from thriftline.api.paging import next_token, start_of
from thriftline.api.problems import Fault, broken_rule, conflict, not_found
from thriftline.api.requests import Call
from thriftline.api.schemas.audits import (
    PreviewedRestore,
    RestoreAsk,
    RestoreList,
    RestoresAsk,
)
from thriftline.audit.schemas.shown import ShownRestoreAct
from thriftline.audit.steps.ask_for_restore import (
    RestoringSite,
    SeveralCopiesError,
    WantedCopy,
    begin_restore,
    copy_of,
    find_copy,
    find_restore,
    is_being_restored,
    preview_restore,
    show_restore,
)
from thriftline.audit.steps.list_restores import SavedCopy, project_of
from thriftline.audit.steps.list_restores import list_restores as listed
from thriftline.core.errors import UnreadableDocumentError
from thriftline.core.unread import Unread, log_unread
from thriftline.wiring import api_audit as wiring


def list_restores(call: Call, query: RestoresAsk) -> RestoreList:
    """Returns some saved copies, and which were brought back."""
    filters = {"list": "restores", "endpoint": query.endpoint}
    start = start_of(query.next_token, filters, ("after",))
    site = wiring.restoring_site()
    page = listed(
        site.artifacts,
        site.running,
        endpoint=query.endpoint,
        limit=query.limit,
        after=start["after"] if start else None,
        prices=wiring.prices(),
        allowed=call.may,
    )
    return RestoreList(
        items=page.items,
        unreadable=page.unreadable,
        next_token=next_token({"after": page.last} if page.last else None, filters),
    )


def start_restore(call: Call, body: RestoreAsk) -> Accepted | PreviewedRestore:
    """Brings an endpoint back, or says what that would do."""
    site = wiring.restoring_site()
    try:
        copy = find_copy(WantedCopy(**body.model_dump(exclude={"dry_run"})), site)
    except SeveralCopiesError as error:
        raise broken_rule(str(error), Fault("/account", "is not clear")) from None
    if copy is None:
        raise not_found(f"A saved copy of {body.endpoint}")
    _require(copy, f"A saved copy of {copy.endpoint}", call, site)
    if site.function is None or site.machine_arn is None:
        raise conflict("This stack ends no endpoint and restores none: its AuditMode is not act.")
    if body.dry_run:
        found = preview_restore(copy, site, site.function)
        return PreviewedRestore.model_validate(found.model_dump())
    if is_being_restored(copy, site):
        raise conflict(f"{copy.endpoint} is being restored already.")
    own = begin_restore(copy, site, site.machine_arn, call.token)
    return Accepted(id=own, kind="restore", href=f"/restores/{own}")


def get_restore(call: Call) -> ShownRestoreAct:
    """Returns how a restore stands, or how it ended."""
    site, own = wiring.restoring_site(), call.parameters["id"]
    found = find_restore(own, site, site.machine_arn) if site.machine_arn else None
    if found is None:
        raise not_found(f"The restore {own}")
    copy = copy_of(own, site)
    if copy is not None:
        _require(copy, f"The restore {own}", call, site)
    return show_restore(own, found)


def _require(copy: SavedCopy, what: str, call: Call, site: RestoringSite) -> None:
    """Checks that the caller may see a saved copy, before all else of it is read.

    Raises:
        Problem: 404 or 403 where its project is not the caller's; 404 where it cannot be known
            whose it is.
    """
    try:
        project = project_of(copy, site.artifacts)
    except UnreadableDocumentError as error:
        log_unread([Unread(copy.key, None, error)])
        raise not_found(what) from error
    if project is not None:
        call.require(project, what)
