"""EMR Serverless's applications: made, changed, started, stopped, deleted; and the tags."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from local_aws.http.error_answers import NOT_DONE
from local_aws.http.own_calls import AwsError, Operation, Request
from local_aws.services.emr_serverless_store import (
    Application,
    EmrServerlessStore,
    OnState,
    invalid,
    new_id,
    not_found,
)
from local_aws.services.pages import page_of
from local_aws.services.places import Places

_PAGE = 50
_MOST_TAGS = 200
_RUNS_ON = ("emr-7", "emr-spark-8")
# Kept and returned, since nothing here follows from them but what README says.
_DONE = frozenset(
    {
        "applicationId",
        "architecture",
        "autoStartConfiguration",
        "autoStopConfiguration",
        "clientToken",
        "diskEncryptionConfiguration",
        "imageConfiguration",
        "jobLevelCostAllocationConfiguration",
        "maximumCapacity",
        "monitoringConfiguration",
        "name",
        "networkConfiguration",
        "releaseLabel",
        "schedulerConfiguration",
        "tags",
        "type",
    }
)
_RANGES = {"maxConcurrentRuns": (1, 1000), "queueTimeoutMinutes": (15, 720)}


class EmrServerlessApplications:
    """The calls about applications and tags.

    Args:
        stores: what each account has.
        service_time: the clock by which an idle application stops.
        on_state: hears of every change of a state.
    """

    def __init__(
        self,
        stores: Places[EmrServerlessStore],
        service_time: Callable[[], datetime],
        on_state: OnState,
    ) -> None:
        self._stores = stores
        self._service_time = service_time
        self._on_state = on_state

    def operations(self) -> dict[str, Operation]:
        """Return the calls by name."""
        return {
            "CreateApplication": self._create,
            "DeleteApplication": self._delete,
            "GetApplication": self._get,
            "ListApplications": self._list,
            "ListTagsForResource": lambda request: {"tags": self._tags(request)},
            "StartApplication": self._start,
            "StopApplication": self._stop,
            "TagResource": self._tag,
            "UntagResource": self._untag,
            "UpdateApplication": self._update,
        }

    def _create(self, request: Request) -> Mapping[str, Any]:
        store = self._stores.of(request)
        _check(request)
        made = store.made_by("application", request.parameters)
        if made is None:
            application = self._make(request, store)
            store.keep_token("application", request.parameters, application.id)
        else:
            application = store.application(made)
        shown = {"applicationId": application.id, "arn": application.arn}
        name = application.given.get("name")
        return shown | ({"name": name} if name else {})

    def _make(self, request: Request, store: EmrServerlessStore) -> Application:
        if request["type"].upper() != "SPARK":
            raise not_done(f"Applications of the type {request['type']} are")
        if not request["releaseLabel"].startswith(_RUNS_ON):
            raise invalid(
                f"The release {request['releaseLabel']} is not supported: the embedded AWS has "
                f"those that begin with {' or '.join(_RUNS_ON)}."
            )
        identifier = new_id()
        given = {key: value for key, value in request.parameters.items() if key != "tags"}
        arn = store.application_arn(identifier)
        application = Application(
            {**given, "type": "Spark"}, identifier, arn, request.now, self._on_state
        )
        store.applications[identifier] = application
        store.tags[arn] = dict(request.get("tags", {}))
        # AWS takes some seconds.
        application.set_state("CREATED", request.now)
        return application

    def _find(self, request: Request) -> Application:
        application = self._stores.of(request).application(request["applicationId"])
        self._settle(application, request)
        return application

    def _settle(self, application: Application, request: Request) -> None:
        if not self._busy(application, request):
            application.stop_when_idle(request.now, self._service_time())

    def _busy(self, application: Application, request: Request) -> bool:
        return bool(self._stores.of(request).active_runs(application.id))

    def _get(self, request: Request) -> Mapping[str, Any]:
        application = self._find(request)
        tags = self._stores.of(request).tags.get(application.arn, {})
        return {"application": application.describe(tags)}

    def _list(self, request: Request) -> Mapping[str, Any]:
        # A list in the query comes as one text where it has one member.
        states = request.get("states", ())
        wanted = {states} if isinstance(states, str) else set(states)
        applications = list(self._stores.of(request).applications.values())
        for each in applications:
            self._settle(each, request)
        rows = [each.summary() for each in applications if not wanted or each.state in wanted]
        size = int(request.get("maxResults", _PAGE))
        page, token = page_of(rows, request.get("nextToken"), size)
        return {"applications": page} | ({"nextToken": token} if token else {})

    def _start(self, request: Request) -> None:
        application = self._find(request)
        if application.state not in ("CREATED", "STOPPED", "STARTED"):
            raise invalid(f"Application {application.id} is {application.state}.")
        if application.state != "STARTED":
            start(application, request.now, self._service_time())

    def _stop(self, request: Request) -> None:
        application = self._find(request)
        if self._busy(application, request):
            raise invalid(
                f"Application {application.id} has job runs that have not ended: cancel them first."
            )
        if application.state == "STARTED":
            application.set_state("STOPPING", request.now)
            application.set_state("STOPPED", request.now)

    def _delete(self, request: Request) -> None:
        application, store = self._find(request), self._stores.of(request)
        if application.state not in ("CREATED", "STOPPED"):
            raise invalid(
                f"Application {application.id} must be in one of the states CREATED and STOPPED to "
                f"be deleted; it is {application.state}."
            )
        application.set_state("TERMINATED", request.now)
        del store.applications[application.id]
        store.tags.pop(application.arn, None)

    def _update(self, request: Request) -> Mapping[str, Any]:
        application = self._find(request)
        _check(request)
        if application.state not in ("CREATED", "STOPPED"):
            raise invalid(
                f"Application {application.id} must be in one of the states CREATED and STOPPED to "
                f"be updated; it is {application.state}."
            )
        given = dict(request.parameters)
        del given["applicationId"]
        application.update(given, request.now)
        return self._get(request)

    # ---- Tags

    def _tags(self, request: Request) -> dict[str, str]:
        arn = request["resourceArn"]
        found = self._stores.of(request).tags.get(arn)
        if found is None:
            raise not_found(f"Resource {arn} does not exist.")
        return found

    def _tag(self, request: Request) -> None:
        tags = self._tags(request)
        given = request["tags"]
        if len({*tags, *given}) > _MOST_TAGS:
            raise invalid(f"A resource has at most {_MOST_TAGS} tags.")
        tags.update(given)

    def _untag(self, request: Request) -> None:
        tags, keys = self._tags(request), request["tagKeys"]
        for key in [keys] if isinstance(keys, str) else keys:
            tags.pop(key, None)


def start(application: Application, now: datetime, service_time: datetime) -> None:
    """Let an application start; it has no capacity of its own here, so at once."""
    application.set_state("STARTING", now)
    application.set_state("STARTED", now)
    application.idle_since = service_time


def not_done(what: str) -> AwsError:
    """Return the answer to what would change nothing here; `what` ends with is or are."""
    return AwsError(NOT_DONE, f"{what} not done by the embedded AWS.", 501)


def _check(request: Request) -> None:
    others = sorted(
        name
        for name, value in request.parameters.items()
        if name not in _DONE and value not in (None, {}, [])
    )
    if others:
        raise not_done(f"{', '.join(others)}: these are")
    scheduler = request.get("schedulerConfiguration", {})
    for name, (low, high) in _RANGES.items():
        value = scheduler.get(name)
        if value is not None and not low <= value <= high:
            raise invalid(f"{name} must be within {low} and {high}; it is {value}.")
