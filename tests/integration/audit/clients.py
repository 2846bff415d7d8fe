"""Clients of the embedded AWS as collectors get them, but with no patience."""

from typing import Any

from botocore.config import Config

from thriftline.audit.aws.target_clients import TargetClients

# Retries are botocore's; what comes after them is ours.
ONCE = Config(retries={"mode": "standard", "total_max_attempts": 1}, read_timeout=5)


class OnceClients(TargetClients):
    """Clients that take the first answer for the last one."""

    def client(self, service: str, config: Config | None = None) -> Any:
        return super().client(service, ONCE.merge(config) if config else ONCE)
