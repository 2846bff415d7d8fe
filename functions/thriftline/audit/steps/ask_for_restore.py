"""Asks for an endpoint to be brought back, from the one saved copy that is meant."""

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime

from thriftline.audit.schemas.shown import ShownRestoreAct
from thriftline.audit.schemas.steps import RestoreEndpointRequest, RestoreEndpointResponse
from thriftline.audit.steps.list_restores import SavedCopy, copies
from thriftline.core.aws.buckets import Bucket
from thriftline.core.aws.functions import Functions
from thriftline.core.aws.machines import ListedExecution, Machines
from thriftline.core.causes import read_cause
from thriftline.core.dataclass import dataclass
from thriftline.core.kept import UPDATE, reading

NAMES = "restore-"
_ID = re.compile(rf"{NAMES}[0-9a-f]{{12}}-[0-9a-f]{{12}}")


@dataclass(frozen=True)
class RestoringSite:
    """Where endpoints are brought back; without a machine the stack may not."""

    artifacts: Bucket
    functions: Functions
    machines: Machines
    function: str | None
    machine_arn: str | None

    def running(self) -> Sequence[str]:
        """Returns the names of the restores that are under way."""
        return () if self.machine_arn is None else self.machines.running(self.machine_arn)


@dataclass(frozen=True)
class WantedCopy:
    """What is said of the endpoint; what is None is left open."""

    endpoint: str
    account: str | None = None
    region: str | None = None
    created: datetime | None = None


class SeveralCopiesError(ValueError):
    """Endpoints of several places have the name; the message names the places."""


def find_copy(wanted: WantedCopy, site: RestoringSite) -> SavedCopy | None:
    """Returns the saved copy that is meant, the last life of an endpoint; None without one.

    Raises:
        SeveralCopiesError: several accounts or regions have a copy of the name.
    """
    found = [
        one
        for one in copies(site.artifacts, wanted.endpoint)
        if wanted.account in (None, one.account)
        and wanted.region in (None, one.region)
        and wanted.created in (None, one.created)
    ]
    places = sorted({f"{one.account}/{one.region}" for one in found})
    if len(places) > 1:
        raise SeveralCopiesError(
            f"{wanted.endpoint} was saved in {', '.join(places)}: say which account and region."
        )
    return max(found, key=lambda one: one.created, default=None)


def is_being_restored(copy: SavedCopy, site: RestoringSite) -> bool:
    """Whether a restore of this copy is under way."""
    return any(name.startswith(f"{NAMES}{copy.digest}-") for name in site.running())


def preview_restore(copy: SavedCopy, site: RestoringSite, function: str) -> RestoreEndpointResponse:
    """Returns what a restore would do; nothing is changed."""
    answer = site.functions.call(function, _request(copy, dry_run=True).model_dump(mode="json"))
    return RestoreEndpointResponse.model_validate(answer)


def begin_restore(copy: SavedCopy, site: RestoringSite, machine_arn: str, token: str) -> str:
    """Starts the machine; returns the restore's id. The same token is the same restore."""
    digest = hashlib.sha256(token.encode()).hexdigest()[:12]
    name = f"{NAMES}{copy.digest}-{digest}"
    given = _request(copy, dry_run=False).model_dump(mode="json", exclude={"dry_run"})
    site.machines.start(machine_arn, name, given)
    return name


def find_restore(own: str, site: RestoringSite, machine_arn: str) -> ListedExecution | None:
    """Returns the execution of a restore, None where there was none of this id."""
    return site.machines.find(machine_arn, own) if _ID.fullmatch(own) else None


def show_restore(own: str, found: ListedExecution) -> ShownRestoreAct:
    """Returns how a restore stands or ended, by its execution.

    Raises:
        UnreadableDocumentError: another version asked for it, or ended it, in another form.
    """
    outcome, reason = "restoring", ""
    if found.status not in ("RUNNING", "SUCCEEDED"):
        cause = read_cause(found.error or found.status, found.cause or "")
        outcome, reason = "failed", cause.message
    with reading(f"The restore {own}", UPDATE):
        if found.status == "SUCCEEDED":
            outcome = found.answered["outcome"]
        return ShownRestoreAct.model_validate(
            {
                **{name: found.asked[name] for name in ("endpoint", "account", "region")},
                "id": own,
                "outcome": outcome,
                "reason": reason,
                "saved_uri": found.answered.get("saved_uri"),
                "steps": found.answered.get("steps", ()),
            }
        )


def copy_of(own: str, site: RestoringSite) -> SavedCopy | None:
    """Returns the saved copy that a restore is made of, None where it is gone."""
    digest = own.removeprefix(NAMES).partition("-")[0]
    return next((one for one in copies(site.artifacts) if one.digest == digest), None)


def _request(copy: SavedCopy, *, dry_run: bool) -> RestoreEndpointRequest:
    return RestoreEndpointRequest(
        endpoint=copy.endpoint,
        account=copy.account,
        region=copy.region,
        created=copy.created,
        dry_run=dry_run,
    )
