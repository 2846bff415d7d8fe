"""Events to other systems."""

from typing import TYPE_CHECKING

from thriftline.core.aws.clients import translated
from thriftline.core.errors import AwsRequestError, ServiceUnavailableError, ThrottledError
from thriftline.core.events import Event

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

_WORTH_A_RETRY = {
    "ThrottlingException": ThrottledError,
    "InternalFailure": ServiceUnavailableError,
    "InternalException": ServiceUnavailableError,
}


class EventBus:
    """One EventBridge bus."""

    def __init__(self, client: "EventBridgeClient", name: str) -> None:
        self._client = client
        self._name = name

    def put(self, event: Event) -> None:
        """Puts one event.

        Raises:
            ThrottledError, ServiceUnavailableError, AwsRequestError: the bus did not take it.
        """
        detail_type = event.detail_type
        with translated(f"putting {detail_type} on {self._name}"):
            answer = self._client.put_events(
                Entries=[
                    {
                        "EventBusName": self._name,
                        "Source": event.SOURCE,
                        "DetailType": detail_type,
                        "Detail": event.model_dump_json(),
                    }
                ]
            )
        # PutEvents answers 200 even when it takes nothing.
        if answer["FailedEntryCount"]:
            entry = answer["Entries"][0]
            code = entry.get("ErrorCode", "")
            kind = _WORTH_A_RETRY.get(code, AwsRequestError)
            raise kind(
                f"putting {detail_type} on {self._name}: {code}: {entry.get('ErrorMessage', '')}"
            )
