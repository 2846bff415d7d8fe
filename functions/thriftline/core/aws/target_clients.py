"""Clients for one account and region, which may be another account's through its role."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from thriftline.core.aws.clients import ORDINARY, client, translated

if TYPE_CHECKING:
    from boto3.session import Session

# Many calls at once share AWS's limits: adaptive mode slows all of them down together.
COLLECTING = Config(
    retries={"mode": "adaptive", "total_max_attempts": 9},
    max_pool_connections=32,
    connect_timeout=5,
    read_timeout=60,
    user_agent_extra="thriftline-audit/0.1.0",
)
# Functions that act have minutes, and their machines try again.
ACTING = COLLECTING.merge(
    Config(
        retries={"mode": "adaptive", "total_max_attempts": 5},
        connect_timeout=3,
        read_timeout=15,
    )
)
_SESSION_SECONDS = 3600


class TargetClients:
    """Makes the clients of one account and region, each once; they may be shared by threads.

    Without a ``role_arn`` they are this account's own. ``config`` says how long they try.
    """

    def __init__(self, region: str, role_arn: str | None = None, config: Config = ORDINARY) -> None:
        self.region = region
        self._config = config
        self._role_arn = role_arn
        self._clients: dict[str, Any] = {}

    def client(self, service: str, config: Config | None = None) -> Any:
        """Returns the client of a service.

        Raises:
            AccessDeniedError: the role may not be assumed, or is not there.
        """
        if service not in self._clients:
            self._clients[service] = self._session.client(
                service,
                region_name=self.region,
                config=self._config.merge(config) if config else self._config,
            )
        return self._clients[service]

    @cached_property
    def _session(self) -> "Session":
        if self._role_arn is None:
            return boto3.Session()
        with translated(f"assuming {self._role_arn}"):
            answer = client("sts").assume_role(
                RoleArn=self._role_arn,
                RoleSessionName="thriftline-audit",
                DurationSeconds=_SESSION_SECONDS,
            )
        given = answer["Credentials"]
        return boto3.Session(
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
        )
