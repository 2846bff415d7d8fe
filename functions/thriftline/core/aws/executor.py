"""Makes the calls that change something, and remembers each; its dry run only remembers."""

from collections.abc import Mapping
from typing import Any, Protocol

from botocore import xform_name
from botocore.exceptions import ClientError

from thriftline.core.aws.buckets import Bucket
from thriftline.core.aws.clients import translated
from thriftline.core.aws.missing import is_missing
from thriftline.core.aws.requests import plain
from thriftline.core.aws.target_clients import TargetClients
from thriftline.core.errors import AwsRequestError, ThriftlineError
from thriftline.core.recorded_calls import RecordedCall


class PlannedCall(Protocol):
    """A call that somebody has put together."""

    @property
    def service(self) -> str:
        """The service by boto3's name."""

    @property
    def operation(self) -> str:
        """The call by AWS's name."""

    @property
    def parameters(self) -> Mapping[str, Any]:
        """What it is given."""


class Executor:
    """The one way in which an action changes anything: the target, or the artifacts bucket.

    With ``dry_run`` the same code runs and ``calls`` says what it would have done.
    """

    def __init__(self, clients: TargetClients, artifacts: Bucket, *, dry_run: bool = False) -> None:
        self._clients = clients
        self._artifacts = artifacts
        self.dry_run = dry_run
        self.calls: list[RecordedCall] = []

    def call(self, service: str, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Makes one call in the target, and returns its answer (an empty one in a dry run).

        Raises:
            ThrottledError, ServiceUnavailableError, QuotaExceededError, AccessDeniedError,
            AwsRequestError: it was not taken; the record says so.
        """
        if self.dry_run:
            self._remember(service, operation, parameters)
            return {}
        try:
            with translated(f"{service}:{operation}"):
                client = self._clients.client(service)
                answer: dict[str, Any] = getattr(client, xform_name(operation))(**parameters)
        except ThriftlineError as error:
            self._remember(service, operation, parameters, str(error))
            raise
        self._remember(service, operation, parameters)
        return answer

    def call_if_there(self, service: str, operation: str, parameters: Mapping[str, Any]) -> None:
        """Makes a call that takes something away, which somebody else may have done already.

        Raises:
            ThriftlineError: as ``call`` does, but for what is not there any more.
        """
        try:
            self.call(service, operation, parameters)
        except AwsRequestError as error:
            cause = error.__cause__
            if not isinstance(cause, ClientError) or not is_missing(cause):
                raise

    def make(self, call: PlannedCall) -> dict[str, Any]:
        """Makes a call that a plan or the domain has put together."""
        return self.call(call.service, call.operation, call.parameters)

    def save(self, key: str, document: str) -> str:
        """Writes a document into the artifacts bucket, reads it back, and returns its URI.

        Raises:
            ThriftlineError: it could not be written, or what was read is not what was written.
        """
        if not self.dry_run:
            self._artifacts.write_json(key, document)
            self._artifacts.check(key, document.encode())
        self._remember("s3", "PutObject", {"Bucket": self._artifacts.name, "Key": key})
        return self._artifacts.uri(key)

    def remove(self, key: str) -> None:
        """Deletes one document of the artifacts bucket."""
        if not self.dry_run:
            self._artifacts.delete(key)
        self._remember("s3", "DeleteObject", {"Bucket": self._artifacts.name, "Key": key})

    def _remember(
        self, service: str, operation: str, parameters: Mapping[str, Any], error: str | None = None
    ) -> None:
        self.calls.append(
            RecordedCall(
                service=service, operation=operation, parameters=plain(parameters), error=error
            )
        )
