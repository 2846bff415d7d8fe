"""What an account has in EMR Serverless: applications with their runs, tags, clients' tokens."""

import secrets
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from local_aws.http.own_calls import AwsError
from local_aws.preparation.job_run import JobRun

_LETTERS = string.ascii_lowercase + string.digits
_IDLE_MINUTES = 15
_PER_DEFAULT: Mapping[str, Any] = {
    "architecture": "X86_64",
    "autoStartConfiguration": {"enabled": True},
    "autoStopConfiguration": {"enabled": True, "idleTimeoutMinutes": _IDLE_MINUTES},
    "schedulerConfiguration": {"maxConcurrentRuns": 15, "queueTimeoutMinutes": 360},
}

# Hears of an application whose state changed, and of the state before.
OnState = Callable[["Application", str], None]


def new_id() -> str:
    """Return an id in the form of the service's: it begins with two zeros."""
    return "00" + "".join(secrets.choice(_LETTERS) for _ in range(14))


def invalid(message: str) -> AwsError:
    """Return a ValidationException."""
    return AwsError("ValidationException", message, 400)


def conflict(message: str) -> AwsError:
    """Return a ConflictException."""
    return AwsError("ConflictException", message, 409)


def not_found(message: str) -> AwsError:
    """Return a ResourceNotFoundException."""
    return AwsError("ResourceNotFoundException", message, 404)


class Application:
    """An application: what it was created with, and its state."""

    def __init__(
        self, given: Mapping[str, Any], identifier: str, arn: str, now: datetime, on_state: OnState
    ) -> None:
        self.id = identifier
        self.arn = arn
        self.given: dict[str, Any] = {**_PER_DEFAULT, **given}
        for name in ("autoStopConfiguration", "schedulerConfiguration"):
            self.given[name] = {**_PER_DEFAULT[name], **(given.get(name) or {})}
        self.state = "CREATING"
        self.created_at = self.updated_at = now
        # When its last run ended, by the service time; None while one is active.
        self.idle_since: datetime | None = None
        self._on_state = on_state

    def set_state(self, state: str, now: datetime) -> None:
        """Pass into a state, and let it be known."""
        before, self.state, self.updated_at = self.state, state, now
        self._on_state(self, before)

    def update(self, given: Mapping[str, Any], now: datetime) -> None:
        """Change what it was created with."""
        self.given |= given
        self.updated_at = now

    @property
    def starts_itself(self) -> bool:
        """Whether a run starts it."""
        return bool(self.given["autoStartConfiguration"].get("enabled", True))

    @property
    def most_runs(self) -> int:
        """How many runs it has at once; the others wait in a queue."""
        return int(self.given["schedulerConfiguration"]["maxConcurrentRuns"])

    @property
    def queue_minutes(self) -> int:
        """How long a run waits in the queue."""
        return int(self.given["schedulerConfiguration"]["queueTimeoutMinutes"])

    def stop_when_idle(self, now: datetime, service_time: datetime) -> None:
        """Stop, if nothing has run for the time that it is kept, which is service time."""
        stop = self.given["autoStopConfiguration"]
        if self.state != "STARTED" or self.idle_since is None or not stop.get("enabled", True):
            return
        if service_time - self.idle_since >= timedelta(minutes=stop["idleTimeoutMinutes"]):
            self.set_state("STOPPING", now)
            self.set_state("STOPPED", now)

    def describe(self, tags: Mapping[str, str]) -> dict[str, Any]:
        """Return the answer of GetApplication."""
        return {
            **{key: value for key, value in self.given.items() if key != "clientToken"},
            "applicationId": self.id,
            "arn": self.arn,
            "state": self.state,
            "stateDetails": "",
            "createdAt": self.created_at,
            "updatedAt": self.updated_at,
            "tags": dict(tags),
        }

    def summary(self) -> dict[str, Any]:
        """Return its line in the answer of ListApplications."""
        shown = {key: self.given.get(key) for key in ("name", "releaseLabel", "type")}
        return {
            **shown,
            "architecture": self.given["architecture"],
            "id": self.id,
            "arn": self.arn,
            "state": self.state,
            "stateDetails": "",
            "createdAt": self.created_at,
            "updatedAt": self.updated_at,
        }


@dataclass
class EmrServerlessStore:
    """What one account has in one region.

    Args:
        tags: by ARN, of applications and runs.
        tokens: what a client's token made, and of which request: its kind and token, then both.
    """

    account: str
    region: str
    applications: dict[str, Application] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    tokens: dict[tuple[str, str], tuple[str, Mapping[str, Any]]] = field(default_factory=dict)
    runs: dict[str, JobRun] = field(default_factory=dict)

    def application_arn(self, identifier: str) -> str:
        """Return the ARN of an application."""
        return f"arn:aws:emr-serverless:{self.region}:{self.account}:/applications/{identifier}"

    def application(self, identifier: str) -> Application:
        """Return an application.

        Raises:
            AwsError: there is none, or it was deleted.
        """
        found = self.applications.get(identifier)
        if found is None:
            raise not_found(f"Application {identifier} does not exist.")
        return found

    def active_runs(self, application: str) -> list[JobRun]:
        """Return the runs of an application that have not ended, the oldest first."""
        return [
            each
            for each in list(self.runs.values())
            if each.application_id == application and each.is_active
        ]

    def made_by(self, kind: str, parameters: Mapping[str, Any]) -> str | None:
        """Return what an earlier request with this token made.

        Raises:
            AwsError: the earlier request was another one.
        """
        token = parameters["clientToken"]
        found = self.tokens.get((kind, token))
        if found is None:
            return None
        made, request = found
        if dict(request) != dict(parameters):
            raise conflict(
                f"The client token {token} was used before, with other parameters: an idempotent "
                "request has the same."
            )
        return made

    def keep_token(self, kind: str, parameters: Mapping[str, Any], made: str) -> None:
        """Remember what a request made."""
        self.tokens[kind, parameters["clientToken"]] = (made, dict(parameters))
