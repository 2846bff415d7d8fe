"""Clients of the embedded AWS as collectors get them, but with no patience."""

from typing import Any

from boto3.session import Session
from botocore.config import Config

from tests.integration.roles.signed import key_of
from thriftline.core.aws.target_clients import COLLECTING, TargetClients

# Retries are botocore's; what comes after them is ours.
ONCE = Config(retries={"mode": "standard", "total_max_attempts": 1}, read_timeout=5)


class OnceClients(TargetClients):
    """Clients that take the first answer for the last one; ``calls`` has what was asked.

    With ``functions`` they sign as these do, and what they ask is held against their roles.
    """

    def __init__(
        self, region: str, role_arn: str | None = None, *, functions: tuple[str, ...] = ()
    ) -> None:
        super().__init__(region, role_arn, COLLECTING)
        if functions:
            key = key_of(*functions)
            self._session = Session(aws_access_key_id=key, aws_secret_access_key=key)
        self.calls: set[tuple[str, str]] = set()

    def client(self, service: str, config: Config | None = None) -> Any:
        made = super().client(service, ONCE.merge(config) if config else ONCE)
        # A client is made once, and a handler of the same id is kept once.
        made.meta.events.register("before-call", self._remember, unique_id="remember")
        return made

    def _remember(self, model: Any, **_: Any) -> None:
        self.calls.add((model.service_model.service_name, model.name))
