"""EMR Serverless, put together: its calls, and the events of what changes."""

from collections.abc import Callable, Mapping
from typing import Any

from local_aws.clock import Clock
from local_aws.http.own_calls import Operation
from local_aws.services.emr_serverless_applications import EmrServerlessApplications
from local_aws.services.emr_serverless_runs import EmrServerlessRuns
from local_aws.services.emr_serverless_store import Application, EmrServerlessStore
from local_aws.services.places import Places

# Account, region, detail type, detail.
Announce = Callable[[str, str, str, Mapping[str, Any]], None]
_APPLICATION = "EMR Serverless Application State Change"


class EmrServerless:
    """The service; `announce` sends an event, and nothing does before it is connected."""

    def __init__(self, clock: Clock) -> None:
        self.stores = Places(EmrServerlessStore)
        self.announce: Announce = lambda *_: None
        self._applications = EmrServerlessApplications(
            self.stores, clock.service_time, self._announce_application
        )
        self.runs = EmrServerlessRuns(self.stores, clock.service_time)

    def operations(self) -> dict[str, Operation]:
        """Return the calls by name."""
        return self._applications.operations() | self.runs.operations()

    def _announce_application(self, application: Application, before: str) -> None:
        region, account = application.arn.split(":")[3:5]
        detail = {
            "applicationId": application.id,
            "applicationName": application.given.get("name", ""),
            "arn": application.arn,
            "releaseLabel": application.given["releaseLabel"],
            "state": application.state,
            "previousState": before,
            "createdAt": application.created_at.isoformat(),
            "updatedAt": application.updated_at.isoformat(),
            "autoStartConfig": str(application.given["autoStartConfiguration"]["enabled"]).lower(),
            "autoStopConfig": application.given["autoStopConfiguration"],
        }
        self.announce(account, region, _APPLICATION, detail)
