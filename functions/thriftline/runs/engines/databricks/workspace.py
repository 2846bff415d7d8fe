"""The REST API of a workspace: a service principal's token, and JSON both ways."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import urllib3
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from urllib3.exceptions import HTTPError

from thriftline.core.aws.secrets import Secret
from thriftline.core.dataclass import dataclass
from thriftline.core.errors import (
    AccessDeniedError,
    QuotaExceededError,
    ServiceUnavailableError,
    ThrottledError,
)
from thriftline.core.text import plain
from thriftline.runs.engines.databricks.credentials import Credentials, credentials_of
from thriftline.runs.engines.databricks.patience import PAUSE_SECONDS, patience, timeout

# One that has so little left is not used any more: a call with its retries takes longer.
_LEAST_LEFT = timedelta(minutes=2)
# An expired token is answered with either.
_UNAUTHORIZED = (401, 403)
# Of a start's 429: a limit of the workspace that only others' ends make room in, not of requests.
_FULL = frozenset({"RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"})
Json = dict[str, Any]


class Refused(Exception):
    """The workspace answered 4xx. ``code`` is its own word, such as ``INVALID_PARAMETER_VALUE``.

    It never leaves the engine, which knows what was asked for and what the refusal means.
    """

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(f"{code or status}: {text}")
        self.status = status
        self.code = code
        self.text = text


class _Token(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    access_token: str = Field(min_length=1, repr=False)
    expires_in: int = Field(gt=0)


class _Problem(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)

    error_code: str | None = None
    error: str | None = None
    message: str | None = None
    error_description: str | None = None


@dataclass(frozen=True)
class _Session:
    credentials: Credentials
    token: str
    renew_at: datetime


class Workspace:
    """Asks one workspace. The token is kept while the function is warm, and renewed in time."""

    def __init__(
        self,
        secret: Secret,
        now: Callable[[], datetime],
        timeout_seconds: float = 8,
        pause_seconds: float = PAUSE_SECONDS,
    ) -> None:
        self._secret = secret
        self._now = now
        self._pool = urllib3.PoolManager(
            timeout=timeout(timeout_seconds), retries=patience(pause_seconds)
        )
        self._session: _Session | None = None

    def get(self, path: str, **query: object) -> Json:
        """Returns what lies under a path.

        Raises:
            Refused: the workspace answered 4xx.
            AccessDeniedError, InvalidStackParameterError: the secret, or what it may do, is wrong.
            ThrottledError, ServiceUnavailableError: worth a retry.
        """
        return self._asked("GET", f"{path}?{urlencode(query)}" if query else path, None)

    def post(self, path: str, body: Mapping[str, Any], *, starts: bool = False) -> Json:
        """Asks for something; every such call of the engine may be repeated.

        Raises:
            As ``get``; and of a call that ``starts`` something,
            QuotaExceededError: the workspace runs no more now.
        """
        return self._asked("POST", path, body, starts=starts)

    @property
    def principal(self) -> str:
        """The id of the service principal that asks."""
        return self._open().credentials.client_id

    def _asked(
        self, method: str, path: str, body: Mapping[str, Any] | None, *, starts: bool = False
    ) -> Json:
        answer = self._sent(method, path, body)
        if answer.status in _UNAUTHORIZED:
            # The token or the secret was changed meanwhile: both are read again, once.
            self._session = None
            self._secret.forget()
            answer = self._sent(method, path, body)
        if answer.status >= 400:
            raise _problem(answer, f"{method} {path.partition('?')[0]}", starts=starts)
        return _document(answer)

    def _sent(
        self, method: str, path: str, body: Mapping[str, Any] | None
    ) -> urllib3.BaseHTTPResponse:
        session = self._open()
        return self._request(
            method,
            session.credentials.address + path,
            None if body is None else json.dumps(body).encode(),
            {"Authorization": f"Bearer {session.token}", "Content-Type": "application/json"},
        )

    def _open(self) -> _Session:
        if self._session is None or self._now() >= self._session.renew_at:
            self._session = None
            self._session = self._opened(credentials_of(self._secret))
        return self._session

    def _opened(self, credentials: Credentials) -> _Session:
        asked_at = self._now()
        answer = self._request(
            "POST",
            f"{credentials.address}/oidc/v1/token",
            urlencode({"grant_type": "client_credentials", "scope": "all-apis"}).encode(),
            {
                **urllib3.make_headers(
                    basic_auth=f"{credentials.client_id}:{credentials.client_secret}"
                ),
                "Content-Type": "application/x-www-form-urlencoded",
            },
        )
        if answer.status in (400, 401, 403):
            self._secret.forget()
            raise AccessDeniedError(
                "Databricks gives the service principal no token: "
                f"{_said(answer)}. Are client_id and client_secret in the secret that "
                "DatabricksSecretArn names still right?"
            )
        if answer.status >= 400:
            raise _problem(answer, "the token")
        try:
            given = _Token.model_validate(_document(answer))
        except ValidationError:
            raise ServiceUnavailableError(
                "Databricks answered something else than a token"
            ) from None
        kept = timedelta(seconds=given.expires_in)
        return _Session(
            credentials, given.access_token, asked_at + max(kept - _LEAST_LEFT, kept / 2)
        )

    def _request(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]
    ) -> urllib3.BaseHTTPResponse:
        try:
            return self._pool.request(
                method,
                url,
                body=body,
                headers={"Accept": "application/json", **headers},
                redirect=False,
            )
        except (HTTPError, OSError) as error:
            cause = getattr(error, "reason", None) or error
            raise ServiceUnavailableError(
                f"Databricks does not answer: {type(cause).__name__}"
            ) from error


def _document(answer: urllib3.BaseHTTPResponse) -> Json:
    try:
        found = json.loads(answer.data or b"{}")
    except ValueError:
        found = None
    if answer.status >= 300 or not isinstance(found, dict):
        raise ServiceUnavailableError(
            f"Databricks answered {answer.status} without JSON; is the host that of a workspace?"
        )
    return found


def _problem(answer: urllib3.BaseHTTPResponse, what: str, *, starts: bool = False) -> Exception:
    said = f"Databricks, {what}: {_said(answer)}"
    problem = _problem_of(answer)
    if answer.status == 429:
        # A look or a cancel is only early: as a quota it would end an attempt that still runs.
        is_full = starts and problem.error_code in _FULL
        return QuotaExceededError(said) if is_full else ThrottledError(said)
    if answer.status >= 500:
        return ServiceUnavailableError(said)
    if answer.status in _UNAUTHORIZED:
        return AccessDeniedError(f"{said}. May the service principal do this in the workspace?")
    return Refused(
        answer.status, problem.error_code or problem.error or "", plain(problem.message or "", 300)
    )


def _said(answer: urllib3.BaseHTTPResponse) -> str:
    problem = _problem_of(answer)
    words = (
        problem.error_code or problem.error or "",
        problem.message or problem.error_description or "",
    )
    return plain(": ".join(word for word in (str(answer.status), *words) if word), 300)


def _problem_of(answer: urllib3.BaseHTTPResponse) -> _Problem:
    try:
        return _Problem.model_validate_json(answer.data)
    except ValidationError:
        return _Problem(message=answer.data[:200].decode("utf-8", "replace"))
