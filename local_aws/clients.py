"""boto3 clients of the embedded AWS, made once each and shared between threads."""

import threading
from typing import Any

import boto3
from botocore.config import Config

# They open nothing; every client needs some.
ACCESS_KEY = "local"
SECRET_KEY = "local"

# Lambdas may take 15 minutes; a retry would invoke them twice.
_CONFIG = Config(
    connect_timeout=10,
    read_timeout=1000,
    retries={"total_max_attempts": 1},
    max_pool_connections=64,
    parameter_validation=False,
)


class Clients:
    """Clients for one endpoint; the endpoint is known only when the server listens."""

    def __init__(self, endpoint: str, region: str) -> None:
        self.endpoint = endpoint
        self.region = region
        self._lock = threading.Lock()
        self._session = boto3.Session(
            region_name=region, aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY
        )
        self._clients: dict[tuple[str, str], Any] = {}

    def get(self, service: str, region: str | None = None) -> Any:
        """Return the client for `service`."""
        key = (service, region or self.region)
        # Making a client is not thread-safe in boto3; using one is.
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._session.client(
                    service, region_name=key[1], endpoint_url=self.endpoint, config=_CONFIG
                )
            return self._clients[key]
