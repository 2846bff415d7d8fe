"""Calls of an API over HTTP, signed as any AWS client signs them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class SignedCalls:
    """Calls the API at `base` with somebody's keys; without keys nothing is signed."""

    base: str
    region: str
    credentials: Credentials | None

    def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        *,
        timeout: float = 60,
    ) -> Answer:
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body)
        content = (
            {} if body is None or isinstance(body, bytes) else {"Content-Type": "application/json"}
        )
        request = AWSRequest(
            method=method,
            url=f"{self.base}{path}",
            data=data,
            headers={**content, **(headers or {})},
        )
        if self.credentials is not None:
            SigV4Auth(self.credentials, "execute-api", self.region).add_auth(request)
        answer = urllib3.request(
            method,
            f"{self.base}{path}",
            body=data,
            headers=dict(request.headers),
            retries=False,
            timeout=timeout,
        )
        return Answer(answer.status, answer.headers, answer.data)


def credentials_of(key: Mapping[str, Any]) -> Credentials:
    """Return the credentials that IAM or STS answered."""
    return Credentials(key["AccessKeyId"], key["SecretAccessKey"], key.get("SessionToken"))
